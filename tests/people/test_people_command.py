"""`tallylight people` against an embedded database of its own, and the link of a first start."""

import re
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.cli.keys import run
from app.cli.people import first_sign_in_url, page_url, people
from app.main import create_app
from app.service import Service
from app.settings import Settings

LINK = re.compile(r"^http://127\.0\.0\.1:8080/#/sign-in/(tli_[\w-]{43})\n$")


@pytest.mark.processes
def test_people_are_made_and_listed_from_the_shell(embedded_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a server: the command prints the link alone, which signs in; it is recorded as the shell's."""
    monkeypatch.setenv("TALLYLIGHT_DATA_DIR", str(embedded_folder))
    monkeypatch.delenv("TALLYLIGHT_DATABASE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    shell = CliRunner()
    made = shell.invoke(people, ["create", "林 小梅", "--role", "admin"])
    assert 0 == made.exit_code, made.output
    another = shell.invoke(people, ["link", "林 小梅"])
    tokens = [match.group(1) for match in map(LINK.match, (made.stdout, another.stdout)) if match is not None]
    assert 2 == len(set(tokens))
    listed = shell.invoke(people, ["list"]).stdout
    assert all(word in listed for word in ("林 小梅", "admin", "yes"))
    for arguments, says in (
        (["create", "x", "--role", "ingest"], "role: "),
        (["create", "x", "--role", "admin", "--brand", "b"], "an administrator cannot be bound to a brand"),
        (["link", "no one"], "0 people have this id or name"),
    ):
        refused = shell.invoke(people, arguments)
        assert (1, True) == (refused.exit_code, refused.stderr.startswith(says)), refused.stderr

    async def check(service: Service) -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(service)), base_url="http://t") as one:
            for token in tokens:
                assert 204 == (await one.post("/v1/sign-in", json={"token": token})).status_code
                assert "林 小梅" == (await one.get("/v1/me")).json()["name"]
        async with service.database.acquire() as connection:
            rows = await connection.fetch("SELECT principal_kind, action FROM audit_log ORDER BY at")
        actions = ["person.create", "sign_in_link.create", "device.create", "device.create"]
        assert actions == [row["action"] for row in rows]
        assert ["command", "command", "person", "person"] == [row["principal_kind"] for row in rows]

    run(check)


async def test_the_first_start_has_a_link_until_someone_has_signed_in(service: Service) -> None:
    """Each start prints a new link of the same administrator; once a person has signed in, or a key exists, none."""
    urls = [await first_sign_in_url(service, 8080) for _ in range(2)]
    assert len(set(urls)) == 2
    token = str(urls[0]).rpartition("/")[2]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(service)), base_url="http://t") as one:
        assert 204 == (await one.post("/v1/sign-in", json={"token": token})).status_code
        me = (await one.get("/v1/me")).json()
        assert ("Administrator", "admin", None) == (me["name"], me["role"], me["brand"])
    assert await first_sign_in_url(service, 8080) is None


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"host": "0.0.0.0", "port": 9000, "root_path": "/tally"}, "http://127.0.0.1:9000/tally"),  # noqa: S104
        ({"public_url": "https://tally.example"}, "https://tally.example"),
        ({"public_url": "https://tally.example/tally/", "root_path": "/tally"}, "https://tally.example/tally"),
    ],
)
def test_a_link_leads_to_the_page(values: dict[str, str], url: str) -> None:
    """By the public URL, else to this machine, at an address that a browser can open."""
    assert url == page_url(Settings.model_validate({"secret_key": "k" * 40} | values))
