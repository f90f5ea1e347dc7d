"""A table of orders with refunds, and what an import makes of it.

In: the bytes of a file with this table. Out: events and rows of the report. Never here: how the file is written.
"""

import io
from datetime import UTC, datetime
from typing import Any

from app.imports.csv_import import Import

HEAD: list[str] = ["order", "buyer", "product", "quantity", "amount", "paid", "refund"]
ROW: list[str | int] = ["A1", "u1", "knit", 1, 100, "2026-09-25 20:05:00", 30]
OPTIONS: dict[str, Any] = {
    "kind": "orders", "subject": "wechat:r", "timezone": "Asia/Shanghai",
    "columns": {
        "order": "order", "buyer": "buyer", "product": "product", "quantity": "quantity", "line_amount": "amount", "paid_at": "paid",
        "refunded_amount": "refund",
    },
}  # fmt: skip


def imported(data: bytes, options: dict[str, Any] = OPTIONS) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return the events and the rows of the report."""
    groups = list(Import(io.BytesIO(data), options, "s", datetime(2026, 10, 1, tzinfo=UTC)).groups())
    return [event for group in groups for event in group.events], [row for group in groups for row in group.rows]
