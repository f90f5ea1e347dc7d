"""No key can speak as a person at the desk, a connection or an import."""

from typing import Any

import httpx
import pytest

from app.catalogue.access import Role
from app.ingest.receiving.sources import is_own
from tests.conftest import KeyMaker

NO_ONE = "5d0f8a52-6f0e-4a37-9c1b-2f6f9d1f3c11"


def _like(session: str, source: str, number: str = "1") -> dict[str, Any]:
    return {"specversion": "1.0", "id": number, "source": source, "subject": session, "type": "live.like.sent", "data": {}}


@pytest.fixture
async def session(client: httpx.AsyncClient) -> str:
    """A session."""
    answer = await client.post("/v1/sessions", json={"title": "t", "brand": "maison-k", "currency": "CNY"})
    return str(answer.json()["id"])


async def _likes(client: httpx.AsyncClient, session: str) -> int | None:
    value: int | None = (await client.get(f"/v1/sessions/{session}/kpis")).json()["kpis"]["likes"]["value"]
    return value


@pytest.mark.parametrize(
    "source",
    [f"/desk/{NO_ONE}", "/desk/tanaka", "/desk/key:5f1c2a9b77de", "//tallylight/imports", f"//tallylight/connections/{NO_ONE}"],
)
async def test_a_source_of_others_is_refused_by_name(
    client: httpx.AsyncClient, keys: KeyMaker, session: str, source: str
) -> None:
    """For every role that sends; alone it is a 422, beside others they are taken; a replay does not let it in either."""
    for role in (Role.INGEST, Role.ADMIN):
        headers = await keys(role)
        refused = await client.post("/v1/events", json=_like(session, source), headers=headers)
        assert 422 == refused.status_code
        assert "application/problem+json" == refused.headers["content-type"]
        error = refused.json()["errors"][0]
        assert ("/source", "reserved_source") == (error["pointer"], error["code"])
        mixed = [_like(session, source, "2"), _like(session, "//tool.example/obs", f"{role}-3")]
        receipt = (await client.post("/v1/events", json=mixed, headers=headers)).json()
        assert (1, [0]) == (receipt["accepted"], [one["index"] for one in receipt["rejected"]])
        binary = {f"ce-{name}": value for name, value in _like(session, source, "4").items() if name != "data"}
        answer = await client.post("/v1/events", content=b"{}", headers=headers | binary | {"Content-Type": "application/json"})
        assert 422 == answer.status_code
    assert 2 == await _likes(client, session)
    for refused in (await client.get("/v1/dead-letters")).json()["dead_letters"]:
        replayed = await client.post(f"/v1/dead-letters/{refused['id']}/replay")
        assert 0 == replayed.json()["accepted"]
    assert 2 == await _likes(client, session)
    assert [] == (await client.get(f"/v1/sessions/{session}/desk")).json()["actions"]


async def test_every_other_source_is_taken(client: httpx.AsyncClient, session: str) -> None:
    """Also one that only looks like it, and the source of the key itself."""
    own = (await client.get("/v1/me")).json()["id"]
    for number, source in enumerate(
        ("/desk", "/desk-2/obs", "desk/tanaka", "https://tallylight/imports", "//tallylight.example/x", f"/desk/key:{own}")
    ):
        answer = await client.post("/v1/events", json=_like(session, source, str(number)))
        assert (200, 1) == (answer.status_code, answer.json()["accepted"]), source


def test_what_a_source_names() -> None:
    """Dead letters of actions, deliveries and imports have the source of whom they come from, and can be replayed."""
    assert is_own("/desk/0192f1a0", "person:0192f1a0")
    assert not is_own("/desk/0192f1a0", "person:0192f1a1")
    assert is_own("/desk/key:5f1c", "key:5f1c")
    assert is_own("//tallylight/imports", "import:5f1c2a9b77de")
    assert not is_own("//tallylight/imports", "connection:5f1c2a9b77de")
    assert is_own("//tallylight/connections/1", "connection:1")
    assert not is_own("//tallylight/connections/2", "connection:1")
