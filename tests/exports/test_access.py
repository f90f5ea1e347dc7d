"""Exports show a bound caller its own brand alone, whatever they ask, and the client's share of it."""

import itertools
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from app.catalogue.access import Principal, Role
from app.exports.columns import TABLES
from app.exports.formats import CsvFile
from app.exports.reader import ExportQuery
from app.service import Service
from app.storage.kpis.comparison_reads import BrandRow
from app.storage.queries import queries
from app.storage.reports.export_reads import Window
from tests.conftest import KeyMaker
from tests.databases import plain_only
from tests.kpis.event_builders import NewSession, Send, paid


@pytest.fixture
async def brands(client: httpx.AsyncClient, show: str, new_session: NewSession, send: Send) -> dict[str, str]:
    """The show's brand, and another with a show of its own; slug → id."""
    assert show
    await new_session(title="secret show", brand="theirs", streams=[{"platform": "wechat", "room": "theirs"}])
    await send("wechat:theirs", ("session.started", 0, {}), paid(10, "secret-order", "b", ("secret-product", 1, "1.00")))
    return {brand["slug"]: brand["id"] for brand in (await client.get("/v1/brands")).json()["brands"]}


async def test_a_bound_caller_exports_its_own_brand(client: httpx.AsyncClient, keys: KeyMaker, brands: dict[str, str]) -> None:
    """Without a brand: its own. Another brand is not there, as one that does not exist. The agency exports both."""
    bound = [await keys(role, brands["maison-k"]) for role in (Role.VIEWER, Role.OPERATOR)]
    for table, headers in itertools.product(TABLES, bound):
        own = await client.get(f"/v1/exports/{table}", headers=headers)
        assert 200 == own.status_code
        assert "maison-k" in own.text
        assert "secret" not in own.text
        named = await client.get(f"/v1/exports/{table}", params={"brand": "maison-k"}, headers=headers)
        assert own.text.splitlines()[0] == named.text.splitlines()[0]
        answers = [
            await client.get(f"/v1/exports/{table}", params={"brand": slug}, headers=headers) for slug in ("theirs", "no-such")
        ]
        assert [404, 404] == [answer.status_code for answer in answers]
        assert answers[0].json()["detail"] == answers[1].json()["detail"]
        assert "secret" in (await client.get(f"/v1/exports/{table}")).text
        assert "maison-k" not in (await client.get(f"/v1/exports/{table}", params={"brand": "theirs"})).text


async def test_tools_export_nothing(client: httpx.AsyncClient, keys: KeyMaker) -> None:
    """Role ingest is refused."""
    assert 403 == (await client.get("/v1/exports/orders", headers=await keys(Role.INGEST))).status_code


async def test_a_client_exports_no_marks_and_no_reasons(
    client: httpx.AsyncClient, keys: KeyMaker, brands: dict[str, str]
) -> None:
    """As in the list of events; an operator of the brand exports the marks too."""
    viewer = await client.get("/v1/exports/events", headers=await keys(Role.VIEWER, brands["maison-k"]))
    operator = await client.get("/v1/exports/events", headers=await keys(Role.OPERATOR, brands["maison-k"]))
    assert ("internal mark" in viewer.text, "internal mark" in operator.text) == (False, True)
    assert "internal reason" not in viewer.text


@plain_only("row-level security does not reach its workers")
async def test_without_the_first_line_no_row_of_another_brand_is_exported(
    service: Service, brands: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The query of the sessions loses its condition, and row-level security leaves the brand's own."""
    sql = queries("reports/exports")
    condition = "s.brand_id = $1::uuid AND "
    assert condition in sql["sessions"]
    monkeypatch.setitem(sql, "sessions", sql["sessions"].replace(condition, "$1::uuid IS NOT NULL AND "))
    brand = BrandRow(UUID(brands["maison-k"]), "maison-k", "Maison K")
    caller = Principal("command", "test", Role.ADMIN, None)
    for table in TABLES:
        query = ExportQuery(table, [brand], Window(), "en", client=False, now=datetime.now(UTC))
        pieces = [piece async for piece in service.exporter.stream(caller, query, CsvFile(TABLES[table]))]
        text = b"".join(pieces).decode()
        assert "maison-k" in text, table
        assert "secret" not in text, table
