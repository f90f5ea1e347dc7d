"""What the tests of the report share: the session of the agency's own sheet, and its files."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from io import BytesIO
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from tests.kpis.conftest import new_session, read, send  # noqa: F401 - fixtures
from tests.kpis.event_builders import Event, NewSession, Send, paid

Open = Callable[..., Awaitable[Any]]

PRODUCTS = {
    "knit": ("ニット", 4171, 51, 53, "55977.23"),
    "pants": ("パンツ", 2657, 49, 51, "57000.33"),
    "skirt": ("スカート", 3532, 41, 43, "67967.00"),
}
"""Code → name, clicks, buyers, units, amount, as the sheet of 2021-09-25 prints them."""
REST = (49, 216, "300943.44")
"""Buyers, units and amount of what the sheet does not list."""


def sold(product: str, buyers: int, units: int, amount: str, second: int) -> list[Event]:
    """Return an order per buyer that add up to these figures, to the cent."""
    pieces = [units // buyers + (number < units % buyers) for number in range(buyers)]
    cents, total = int(Decimal(amount) * 100), 0
    orders = []
    for number in range(buyers):
        part = cents // buyers if number < buyers - 1 else cents - total
        total += part
        orders.append(
            paid(second + number, f"{product}-{number}", f"{product}-b{number}", (product, pieces[number], f"{part / 100:.2f}"))
        )
    return orders


@pytest.fixture
async def session(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> str:  # noqa: F811
    """The session of the sheet: every figure that the agency printed."""
    lineup = [{"product": code, "name": row[0]} for code, row in PRODUCTS.items()]
    made = await new_session(
        host="KOL", lineup=lineup, promotions=[{"url": "https://v.example/1", "kind": "video", "title": "宣伝動画 1"}]
    )
    sampled = {
        "concurrent": 1280, "viewers_total": 18052, "comments_total": 938, "followers_total": 76, "average_watch_seconds": 634.2,
    }  # fmt: skip
    measured = {"promotion": "https://v.example/1", "views_total": 121196, "engagements_total": 3396}
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("product.showcased", 60, {"product": "knit"}),
        ("stock.changed", 300, {"product": "knit", "stock": 0}),
        ("product.withdrawn", 600, {"product": "knit"}),
        ("audience.sampled", 500, sampled),
        *[("product.clicked", 100, {"product": code, "count": row[1]}) for code, row in PRODUCTS.items()],
        *[event for code, (_, _, buyers, units, amount) in PRODUCTS.items() for event in sold(code, buyers, units, amount, 60)],
        *sold("unlisted", *REST, 900),
        ("order.refunded", 8000, {"order": "knit-0", "amount": "100.00"}),
        *[("support.requested", 1000 + number, {"ticket": f"t{number}"}) for number in range(20)],
        *[("support.answered", 1400 + number, {"ticket": f"t{number}"}) for number in range(20)],
        ("promotion.measured", 1, measured),
        ("promotion.measured", 1, {"promotion": "https://v.example/2", "views_total": 45015, "engagements_total": 602}),
        ("session.ended", 8640, {}),
    )
    for section, kind, text in (
        ("live", "observation", "ライブ前半の視聴者数が多い。"),
        ("live", "summary", "現場のモデルさん大好評。"),
        ("ec", "summary", "物流のスピードup。"),
        ("promotion", "summary", "反応よかった商品はすぐ売り切った。"),
    ):
        await client.post(f"/v1/sessions/{made}/notes", json={"section": section, "kind": kind, "text": text})
    return made


@pytest.fixture
def open_book(client: httpx.AsyncClient) -> Open:
    """Fetch a session's workbook and open it, with formulas, or with the values kept beside them."""

    async def fetch(session: str, *, values: bool = False, **params: Any) -> Any:
        answer = await client.get(f"/v1/sessions/{session}/report.xlsx", params=params)
        assert 200 == answer.status_code, answer.text
        return load_workbook(BytesIO(answer.content), data_only=values)

    return fetch
