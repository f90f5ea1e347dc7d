"""A key of one brand sees nothing of another's: every route of the OpenAPI document, so that new routes are covered."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.catalogue.access import Role
from app.settings import Settings
from tests.api.document import DOCUMENT
from tests.conftest import KeyMaker
from tests.pipeline.conftest import Stage

ROUTES = [(method.upper(), path) for path, operations in DOCUMENT["paths"].items() for method in operations]
BY_ID = [
    (method, path)
    for method, path in ROUTES
    if "{" in path and not path.startswith(("/v1/webhooks/", "/v1/exchange-rates/", "/v1/exports/"))
]
OPEN = {"/healthz", "/readyz", "/metrics", "/v1/labels", "/v1/sign-in"}
PATCHES = {
    "/v1/sessions/{session}": {"title": "mine now"},
    "/v1/sessions/{session}/lineup/{product}": {"stock": 1},
    "/v1/sessions/{session}/promotions/{promotion}": {"title": "mine now"},
    "/v1/sessions/{session}/notes/{note}": {"text": "mine now"},
    "/v1/brands/{brand}": {"name": "mine now"},
    "/v1/products/{product}": {"names": {"en": "mine now"}},
    "/v1/connections/{connection}": {"name": "mine now"},
    "/v1/channels/{channel}": {"name": "mine now"},
    "/v1/contracts/{contract}": {"ends_on": "2030-01-01"},
    "/v1/people/{person}": {"name": "mine now"},
}


def example(method: str, path: str) -> Any:
    """Return a valid body for a route: its documented example, or the change listed above."""
    operation = DOCUMENT["paths"][path][method.lower()]
    if "requestBody" not in operation:
        return None
    if method == "PATCH":
        return PATCHES[path]
    content = operation["requestBody"]["content"].get("application/json")
    if content is None:
        return {}  # not JSON: nothing that is looked at before the caller is known
    reference = content["schema"].get("$ref", "").rsplit("/", 1)[-1]
    schema = DOCUMENT["components"]["schemas"].get(reference, {})
    found = content.get("example", schema.get("example"))
    if found is None and schema.get("examples"):
        found = schema["examples"][0]
    assert found is not None, f"{method} {path} documents no example to call it with"
    return found


@pytest.fixture(scope="module")
def settings_of_file(settings_of_file: Settings) -> Settings:
    """Settings with which one address may knock at every route."""
    return settings_of_file.model_copy(update={"address_requests_per_minute": 100_000})


@pytest.fixture
async def belongings(client: httpx.AsyncClient) -> dict[str, str]:
    """A brand with one of everything, by the name of the path parameter that finds it."""
    form = {
        "title": "secret show",
        "brand": "theirs",
        "host": "h",
        "currency": "CNY",
        "streams": [{"platform": "wechat", "room": "their-room"}],
        "lineup": [{"product": "knit-01", "name": "Knit", "live_price": "10.00", "stock": 5}],
        "promotions": [{"url": "https://v.example/1", "kind": "video", "platform": "weibo", "title": "t"}],
    }
    session = (await client.post("/v1/sessions", json=form)).json()
    note = await client.post(
        f"/v1/sessions/{session['id']}/notes", json={"section": "live", "kind": "observation", "text": "secret"}
    )
    product = (await client.get("/v1/products", params={"brand": "theirs"})).json()["products"][0]["id"]
    assert (await client.put(f"/v1/products/{product}/aliases/their-alias")).is_success
    hook = {"kind": "standard_webhooks", "name": "n", "brand": "theirs", "secrets": {"secret": "whsec_" + "MfKQ9r8G" * 6}}
    connection = await client.post("/v1/connections", json=hook)
    assert 201 == connection.status_code, connection.text
    contract = await client.post("/v1/contracts", json={"brand": "theirs", "plan": "spot", "starts_on": "2021-09-01"})
    assert 201 == contract.status_code, contract.text
    settlement = (await client.post("/v1/settlements", json={"brand": "theirs", "month": "2021-09"})).json()["id"]
    line = {"kind": "adjustment", "amount": "1", "reason": "secret"}
    line_id = (await client.post(f"/v1/settlements/{settlement}/lines", json=line)).json()["lines"][-1]["id"]
    assert (await client.post(f"/v1/settlements/{settlement}/issue")).is_success
    person = await client.post("/v1/people", json={"name": "secret", "role": "viewer", "brand": "theirs"})
    link = await client.post(f"/v1/sessions/{session['id']}/share-links", json={})
    wrong = {"specversion": "1.0", "id": "1", "source": "s", "subject": session["id"], "type": "no.such", "data": {}}
    assert 422 == (await client.post("/v1/events", json=wrong)).status_code
    dead_letter = (await client.get("/v1/dead-letters")).json()["dead_letters"][0]["id"]
    channel = await client.post("/v1/channels", json={
        "kind": "slack", "name": "secret", "brand": "theirs", "events": ["session.started"],
        "secrets": {"url": "https://127.0.0.1:9/secret"},
    })  # fmt: skip
    delivery = (await client.post(f"/v1/channels/{channel.json()['id']}/test")).json()["delivery"]
    job = await client.post("/v1/dead-letters/replay", json={"filter": {"type": "no.such"}})
    assert 202 == job.status_code, job.text
    return {
        "job": job.json()["id"],
        "alert": "low_stock-000000000000",
        "channel": channel.json()["id"],
        "delivery": delivery,
        "session": session["id"],
        "platform": "wechat",
        "room": "their-room",
        "promotion": session["promotions"][0]["id"],
        "note": note.json()["id"],
        "product": product,
        "alias": "their-alias",
        "brand": "theirs",
        "connection": connection.json()["id"],
        "contract": contract.json()["id"],
        "settlement": settlement,
        "line": line_id,
        "letter": dead_letter,
        "key": (await client.get("/v1/keys")).json()["keys"][0]["id"],
        "chart": "timeline",
        "number": "1",
        "void": str(uuid4()),
        "import": str(uuid4()),
        "customer": "44e63aa6d9cc",
        "month": "2021-09",
        "person": person.json()["id"],
        "device": str(uuid4()),
        "link": link.json()["id"],
    }


async def test_every_object_of_another_brand_is_not_there(
    client: httpx.AsyncClient, keys: KeyMaker, belongings: dict[str, str]
) -> None:
    """404 for viewer and operator keys of another brand on every route with an object in its path, 403 on admin's routes."""
    mine = (await client.post("/v1/brands", json={"slug": "mine", "name": "Mine"})).json()["id"]
    before = [(await client.get(f"/v1/sessions/{belongings['session']}")).json()]
    for role in (Role.VIEWER, Role.OPERATOR):
        headers = await keys(role, mine)
        for method, path in BY_ID:
            url = path.format_map(belongings)
            if path == "/v1/sessions/{session}/lineup/{product}":
                url = url.replace(belongings["product"], "knit-01")
            answer = await client.request(method, url, json=example(method, path), headers=headers)
            administered = path.startswith(("/v1/keys", "/v1/connections", "/v1/people", "/v1/channels"))
            admins = administered or (path.startswith("/v1/contracts") and method != "GET")
            operators_read = any(
                part in path
                for part in (
                    "/dead-letters",
                    "/jobs",
                    "/parked",
                    "/voids",
                    "/imports",
                    "/contracts",
                    "/insights",
                    "/notes",
                    "/changes",
                    "/share-links",
                    "/desk",
                    "/plan",
                    "/checklist",
                )
            )
            writes = (method != "GET" or operators_read) and not path.endswith("/stream-tickets")
            # Statements and the month over all brands are the agency's: a bound key is refused, whether they exist or not.
            agency = (path.startswith("/v1/settlements") and method != "GET") or path == "/v1/months/{month}"
            expected = 403 if admins or agency or (role is Role.VIEWER and writes) else 404
            assert expected == answer.status_code, f"{role} {method} {path}: {answer.status_code} {answer.text}"
            assert "secret" not in answer.text
    assert before == [(await client.get(f"/v1/sessions/{belongings['session']}")).json()]


async def test_every_list_of_another_brand_is_empty(
    client: httpx.AsyncClient, keys: KeyMaker, belongings: dict[str, str]
) -> None:
    """Lists show a bound key its own brand alone, and the raw log of a foreign session is a 404."""
    mine = (await client.post("/v1/brands", json={"slug": "mine", "name": "Mine"})).json()["id"]
    headers = await keys(Role.OPERATOR, mine)
    for path in ("/v1/sessions", "/v1/products", "/v1/dead-letters", "/v1/parked", "/v1/stream-claims", "/v1/settlements"):
        document = (await client.get(path, headers=headers)).json()
        assert [[]] == [value for value in document.values() if isinstance(value, list)], path
    assert ["mine"] == [brand["slug"] for brand in (await client.get("/v1/brands", headers=headers)).json()["brands"]]
    log = await client.get("/v1/events", params={"session": belongings["session"]}, headers=headers)
    assert 404 == log.status_code
    export = await client.get("/v1/exports/sessions", params={"brand": "theirs"}, headers=headers)
    assert 404 == export.status_code


async def test_a_sender_of_another_brand_reaches_neither_session_nor_room(
    client: httpx.AsyncClient, keys: KeyMaker, belongings: dict[str, str]
) -> None:
    """To a foreign session: as if it did not exist. To a foreign room: parked, as for an unknown room, and never counted."""
    mine = (await client.post("/v1/brands", json={"slug": "mine", "name": "Mine"})).json()["id"]
    headers = await keys(Role.INGEST, mine)
    like = {"specversion": "1.0", "source": "s", "type": "live.like.sent", "data": {}}
    foreign = await client.post("/v1/events", json=like | {"id": "1", "subject": belongings["session"]}, headers=headers)
    unknown = await client.post("/v1/events", json=like | {"id": "2", "subject": str(uuid4())}, headers=headers)
    assert (422, 422) == (foreign.status_code, unknown.status_code)
    assert foreign.json()["errors"] == unknown.json()["errors"]
    room = await client.post("/v1/events", json=like | {"id": "3", "subject": "wechat:their-room"}, headers=headers)
    nowhere = await client.post("/v1/events", json=like | {"id": "4", "subject": "wechat:unknown"}, headers=headers)
    assert room.json() == nowhere.json()
    kpis = (await client.get(f"/v1/sessions/{belongings['session']}/kpis")).json()
    assert kpis["kpis"]["likes"]["value"] is None


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[1] not in OPEN and "webhooks" not in route[1]])
@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_is_open_without_a_key(stage: Stage, method: str, path: str) -> None:
    """Every route but health, readiness, metrics, labels and webhooks requires a valid key."""
    url = path.format_map(dict.fromkeys(
        ("session", "platform", "room", "promotion", "note", "product", "alias", "brand", "connection", "letter", "key",
         "chart", "void", "contract", "date", "source", "target", "kind", "customer", "month", "number", "settlement", "line",
         "person", "device", "link", "alert", "channel", "delivery", "job", "import", "table"),
        str(uuid4()),
    ))  # fmt: skip
    for authorization in ("", "Bearer tl_unknown_0123456789abcdef", "Basic dXNlcjpwYXNz"):
        answer = await stage.client.request(
            method, url, json=example(method, path) if method != "GET" else None, headers={"Authorization": authorization}
        )
        assert 401 == answer.status_code, f"{method} {path}: {answer.status_code}"
        assert "application/problem+json" == answer.headers["content-type"]
