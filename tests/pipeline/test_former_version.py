"""A database that an earlier version wrote: the present version opens it with the same figures, pseudonyms and secrets.

`former_version/database.sql.gz` is a dump of that database, `former_version/figures.json` holds the answers of the version that
wrote it. Each test gets a copy that is migrated to head.
"""

import base64
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio
from standardwebhooks import Webhook

from app.catalogue.access import Role
from app.catalogue.products.pending_rebuilds import request_pending
from app.ingest.rebuilding.rebuild import compare
from app.ingest.rebuilding.rebuild_requests import replace
from app.main import create_app
from app.service import Service, open_service
from tests.databases import LOCAL, SECRET, OwnSettings, new_database, plain_only, upgrade
from tests.platforms.conftest import ROOM, signed, until
from tests.platforms.fake_server import Running
from tests.platforms.fake_wechat import FakeWechat, order, push

pytestmark = plain_only("the dump is of a database that is not distributed")

FOLDER = Path(__file__).parent / "former_version"
FIGURES: dict[str, Any] = json.loads((FOLDER / "figures.json").read_text(encoding="utf-8"))
SESSIONS: dict[str, dict[str, Any]] = FIGURES["sessions"]
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a webhook secret of 32 bytes 012").decode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def former(postgres: str) -> AsyncIterator[str]:
    """Load the dump once, migrate it to head, and return the database's name for use as a template."""
    async with new_database(postgres, None) as dsn:
        connection = await asyncpg.connect(dsn)
        await connection.execute(gzip.decompress((FOLDER / "database.sql.gz").read_bytes()).decode())
        name = await connection.fetchval("SELECT current_database()")
        await connection.close()
        await upgrade(dsn)
        yield str(name)


@pytest.fixture
async def service(postgres: str, former: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A service on a copy of the former database."""
    async with (
        new_database(postgres, former) as dsn,
        open_service(OwnSettings(database_url=dsn, secret_key=SECRET, data_dir=tmp_path, api_base_allow=LOCAL)) as opened,
    ):
        yield opened


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client with an admin key."""
    _, key = await service.keys.create(Role.ADMIN, None, "test")
    transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://tallylight.test", headers=headers) as opened:
        yield opened


async def _get(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert 200 == answer.status_code, answer.text
    return answer.json()


def _assert_contains(expected: Any, found: Any, where: str = "") -> None:
    """Compare recursively; later versions may add members to an object."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), where
        for name, value in expected.items():
            _assert_contains(value, found.get(name), f"{where}/{name}")
    elif isinstance(expected, list):
        assert isinstance(found, list), where
        assert len(expected) == len(found), where
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            _assert_contains(one, other, f"{where}/{index}")
    else:
        assert expected == found, where


def _kpis(figures: dict[str, Any]) -> dict[str, Any]:
    return {slug: [figure["value"], figure["basis"]] for slug, figure in figures.items()}


async def _assert_figures(client: httpx.AsyncClient, session: str, expected: dict[str, Any]) -> None:
    document = await _get(client, f"/v1/sessions/{session}/kpis")
    _assert_contains(expected["kpis"], _kpis(document["kpis"]))
    found = await _get(client, f"/v1/sessions/{session}/products")
    products = {row["product"]: row for row in found["products"]}
    _assert_contains({name: expected[name] for name in ("other", "total")}, found)
    assert expected["products"].keys() == products.keys()
    _assert_contains(expected["products"], products)


async def _send(client: httpx.AsyncClient, *events: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/v1/events", json=list(events), headers={"Content-Type": "application/cloudevents-batch+json"})
    assert 200 == answer.status_code, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def _event(id: str, kind: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": id, "source": "/test", "type": f"live.{kind}", "subject": subject,
        "time": "2021-09-25T06:00:00Z", "data": data,
    }  # fmt: skip


def _dead_letter(origin: str, type: str | None) -> str:
    """Return the id of the dead letter of this origin and type."""
    [found] = [id for id, row in FIGURES["dead_letters"].items() if origin in row["origin"] and type == row["type"]]
    return str(found)


async def _assert_equals_a_rebuild(service: Service, session: str) -> None:
    """Do the rebuild that a migration left to the worker, then compare: it changed no figure, so the rows alone can differ."""
    before = await compare(service.database, service.settings, UUID(session))
    assert {"counters", "members"} >= {difference.table for difference in before}
    await request_pending(service.database)
    await replace(service.database, service.settings, UUID(session))
    assert [] == await compare(service.database, service.settings, UUID(session))


@pytest.mark.parametrize("name", SESSIONS)
async def test_the_figures_of_a_session_are_unchanged(name: str, client: httpx.AsyncClient, service: Service) -> None:
    """KPIs, KPIs by platform, products and orders equal the recorded ones, and a rebuild finds no difference."""
    expected = SESSIONS[name]
    await _assert_figures(client, expected["id"], expected)
    document = await _get(client, f"/v1/sessions/{expected['id']}/kpis")
    by_platform = {platform: _kpis(figures) for platform, figures in document["by_platform"].items()}
    _assert_contains(expected["by_platform"], by_platform)
    if name != "alias":  # an alias was added after the recording, and its rebuild is pending
        orders = (await _get(client, f"/v1/sessions/{expected['id']}/orders"))["orders"]
        _assert_contains(expected["orders"], orders)
        await _assert_equals_a_rebuild(service, expected["id"])


async def test_pseudonyms_are_unchanged(client: httpx.AsyncClient, service: Service) -> None:
    """A viewer and a buyer of the former database are recognized: neither is counted a second time."""
    session = SESSIONS["busy"]["id"]
    before = (await _get(client, f"/v1/sessions/{session}/kpis"))["kpis"]
    purchase = {"order": "new-1", "currency": "CNY", "amount": "1.00", "lines": []}
    sent = [
        _event(f"again-{row['platform']}", "viewer.entered", f"{row['platform']}:busy", {"viewer": row["person"]})
        for row in FIGURES["pseudonyms"]
    ]
    buyer = FIGURES["pseudonyms"][0]["person"]
    sent.append(_event("again-order", "order.paid", "wechat:busy", {**purchase, "buyer": buyer}))
    assert 3 == (await _send(client, *sent))["accepted"]
    after = (await _get(client, f"/v1/sessions/{session}/kpis"))["kpis"]
    for slug in ("viewers", "buyers", "new_buyers"):
        assert before[slug]["value"] == after[slug]["value"], slug
    for slug, more in (("views", 2), ("orders", 1)):
        assert before[slug]["value"] + more == after[slug]["value"], slug
    async with service.database.acquire() as connection:
        rows = await connection.fetch("SELECT id, data FROM events WHERE id LIKE 'again-%' AND type = 'live.viewer.entered'")
    found = {row["id"].removeprefix("again-"): json.loads(row["data"])["viewer"] for row in rows}
    assert {row["platform"]: row["pseudonym"] for row in FIGURES["pseudonyms"]} == found
    # A viewer that the former version has not seen is counted.
    await _send(client, _event("new", "viewer.entered", "wechat:busy", {"viewer": "another viewer"}))
    assert after["viewers"]["value"] + 1 == (await _get(client, f"/v1/sessions/{session}/kpis"))["kpis"]["viewers"]["value"]
    await _assert_equals_a_rebuild(service, session)


async def test_parked_events_join_their_session(client: httpx.AsyncClient) -> None:
    """Three parked events of two viewers become those of the session that registers the room."""
    assert {"wechat:later": 3} == FIGURES["parked"]
    rooms = (await _get(client, "/v1/parked"))["rooms"]
    assert FIGURES["parked"] == {f"{row['platform']}:{row['room']}": row["events"] for row in rooms}
    form = {"title": "later", "brand": "maison", "currency": "CNY", "streams": [{"platform": "wechat", "room": "later"}]}
    answer = await client.post("/v1/sessions", json=form)
    assert 201 == answer.status_code, answer.text
    viewer = FIGURES["pseudonyms"][0]["person"]
    await _send(client, _event("later-1", "viewer.entered", "wechat:later", {"viewer": viewer}))
    kpis = (await _get(client, f"/v1/sessions/{answer.json()['id']}/kpis"))["kpis"]
    assert (2, 3, 1) == tuple(kpis[slug]["value"] for slug in ("viewers", "views", "comments"))
    assert [] == (await _get(client, "/v1/parked"))["rooms"]


async def test_dead_letters_are_decrypted(client: httpx.AsyncClient) -> None:
    """Every dead letter shows the content that the former version showed."""
    listed = (await _get(client, "/v1/dead-letters"))["dead_letters"]
    assert FIGURES["dead_letters"].keys() == {row["id"] for row in listed}
    for id, expected in FIGURES["dead_letters"].items():
        _assert_contains(expected, await _get(client, f"/v1/dead-letters/{id}"))


async def test_dead_letters_of_events_are_replayed(client: httpx.AsyncClient, service: Service) -> None:
    """Orders in CNY are accepted once the session's currency is CNY, with the buyers that their senders named."""
    yen = SESSIONS["yen"]["id"]
    answer = await client.patch(f"/v1/sessions/{yen}", json={"currency": "CNY"})
    assert 200 == answer.status_code, answer.text
    for origin, type in (("key:", "live.order.paid"), ("connection:", "live.order.placed"), ("connection:", "live.order.paid")):
        answer = await client.post(f"/v1/dead-letters/{_dead_letter(origin, type)}/replay")
        assert (200, 1) == (answer.status_code, answer.json().get("accepted")), answer.text
    await _send(
        client,
        _event("same buyer", "order.paid", "wechat:export/yen", {
            "order": "y-2", "buyer": "o9hHn5bqgxIM", "currency": "CNY", "amount": "1.00", "lines": [],
        }),
    )  # fmt: skip
    kpis = (await _get(client, f"/v1/sessions/{yen}/kpis"))["kpis"]
    assert (3, 2, "1119.90") == (kpis["orders"]["value"], kpis["buyers"]["value"], kpis["gmv"]["value"])
    assert [] == await compare(service.database, service.settings, UUID(yen))


async def test_dead_letters_of_deliveries_are_replayed(client: httpx.AsyncClient) -> None:
    """A corrected mapping accepts the like that it could not read; what no adapter knows stays a dead letter."""
    mapping = FIGURES["connections"]["mapping/maison"]
    rule = mapping["options"]["rules"][0]
    corrected = {**rule, "data": {"viewer": "item.user", "count": "item.total || item.count"}}
    options = {**mapping["options"], "rules": [corrected]}
    answer = await client.patch(f"/v1/connections/{mapping['id']}", json={"options": options})
    assert 200 == answer.status_code, answer.text
    answer = await client.post(f"/v1/dead-letters/{_dead_letter(mapping['id'], None)}/replay")
    assert (1, 1, []) == tuple(answer.json()[name] for name in ("accepted", "duplicates", "rejected")), answer.text
    likes = (await _get(client, f"/v1/sessions/{SESSIONS['mapping']['id']}/kpis"))["kpis"]["likes"]
    assert SESSIONS["mapping"]["kpis"]["likes"][0] + 4 == likes["value"]
    shop = FIGURES["connections"]["wechat_shop/maison"]
    answer = await client.post(f"/v1/dead-letters/{_dead_letter(shop['id'], None)}/replay")
    assert 1 == len(answer.json()["rejected"]), answer.text


async def test_secrets_of_connections_are_decrypted(client: httpx.AsyncClient) -> None:
    """Connections keep their addresses and verify what platforms sign with the secrets of before."""
    found = {row["id"]: row for row in (await _get(client, "/v1/connections"))["connections"]}
    for expected in FIGURES["connections"].values():
        row = found[expected["id"]]
        assert expected["secrets_set"] == row["secrets_set"]
        assert row["webhook_url"].endswith(expected["path"])
    now = datetime.now(UTC)
    body = json.dumps([_event("w2", "like.sent", "bilibili:8812", {"count": 2})])
    path = f"/v1/webhooks/{FIGURES['connections']['standard_webhooks/maison']['id']}"
    signature = Webhook(WEBHOOK_SECRET).sign("msg_2", now, body)
    headers = {"webhook-id": "msg_2", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    answer = await client.post(path, content=body, headers=headers)
    assert 200 == answer.status_code, answer.text
    headers["webhook-signature"] = Webhook("whsec_" + base64.b64encode(b"x" * 32).decode()).sign("msg_2", now, body)
    assert 401 == (await client.post(path, content=body, headers=headers)).status_code
    query, content = signed(push("100"), seed=77)
    path = f"/v1/webhooks/{FIGURES['connections']['wechat_shop/maison']['id']}"
    answer = await client.post(path, params=query, content=content)
    assert (200, "success") == (answer.status_code, answer.text)


async def test_the_pending_job_and_the_pending_rebuild_run(client: httpx.AsyncClient, service: Service) -> None:
    """The worker fetches the order whose push the former version stored, and rebuilds the session of the new alias."""
    shop, session, alias = FIGURES["connections"]["wechat_shop/maison"], SESSIONS["shop"]["id"], SESSIONS["alias"]
    with Running(FakeWechat()) as wechat:
        wechat.orders["99"] = order("99", ROOM)
        answer = await client.patch(f"/v1/connections/{shop['id']}", json={"options": {"api_base": wechat.base}})
        assert 200 == answer.status_code, answer.text
        async with service.database.acquire() as connection:
            # The pause after the failed attempt is over.
            assert "UPDATE 1" == await connection.execute(
                "UPDATE pgqueuer SET execute_after = now() WHERE entrypoint = 'pull' AND status = 'queued'"
            )

        async def orders() -> bool:
            return bool((await _get(client, f"/v1/sessions/{session}/kpis"))["kpis"]["orders"]["value"] == 2)

        async def rebuilt() -> bool:
            async with service.database.acquire() as connection:
                return not await connection.fetchval(
                    "SELECT (SELECT count(*) FROM pending_refolds) + (SELECT count(*) FROM rebuilds WHERE done < requested)"
                )

        async with service.platforms.working():
            await until(orders, "the order of the pending job")
            await until(rebuilt, "the pending rebuild")
    await _assert_figures(client, alias["id"], alias["rebuilt"])
    for id in (session, alias["id"]):
        assert [] == await compare(service.database, service.settings, UUID(id))
