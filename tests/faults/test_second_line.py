"""Row-level security: with the first line removed, a caller that is bound to a brand still sees nothing of another."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.kpis.audience.audience import audience_on
from app.kpis.documents.kpi_reader import kpis_on
from app.kpis.products import product_reader
from app.kpis.reading.session_reader import SessionQuery, snapshot
from app.problems import ProblemError
from app.service import Service
from tests.databases import plain_only

pytestmark = plain_only("row-level security does not reach its workers")


async def brand_with_session(client: httpx.AsyncClient, slug: str) -> tuple[UUID, UUID]:
    """Create a brand with a session that sold something; return both ids."""
    form = {
        "title": "t", "brand": slug, "currency": "CNY", "streams": [{"platform": "wechat", "room": slug}],
        "lineup": [{"product": "knit-01"}],
    }  # fmt: skip
    session = (await client.post("/v1/sessions", json=form)).json()
    brand = (await client.get(f"/v1/brands/{slug}")).json()["id"]
    click = {
        "specversion": "1.0", "id": slug, "source": "/t", "type": "live.product.clicked", "subject": session["id"],
        "time": "2021-09-25T14:30:00+09:00", "data": {"product": "knit-01"},
    }  # fmt: skip
    assert 200 == (await client.post("/v1/events", json=click)).status_code
    return UUID(brand), UUID(session["id"])


@pytest.fixture
async def two(client: httpx.AsyncClient) -> dict[str, UUID]:
    """Two brands with a session each."""
    ours, our_session = await brand_with_session(client, "ours")
    _, their_session = await brand_with_session(client, "theirs")
    return {"brand": ours, "own": our_session, "foreign": their_session}


async def test_without_the_first_line_a_foreign_session_is_not_found(service: Service, two: dict[str, UUID]) -> None:
    """Each read asks as if no brand bound the caller; only the connection is restricted. The own session is still there."""

    async def read(session: UUID) -> list[Any]:
        asked = SessionQuery(session, None, datetime.now(UTC), "en")  # the first line would name the brand here
        found = []
        for work in (
            kpis_on,
            audience_on,
            product_reader.products_on,
            product_reader.showcases_on,
        ):
            async with snapshot(service.database, two["brand"]) as connection:
                found.append(await work(connection, asked))
        return found

    assert 4 == len(await read(two["own"]))
    with pytest.raises(ProblemError) as refused:
        await read(two["foreign"])
    assert 404 == refused.value.status


async def test_without_the_first_line_no_row_of_another_brand_is_seen(service: Service, two: dict[str, UUID]) -> None:
    """Tables that name a brand show one; tables of secrets show nothing at all."""
    async with snapshot(service.database, two["brand"]) as connection:
        assert [two["brand"]] == [row["id"] for row in await connection.fetch("SELECT id FROM brands")]
        for table in ("sessions", "streams", "products"):
            rows = await connection.fetch(f"SELECT DISTINCT brand_id FROM {table}")
            assert [two["brand"]] == [row["brand_id"] for row in rows], table
        for table in ("dead_letters", "parked"):
            assert 0 == await connection.fetchval(f"SELECT count(*) FROM {table}")
        refusal = await connection.fetchval("SELECT has_table_privilege(current_user, 'api_keys', 'SELECT')")
        assert refusal is False


async def test_the_restriction_ends_with_the_transaction(service: Service, two: dict[str, UUID]) -> None:
    """A pooled connection that a bound caller used sees all brands again for the next caller."""
    for _ in range(3):
        async with snapshot(service.database, two["brand"]) as connection:
            assert 1 == await connection.fetchval("SELECT count(*) FROM brands")
        async with snapshot(service.database, None) as connection:
            assert 2 == await connection.fetchval("SELECT count(*) FROM brands")


async def test_a_bound_key_reads_its_own_brand(client: httpx.AsyncClient, service: Service, two: dict[str, UUID]) -> None:
    """Every read of a session answers under the restriction: no table or view is missing from the role's grants."""
    _, key = await service.keys.create("operator", two["brand"], "bound")  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {key}"}
    for path in (
        "kpis", "products", "timeline", "showcases", "audience", "insights", "report", "report.xlsx", "report.html", "orders",
        "charts/timeline", "charts/products", "alerts", "lineup", "promotions", "notes", "streams",
    ):  # fmt: skip
        own = await client.get(f"/v1/sessions/{two['own']}/{path}", headers=headers)
        foreign = await client.get(f"/v1/sessions/{two['foreign']}/{path}", headers=headers)
        assert (200, 404) == (own.status_code, foreign.status_code), f"{path}: {own.text[:300]}"
    history = await client.get("/v1/brands/ours/history", headers=headers)
    assert 200 == history.status_code, history.text
