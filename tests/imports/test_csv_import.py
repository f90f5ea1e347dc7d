"""CSV exports: every row is an event or a reason, and the same file twice adds nothing."""

import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from app.adapters.protocol import Event
from app.adapters.validation import Misconfigured
from app.imports.csv_cells import BadFile
from app.imports.csv_import import Import
from app.imports.rows import RowReport

Valid = Callable[[Iterable[Event]], list[Event]]
NOW = datetime(2021, 10, 1, tzinfo=UTC)


class Imported(NamedTuple):
    """What a file holds."""

    events: tuple[Event, ...]
    rows: tuple[RowReport, ...]


def import_csv(data: bytes, options: dict[str, Any], source: str) -> Imported:
    """Read a whole file."""
    groups = list(Import(io.BytesIO(data), options, source, NOW).groups())
    rows = sorted((row for group in groups for row in group.rows), key=lambda row: row.row)
    return Imported(tuple(event for group in groups for event in group.events), tuple(rows))


ORDERS: dict[str, Any] = {
    "kind": "orders",
    "subject": "wechat:r1",
    "columns": {
        "order": "订单号",
        "buyer": "买家",
        "product": "商品",
        "quantity": "数量",
        "line_amount": "金额",
        "paid_at": "支付时间",
        "shipped_at": "发货时间",
        "tracking": "单号",
        "refunded_at": "退款时间",
        "refunded_amount": "退款金额",
    },
}
HEAD = "订单号,买家,商品,数量,金额,支付时间,发货时间,单号,退款时间,退款金额\n"
FILE = HEAD + (
    '\t3705115058471208929,u1,knit,2,"¥1,099.00",2021-09-25 21:00:00,2021/09/26 10:00,SF1,,\n'
    "3705115058471208929,u1,skirt,1,0.10,2021-09-25 21:00:00,,,,\n"
    '="42",u2,knit,1,5.00,2021-09-25T13:30:00Z,,,2021-09-27,5.00\n'
    "3.70512E+18,u3,knit,1,5.00,2021-09-25 21:00:00,,,,\n"
    "43,u3,knit,one,5.00,2021-09-25 21:00:00,,,,\n"
    "44,,knit,1,5.00,2021-09-25 21:00:00,,,,\n"
    ",,,,,,,,,\n"
    "45,u5,knit,1,5.00,soon,,,,\n"
)


def without_revision(event: Event) -> dict[str, Any]:
    """Return an event's data without its revision, which depends on the time of the import."""
    data: Any = event["data"]
    return {name: value for name, value in data.items() if name != "revision"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_rows_of_one_order_become_one_order(encoding: str, valid: Valid) -> None:
    """Rows of one order become one order, whatever the export's encoding."""
    found = valid(import_csv(FILE.encode(encoding), ORDERS, "//test").events)
    assert [event["type"] for event in found] == [
        "live.order.paid",
        "live.order.shipped",
        "live.order.paid",
        "live.order.refunded",
        "live.order.paid",
    ]
    assert without_revision(found[0]) == {
        "order": "3705115058471208929",
        "buyer": "u1",
        "currency": "CNY",
        "amount": "1099.10",
        "lines": [
            {"product": "knit", "quantity": 2, "amount": "1099.00"},
            {"product": "skirt", "quantity": 1, "amount": "0.10"},
        ],
    }
    assert found[0]["time"] == "2021-09-25T13:00:00+00:00"
    assert without_revision(found[3]) == {
        "order": "42",
        "refunded_total": "5.00",
        "lines": [{"product": "knit", "quantity": 1, "amount": "5.00"}],
    }


def test_every_row_has_its_report() -> None:
    """Every row has its report: what it became, or which column is wrong and why."""
    reports = {report.row: report for report in import_csv(FILE.encode(), ORDERS, "//test").rows}
    assert {row: report.events for row, report in reports.items() if report.ok} == {2: 2, 3: 0, 4: 2, 7: 1}
    assert {row: report.column for row, report in reports.items() if not report.ok} == {
        5: "订单号",
        6: "数量",
        9: "支付时间",
    }
    assert reports[5].detail == "is rounded to scientific notation; export the column as text"
    assert ("has no buyer: the order counts without one",) == reports[7].warnings


def test_the_same_file_twice_is_the_same_events() -> None:
    """The same file twice, or longer, says the same events; equal rows of one file stay two."""
    options = {
        "kind": "audience",
        "subject": "s1",
        "type": "live.like.sent",
        "columns": {"time": "t", "count": "n"},
    }
    text = "t,n\n1632574800,3\n1632574800,3\n1632574800,4\n"
    first, again, longer = (
        [event["id"] for event in import_csv(data.encode(), options, "//test").events]
        for data in (text, text, text + "1632574800,3\n")
    )
    assert first == again
    assert first == longer[:3]
    assert len(set(longer)) == 4


def test_figures_of_the_audience_become_samples(valid: Valid) -> None:
    """Figures of the audience become samples; an empty cell is absent, a wrong one keeps its row out."""
    options = {
        "kind": "audience",
        "subject": "s1",
        "timezone": "Asia/Tokyo",
        "columns": {"time": "時刻", "concurrent": "同時", "gmv_total": "GMV", "average_watch_seconds": "平均"},
    }
    text = (
        '時刻,同時,GMV,平均\n2021-09-25 22:00,"1,280","¥481,888.00",10:34\n2021-09-25 22:01,--,,\n2021-09-25 22:02,-5,,\n,1,,\n'
    )
    found = import_csv(text.encode(), options, "//test")
    assert [event["data"] for event in valid(found.events)] == [
        {"concurrent": 1280, "gmv_total": "481888.00", "average_watch_seconds": 634.0},
        {},
    ]
    assert found.events[0]["time"] == "2021-09-25T13:00:00+00:00"
    assert [report.ok for report in found.rows] == [True, True, False, False]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("1,u1,a,1,,2021-09-25,,,,\n", "neither an amount nor an amount for every line"),
    ],
)
def test_an_order_that_contradicts_itself_is_not_imported(rows: str, reason: str) -> None:
    """An order whose rows contradict each other is not imported, and each of its rows says why."""
    found = import_csv((HEAD + rows).encode(), ORDERS, "//test")
    assert found.events == ()
    assert all(reason in str(report.detail) for report in found.rows)


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"", "订单号,订单号\n".encode(), b'a,"b\n', b"a,b\n1,2\n", b"PK\x03\x04zip"])
def test_a_file_that_cannot_be_read_says_so(data: bytes) -> None:
    """A file that cannot be read, or has not the columns, says so as a whole."""
    with pytest.raises(BadFile):
        import_csv(data, ORDERS, "//test")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "shoes"},
        {"columns": {"order": "a"}},
        {"columns": {**ORDERS["columns"], "colour": "c"}},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"subject": ""},
        {"kind": "audience", "type": "live.nothing"},
    ],
)
def test_columns_that_cannot_work_are_refused(change: dict[str, Any]) -> None:
    """Options that cannot work are refused before the file is read."""
    with pytest.raises(Misconfigured):
        import_csv(FILE.encode(), {**ORDERS, **change}, "//test")
