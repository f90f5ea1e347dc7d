"""A change of aliases is folded even when the process dies before it gets to it."""

from uuid import UUID

import pytest
from httpx import AsyncClient

from app.catalogue.products.pending_rebuilds import request_pending
from app.ingest.rebuilding.rebuild import compare
from app.ingest.rebuilding.rebuild_requests import work
from app.service import Service
from tests.ingest.sending import send


@pytest.mark.parametrize(
    "place", ["app.catalogue.products.pending_rebuilds._request", "app.ingest.rebuilding.rebuild.Rebuild.run"]
)
async def test_a_fold_that_a_crash_prevented_is_done_later(
    client: AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The alias is committed, the fold fails as if the process had died, ingest goes on, and resuming corrects the figures."""
    form = {"title": "t", "brand": "b", "host": "h", "kind": "live", "currency": "CNY", "streams": []}
    session = (await client.post("/v1/sessions", json=form)).json()["id"]
    await send(service, session, [("live.product.clicked", {"product": "alias-1"})] * 3)
    product = (await client.post("/v1/products", json={"brand": "b", "code": "knit"})).json()["id"]

    async def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(place, dies)
        with pytest.raises(KeyboardInterrupt):
            await client.put(f"/v1/products/{product}/aliases/alias-1")
    assert 1 == (await send(service, session, [("live.product.clicked", {"product": "alias-1"})], first=10))["accepted"]

    await request_pending(service.database)
    await work(service.database, service.settings, UUID(session))
    products = (await client.get(f"/v1/sessions/{session}/products")).json()["products"]
    assert [("knit", 4)] == [(row["product"], row["clicks"]) for row in products]
    assert [] == await compare(service.database, service.settings, UUID(session))
    async with service.database.acquire() as connection:
        assert 0 == await connection.fetchval("SELECT count(*) FROM pending_refolds")
