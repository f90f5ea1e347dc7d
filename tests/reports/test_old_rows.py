"""Characters that XML forbids, in rows that were stored before texts were cleaned on arrival."""

from io import BytesIO

import asyncpg
import httpx
import pytest
from openpyxl import load_workbook

from tests.kpis.event_builders import Event, NewSession, Send, paid

FORBIDDEN = "".join(map(chr, (*range(1, 9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, 0x85, 0x9F, 0xFFFE, 0xFFFF, 0x1FFFF)))
"""U+0000 and halves of surrogate pairs are in no database: PostgreSQL refuses them."""
UNUSUAL = "\u2028\u2029\u200b\ufeff\u202e\U000e0041"
TEXTS = {
    "sessions": ("title", "host"),
    "brands": ("name",),
    "lineup": ("name",),
    "notes": ("text",),
    "promotions": ("title", "url"),
    "orders": ("order_id", "buyer"),
}
"""Texts of a report, by table."""


@pytest.fixture
async def session(database_url: str, new_session: NewSession, send: Send, client: httpx.AsyncClient) -> str:
    """A session whose every text holds every such character."""
    made = await new_session(
        host="KOL", lineup=[{"product": "knit", "name": "ニット"}], promotions=[{"kind": "video", "url": "https://v.example/1"}]
    )
    note = {"section": "live", "kind": "summary", "text": "まとめ"}
    assert 201 == (await client.post(f"/v1/sessions/{made}/notes", json=note)).status_code
    events: list[Event] = [
        ("session.started", 0, {}),
        ("audience.sampled", 30, {"concurrent": 12, "viewers_total": 20}),
        ("product.showcased", 60, {"product": "knit"}),
        paid(90, "o-1", "b-1", ("knit", 1, "10.00"), ("out\u3000side", 1, "5.00")),
        ("stock.changed", 100, {"product": "knit", "stock": 0}),
        ("session.ended", 600, {}),
    ]
    await send("wechat:room", *events)
    connection = await asyncpg.connect(database_url)
    for table, columns in TEXTS.items():
        for column in columns:
            await connection.execute(f"UPDATE {table} SET {column} = $1 || {column} || $1", FORBIDDEN + UNUSUAL)
    await connection.close()
    return made


async def test_reports_of_old_rows_are_made(client: httpx.AsyncClient, session: str) -> None:
    """Both files are complete, and no forbidden character is in them."""
    page, file = [await client.get(f"/v1/sessions/{session}/report.{kind}", params={"lang": "ja"}) for kind in ("html", "xlsx")]
    assert [200, 200] == [page.status_code, file.status_code], page.text + file.text
    book = load_workbook(BytesIO(file.content))
    cells = "\n".join(str(cell.value) for sheet in book for row in sheet for cell in row if cell.value is not None)
    for text in (page.text, cells):
        assert not set(FORBIDDEN) & set(text)
        assert all(word in text for word in ("秋の新作ライブ", "KOL", "ニット", "まとめ", "https://v.example/1"))
    assert "o-1" in cells
