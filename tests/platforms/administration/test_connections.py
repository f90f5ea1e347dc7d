"""Administration of connections, through the API and through the command."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.catalogue.access import Role
from app.cli import cli
from app.main import create_app
from app.platforms.credentials import encryption
from app.service import open_service
from app.settings import Settings
from app.storage.database import DatabaseUnreachableError
from tests.databases import SECRET as KEY
from tests.platforms.conftest import SHOP, Answer, Connect, path_of, signed
from tests.platforms.fake_wechat import push

KeyMaker = Callable[..., Awaitable[dict[str, str]]]
WEBHOOK = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
RULES = [
    {
        "type": "live.like.sent",
        "when": "type == 'like'",
        "id": "uid",
        "room": "room",
        "data": {"viewer": "user.id", "count": "n"},
    }
]


async def test_a_connection_is_created_read_changed_and_deleted(connect: Connect, client: httpx.AsyncClient) -> None:
    """The response holds the request's fields without the secrets; the URL is absolute and complete."""
    made = await connect("wechat_shop", SHOP, require_encryption=True)
    assert f"http://tallylight.test/v1/webhooks/{made['id']}" == made["webhook_url"]
    assert ("maison-k", sorted(SHOP), {"require_encryption": True}) == (made["brand"], made["secrets_set"], made["options"])
    assert made == (await client.get(f"/v1/connections/{made['id']}")).json()
    changed = await client.patch(f"/v1/connections/{made['id']}", json={"name": "other", "options": {}})
    assert ("other", {}) == (changed.json()["name"], changed.json()["options"])
    assert 204 == (await client.delete(f"/v1/connections/{made['id']}")).status_code
    for method in ("GET", "DELETE", "PATCH"):
        answer = await client.request(method, f"/v1/connections/{made['id']}", json={} if method == "PATCH" else None)
        assert 404 == answer.status_code
    assert 404 == (await client.post(path_of(made), content="{}")).status_code


async def test_the_webhook_url_starts_with_the_public_url(connect: Connect, service: Any) -> None:
    """Behind a proxy, the setting gives the address at which the platform reaches the server."""
    public = service.settings.model_copy(update={"public_url": "https://tally.example/live/"})
    object.__setattr__(service, "settings", public)
    made = await connect("wechat_spy")
    assert made["webhook_url"].startswith(f"https://tally.example/live/v1/webhooks/{made['id']}/")
    assert None is (await connect("weibo_counts", {"access_token": "t"}))["webhook_url"]


async def test_the_list_is_paged(connect: Connect, client: httpx.AsyncClient) -> None:
    """Every connection is on one page, the newest first."""
    made = [(await connect("wechat_spy"))["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = (await client.get("/v1/connections", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [found["id"] for found in page["connections"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert made[::-1] == seen


@pytest.mark.parametrize("role", [Role.INGEST, Role.VIEWER, Role.OPERATOR])
async def test_only_administrators_manage_connections(role: Role, keys: KeyMaker, client: httpx.AsyncClient) -> None:
    """Keys of every other role are refused on every route."""
    headers = await keys(role)
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/x"), ("PATCH", "/x"), ("DELETE", "/x"), ("POST", "/x/test")):
        answer = await client.request(method, f"/v1/connections{path}", headers=headers, json={} if method != "GET" else None)
        assert 403 == answer.status_code, (method, path)


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({"kind": "taobao"}, "/kind"),
        ({"kind": "wechat_shop", "secrets": {"tokn": "x"}}, "/secrets/tokn"),
        ({"kind": "wechat_shop", "secrets": {}}, "/secrets/token"),
        ({"kind": "wechat_shop", "secrets": {**SHOP, "encoding_aes_key": "short"}}, "/secrets/encoding_aes_key"),
        ({"kind": "wechat_spy", "options": {"api_base": "ftp://x"}}, "/options/api_base"),
        ({"kind": "wechat_spy", "options": {"session": "0192f1a0-b3c4-7d06-8000-5f5e1a2b3c4d"}}, "/options/session"),
        ({"kind": "wechat_spy", "options": {"session": "no subject"}}, "/options/session"),
        ({"kind": "wechat_spy", "options": {"note": "a\u0000b"}}, "/options"),
        ({"kind": "wechat_spy", "options": {"note": "x" * 70_000}}, "/options"),
        ({"kind": "mapping", "options": {"signature": "none", "rules": [{**RULES[0], "when": "((("}]}}, "/options/rules/0/when"),
        ({"kind": "wechat_spy", "nmae": "x"}, "/nmae"),
    ],
)
async def test_an_invalid_request_names_its_field(form: Answer, pointer: str, client: httpx.AsyncClient) -> None:
    """An invalid request is refused with a pointer, and the error repeats no secret."""
    answer = await client.post("/v1/connections", json={"name": "n", "brand": "b"} | form)
    assert 422 == answer.status_code, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert "short" not in answer.text


async def test_lone_surrogates_are_a_client_error(client: httpx.AsyncClient) -> None:
    """JSON can hold escapes that are not characters; they are refused like any other invalid value."""
    body = '{"kind": "wechat_spy", "name": "n", "options": {"note": "\\ud800"}}'
    answer = await client.post("/v1/connections", content=body, headers={"Content-Type": "application/json"})
    assert 422 == answer.status_code


async def test_a_rotated_url_disables_the_old_one(connect: Connect, client: httpx.AsyncClient) -> None:
    """After `rotate_url` only the new URL works, immediately."""
    spy = await connect("wechat_spy")
    body = {"live_info": {"live_id": "1", "online_count": 1}, "events": []}
    assert 200 == (await client.post(path_of(spy), json=body)).status_code
    new = (await client.patch(f"/v1/connections/{spy['id']}", json={"rotate_url": True})).json()
    assert (404, 200) == (
        (await client.post(path_of(spy), json=body)).status_code,
        (await client.post(path_of(new), json=body)).status_code,
    )


async def test_events_of_a_connection_reach_only_its_brand(
    connect: Connect, client: httpx.AsyncClient, new_session: Connect, kpis: Callable[..., Any]
) -> None:
    """A session of another brand receives nothing, even if the room is registered for it."""
    session = await new_session(("wechat", "1"), brand="other")
    spy = await connect("wechat_spy", brand="maison-k")
    event = {"decoded_type": "comment", "decoded_openid": "o1", "content": "x", "seq": 1, "msg_time": 1_698_657_150_123}
    answer = await client.post(path_of(spy), json={"live_info": {"live_id": "1"}, "events": [event]})
    assert 200 == answer.status_code
    assert not (await kpis(session["id"]))["comments"]


async def test_a_mapping_has_a_preview(connect: Connect, client: httpx.AsyncClient) -> None:
    """The preview shows the events that the saved mapping, or another one, creates from a body; nothing is stored."""
    made = await connect("mapping", platform="bilibili", signature="none", rules=RULES)
    sample = {"type": "like", "uid": "e1", "room": "8812", "user": {"id": "u1"}, "n": 3}
    shown = (await client.post(f"/v1/connections/{made['id']}/preview", json={"sample": sample})).json()
    assert [("live.like.sent", "bilibili:8812", {"viewer": "u1", "count": 3})] == [
        (event["type"], event["subject"], event["data"]) for event in shown["events"]
    ]
    wrong = {"sample": sample, "options": {"signature": "none", "rules": [{**RULES[0], "data": {"count": "(("}}]}}
    answer = await client.post(f"/v1/connections/{made['id']}/preview", json=wrong)
    assert 422 == answer.status_code
    spy = await connect("wechat_spy")
    assert 409 == (await client.post(f"/v1/connections/{spy['id']}/preview", json={"sample": {}})).status_code
    answer = await client.post(path_of(made), json=sample)
    assert 200 == answer.status_code
    assert 1 == (await client.get(f"/v1/connections/{made['id']}")).json()["counts"]["events"]


async def test_the_secret_key_is_rotated(settings: Settings, database_url: str) -> None:
    """With the previous key set everything works; after the re-encryption it can be removed; pseudonyms stay the same."""
    new_key = "another secret key that only the tests know, long enough."
    async with open_service(settings) as service:
        before = service.privacy_keys.pseudonym("wechat", "o1")
        sealed = service.privacy_keys.encrypt(b"letter")
        async with service.database.acquire() as connection:
            await connection.execute(
                "INSERT INTO dead_letters (id, digest, origin, received_at, errors, sealed) "
                "VALUES (gen_random_uuid(), 'd', 'o', now(), '[]', $1)", sealed,
            )  # fmt: skip
            await connection.execute("INSERT INTO deliveries VALUES (gen_random_uuid(), 'k', now(), $1)", sealed)
    with pytest.raises(DatabaseUnreachableError, match="TALLYLIGHT_SECRET_KEY_PREVIOUS"):
        async with open_service(Settings(database_url=database_url, secret_key=new_key)):
            pass
    both = Settings(database_url=database_url, secret_key=new_key, secret_key_previous=KEY)
    async with open_service(both) as service:
        assert before == service.privacy_keys.pseudonym("wechat", "o1")
        assert b"letter" == service.privacy_keys.decrypt(sealed)
        assert 3 == await encryption.reencrypt_all(service.database, service.platforms.cipher, service.privacy_keys)
    async with open_service(Settings(database_url=database_url, secret_key=new_key)) as service:
        assert before == service.privacy_keys.pseudonym("wechat", "o1")
        async with service.database.acquire() as connection:
            for table in ("dead_letters", "deliveries"):
                assert b"letter" == service.privacy_keys.decrypt(await connection.fetchval(f"SELECT sealed FROM {table}"))


async def test_a_connection_works_through_a_key_rotation(database_url: str, connect: Connect) -> None:
    """A push is decrypted before, during and after the rotation, without a change of the connection."""
    shop = await connect("wechat_shop", SHOP)
    new_key = "another secret key that only the tests know, long enough."
    both = Settings(database_url=database_url, secret_key=new_key, secret_key_previous=KEY)
    for seed, chosen in ((2, both), (3, Settings(database_url=database_url, secret_key=new_key))):
        async with open_service(chosen) as service:
            transport = httpx.ASGITransport(create_app(service))
            async with httpx.AsyncClient(transport=transport, base_url="http://t") as other:
                query, body = signed(push(str(seed)), seed=seed)
                assert "success" == (await other.post(path_of(shop), params=query, content=body)).text
            await encryption.reencrypt_all(service.database, service.platforms.cipher, service.privacy_keys)


def test_the_command_creates_lists_tests_and_deletes(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command reads secrets from a file or standard input, and never prints one."""
    monkeypatch.setenv("TALLYLIGHT_DATABASE_URL", database_url)
    monkeypatch.setenv("TALLYLIGHT_SECRET_KEY", KEY)
    monkeypatch.setenv("TALLYLIGHT_PUBLIC_URL", "https://tally.example")
    monkeypatch.setenv("COLUMNS", "300")
    run = CliRunner()
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps(WEBHOOK))
    made = run.invoke(
        cli, ["connections", "create", "standard_webhooks", "--name", "obs", "--brand", "b", "--secrets", str(file)]
    )
    assert 0 == made.exit_code, made.output
    number, url = made.output.split()
    assert f"https://tally.example/v1/webhooks/{number}" == url
    piped = run.invoke(cli, ["connections", "create", "standard_webhooks", "--name", "x", "--secrets", "-"], input="{}")
    assert (1, True) == (piped.exit_code, "is required" in piped.output)
    listed = run.invoke(cli, ["connections", "list"])
    assert "standard_webhooks" in listed.output
    assert WEBHOOK["secret"] not in listed.output + made.output
    tried = run.invoke(cli, ["connections", "test", number])
    assert (0, True) == (tried.exit_code, "settings" in tried.output)
    assert 0 == run.invoke(cli, ["connections", "rotate-key"]).exit_code
    assert 0 == run.invoke(cli, ["connections", "reseal"]).exit_code, "the former name still works"
    assert 0 == run.invoke(cli, ["connections", "delete", number]).exit_code
    assert 1 == run.invoke(cli, ["connections", "delete", number]).exit_code
