"""Dates without a time of day count at midnight, and the report of an import says so."""

import io
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from app.imports.cell_times import time_of_day
from app.imports.csv_import import Import
from app.imports.rate_import import RateImport
from app.platforms.file_imports.import_process import _facts

_OPTIONS: dict[str, Any] = {
    "kind": "orders", "subject": "wechat:r", "timezone": "Asia/Shanghai",
    "columns": {"order": "o", "product": "p", "quantity": "q", "amount": "a", "paid_at": "paid", "shipped_at": "shipped"},
}  # fmt: skip


def _dates(data: bytes, **options: Any) -> dict[str, int]:
    found: dict[str, int] = _facts(Import(io.BytesIO(data), _OPTIONS | options, "s", datetime(2026, 10, 1, tzinfo=UTC)))["dates"]
    return found


def _csv(*times: tuple[str, str]) -> bytes:
    rows = (f'A{number},knit,1,100,"{paid}","{shipped}"' for number, (paid, shipped) in enumerate(times))
    return "\n".join(["o,p,q,a,paid,shipped", *rows]).encode()


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("2026-09-25", "none"), ("2026/9/25", "none"), ("2026年9月25日", "none"), ("2026年9月25日(金)", "none"), ("25.09.2026", "none"),
        ("Sep 25, 2026", "none"), ("25-Sep-2026", "none"), ("20260925", "none"), ("46290", "none"), ("２０２６-０９-２５", "none"),
        ("2026-09-25 00:00:00", "midnight"), ("2026-09-25T00:00:00Z", "midnight"), ("2026/9/25 0:00", "midnight"),
        ("2026-09-25 12:00 AM", "midnight"), ("2026-09-25 上午12:00", "midnight"), ("202609250000", "midnight"),
        ("2026-09-25 00:00:01", "later"), ("2026-09-25 12:00 PM", "later"), ("2026/9/25 0:05", "later"), ("46290.5", "later"),
        ("20260925140500", "later"), ("Sep 25, 2026 2:05 PM", "later"), ("1790316300", None), ("soon", None),
    ],
)  # fmt: skip
def test_a_time_has_a_time_of_day_or_none(cell: str, found: str | None) -> None:
    """However it is written; a Unix time is no calendar time."""
    assert found == time_of_day(cell)


def test_dates_are_counted_by_column() -> None:
    """Also if other rows of the column have a time of day."""
    data = _csv(("2026-09-25 20:05:00", "2026-09-26"), ("2026-09-25", "2026-09-27"), ("2026-09-25 00:00:00", ""))
    assert {"paid": 1, "shipped": 2} == _dates(data)


def test_dates_that_databases_write_with_midnight_are_dates() -> None:
    """If every time of a column is midnight, it has no times of day; one alone may be right."""
    assert {"paid": 2} == _dates(_csv(("2026-09-25 00:00:00", ""), ("2026-09-26 00:00:00", "")))
    assert {} == _dates(_csv(("2026-09-25 00:00:00", ""), ("2026-09-26 00:00:01", "")))


@pytest.mark.parametrize("cell", ["", "-", "1970-01-01", "0000-00-00", "1900-01-00", "0001-01-01"])
def test_a_time_that_was_never_set_is_no_date(cell: str) -> None:
    """It counts nowhere."""
    assert {} == _dates(_csv(("2026-09-25 20:05:00", cell)))


def test_dates_of_a_spreadsheet() -> None:
    """A cell with the format of a date."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["o", "p", "q", "a", "paid", "shipped"])
    sheet.append(["A1", "knit", 1, 100, datetime(2026, 9, 25, 20, 5), datetime(2026, 9, 26).date()])  # noqa: DTZ001
    file = io.BytesIO()
    book.save(file)
    assert {"shipped": 1} == _dates(file.getvalue())


def test_a_rate_is_of_a_day() -> None:
    """Its date needs no time of day."""
    options = {
        "kind": "exchange_rates",
        "columns": {"date": "d", "rate": "r"},
        "constants": {"from": "JPY", "to": "CNY", "kind": "tts", "source": "s"},
    }
    found = RateImport(io.BytesIO(b"d,r\n2026-09-25,0.05\n2026-09-26,0.05\n"), options)
    assert {} == _facts(found)["dates"]
