"""A show with orders, aliases, a void and texts that look like formulas, as other packages tell it."""

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.kpis.conftest import new_session, read, send
from tests.kpis.event_builders import NewSession, Send, paid

__all__ = ["new_session", "read", "send"]

Export = Callable[..., Awaitable[list[dict[str, str]]]]
FORMULA = '=HYPERLINK("https://example.test";"x")'


@pytest.fixture
def export(client: httpx.AsyncClient) -> Export:
    """Return the rows of an export in CSV."""

    async def rows(table: str, **params: Any) -> list[dict[str, str]]:
        params = {name.rstrip("_"): value for name, value in params.items()}
        answer = await client.get(f"/v1/exports/{table}", params=params)
        assert 200 == answer.status_code, answer.text
        assert "text/csv; charset=utf-8" == answer.headers["content-type"]
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))

    return rows


@pytest.fixture
async def show(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> str:
    """A show of maison-k that has ended."""
    session = await new_session(
        title=FORMULA, host="小林", lineup=[{"product": "knit", "name": "ニット", "live_price": "100.00", "stock": 5}]
    )
    product = (await client.get("/v1/products", params={"brand": "maison-k"})).json()["products"][0]["id"]
    assert (await client.put(f"/v1/products/{product}/aliases/knit-red")).is_success
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("viewer.entered", 1, {"viewer": "raw-viewer-1"}),
        ("audience.sampled", 600, {"concurrent": 100, "viewers_total": 3000, "average_watch_seconds": 95.5}),
        ("product.showcased", 60, {"product": "knit"}),
        ("product.clicked", 70, {"viewer": "raw-viewer-1", "product": "knit", "count": 3}),
        paid(120, "-1", "raw-buyer-1", ("knit-red", 2, "200.00")),
        paid(180, "o2", "raw-buyer-2", ("coat", 1, "0.07"), amount="0.10"),
        ("order.placed", 190, {"order": "o3", "buyer": "raw-buyer-1", "currency": "CNY", "amount": "9.99", "lines": []}),
        ("order.refunded", 300, {"order": "-1", "amount": "50.00"}),
        ("mark.set", 310, {"label": "note", "text": "internal mark"}),
        ("like.sent", 320, {"count": 7}),
        ("session.ended", 3600, {}),
    )
    logged = (await client.get("/v1/events", params={"session": session, "type": "live.like.sent"})).json()["events"][0]
    void = {"source": logged["source"], "event": logged["id"], "reason": "internal reason"}
    assert 200 == (await client.post(f"/v1/sessions/{session}/voids", json=void)).status_code
    return session
