"""Imports of files as back ends and spreadsheets really write them."""

import gzip
import io
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
import xlsxwriter

from tests.platforms.conftest import ROOM, Connect, Kpis

CN = {"order": "订单号", "buyer": "买家", "product": "商品编码", "quantity": "数量", "line_amount": "实付", "paid_at": "支付时间"}
EN = {"order": "Order", "buyer": "Buyer", "product": "SKU", "quantity": "Qty", "line_amount": "Paid", "paid_at": "Paid at"}
JA = {
    "order": "注文番号",
    "buyer": "購入者",
    "product": "商品コード",
    "quantity": "数量",
    "line_amount": "金額",
    "paid_at": "支払日時",
}
CN_HEAD = "订单号,买家,商品编码,数量,实付,支付时间"
EN_HEAD = "Order,Buyer,SKU,Qty,Paid,Paid at"
JA_HEAD = "注文番号,購入者,商品コード,数量,金額,支払日時"
ROW = "4980000000000000041,买家丁,knit-01,1,1099.00,2026-09-25 14:05:00"
OTHER = "4980000000000000042,买家戊,coat-02,2,901.00,2026-09-25 14:06:00"

Send = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def send(client: httpx.AsyncClient, new_session: Connect) -> Send:
    """A function that imports a file into a session with one room."""
    sessions: dict[str, Any] = {}

    async def post(data: bytes | str, columns: dict[str, str] = CN, **options: Any) -> httpx.Response:
        currency = options.get("currency", "CNY")
        if not sessions:
            sessions.update(await new_session(("wechat", ROOM), currency=currency))
        chosen = {"kind": "orders", "subject": sessions["id"], "columns": columns, **options}
        answer = await client.post("/v1/imports", files={"file": ("orders", data)}, data={"options": json.dumps(chosen)})
        answer.extensions["session"] = sessions["id"]
        return answer

    return post


def _lines(*lines: str, end: str = "\n") -> str:
    return "".join(line + end for line in lines)


WHOLE = _lines(CN_HEAD, ROW, OTHER)


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        (WHOLE, {"encoding": "utf-8", "separator": ",", "heading_row": 1}),
        (WHOLE.encode("utf-8-sig"), {"encoding": "utf-8"}),
        (WHOLE.encode("utf-16"), {"encoding": "utf-16-le"}),
        (b"\xfe\xff" + WHOLE.encode("utf-16-be"), {"encoding": "utf-16-be"}),
        (WHOLE.encode("gb18030"), {"encoding": "gb18030"}),
        (WHOLE.replace(",", ";"), {"separator": ";"}),
        (WHOLE.replace(",", "\t"), {"separator": "\t"}),
        ("sep=;\n" + WHOLE.replace(",", ";"), {"separator": ";", "heading_row": 2}),
        (WHOLE.replace("\n", "\r\n"), {}),
        (WHOLE.replace("\n", "\r"), {}),
        (_lines("店铺订单报表,,,,,", "导出时间：2026-09-26,,,,,", "", CN_HEAD, ROW, OTHER), {"heading_row": 4}),
        (_lines(CN_HEAD + ",,,", ROW + ",,,", OTHER + ",,,"), {}),
        (_lines(CN_HEAD + ",备注,备注,", ROW + ",a,b,", OTHER + ",,,c"), {}),
        (_lines(CN_HEAD, ROW, OTHER, "合计,,,3,2000.00,"), {"total_rows": [4]}),
        (_lines(CN_HEAD, ROW, ",,总计：2笔,3,2000.00,", OTHER), {"total_rows": [3]}),
        (_lines(CN_HEAD, ROW, CN_HEAD, OTHER), {"repeated_headings": [3]}),
        (_lines(CN_HEAD, "", ROW, ",,,,,", OTHER, ""), {}),
        (_lines(CN_HEAD, '"4980000000000000041"\t,买家丁, "knit-01" ,1,"1,099.00",2026-09-25 14:05:00', OTHER), {}),
        (_lines(CN_HEAD, '="4980000000000000041",买家丁,knit-01,１,￥１０９９．００,2026/9/25 14:05', OTHER), {}),
        (_lines(CN_HEAD, "4980000000000000041,买家丁,knit-01,1,1099,46290.5868055556", OTHER), {"serial_dates": ["支付时间"]}),
        (_lines(CN_HEAD, "4980000000000000041,买家丁,knit-01,1,1099,25/09/2026 14:05", OTHER), {"date_order": {"支付时间": "dmy"}}),
        (_lines(CN_HEAD, "4980000000000000041,买家丁,knit-01,1,1099,2026-09-25", OTHER), {"dates": {"支付时间": 1}}),
        (gzip.compress(_lines(CN_HEAD, ROW).encode()) + gzip.compress(_lines(OTHER).encode()), {}),
    ],
)  # fmt: skip
async def test_a_file_is_read_in_the_shape_that_it_has(data: bytes | str, facts: dict[str, Any], send: Send, kpis: Kpis) -> None:
    """Whatever its shape, the file gives the same orders, and the report says how it was read."""
    answer = await send(data)
    assert 200 == answer.status_code, answer.text
    report = answer.json()
    assert facts.items() <= report["file"].items()
    assert 0 == report["failed_rows"]
    figures = await kpis(answer.extensions["session"])
    assert (2, "2000.00", 3) == (figures["orders"], figures["gmv"], figures["units_sold"])


def _workbook(*rows: list[Any], sheets: tuple[str, ...] = ("Orders",)) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for sheet in (book.add_worksheet(name) for name in sheets):
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(number, column, cell, moment)
                    else:
                        sheet.write(number, column, cell)
    return file.getvalue()


PAID = datetime(2026, 9, 25, 14, 5)  # noqa: DTZ001 (a spreadsheet's time has no zone)
TABLE: list[list[Any]] = [CN_HEAD.split(","), ["4980000000000000041", "买家丁", "knit-01", 1, 1099.1, PAID]]


async def test_a_spreadsheet_is_read_as_it_is(send: Send, kpis: Kpis) -> None:
    """Numbers and times of cells are exact, lines above the heading are found, and the sheet is named in the report."""
    answer = await send(_workbook(["报表"], [], *TABLE, ["合计", None, None, 1, 1099.1]))
    assert 200 == answer.status_code, answer.text
    report = answer.json()
    assert ("workbook", "Orders", 3, [5]) == tuple(
        report["file"][name] for name in ("format", "sheet", "heading_row", "total_rows")
    )
    assert ["sheet", "heading_row", "decimal", "timezone"] == report["file"]["guessed"]
    figures = await kpis(answer.extensions["session"])
    assert (1, "1099.10") == (figures["orders"], figures["gmv"])


@pytest.mark.parametrize(
    ("paid_at", "options", "assumed"),
    [
        ("2026-09-25 14:05:00", {}, True),
        ("2026-09-25 14:05:00", {"timezone": "Asia/Tokyo"}, False),
        ("2026-09-25T14:05:00+09:00", {}, False),
    ],
)
async def test_a_time_zone_that_was_assumed_is_told(send: Send, paid_at: str, options: dict[str, str], assumed: bool) -> None:
    """Only where a time needs one."""
    answer = await send(WHOLE.replace("2026-09-25 14:05:00", paid_at).replace("2026-09-25 14:06:00", paid_at), **options)
    file = answer.json()["file"]
    assert (options.get("timezone", "Asia/Shanghai"), assumed) == (file["timezone"], "timezone" in file["guessed"])


async def test_an_order_number_that_a_spreadsheet_rounded_is_refused(send: Send) -> None:
    """A long number in a cell of numbers has lost its digits."""
    answer = await send(_workbook(TABLE[0], [4980000000000000041, *TABLE[1][1:]]))
    assert [(False, "订单号")] == [(row["ok"], row["column"]) for row in answer.json()["rows"]]
    assert "rounded" in answer.json()["rows"][0]["detail"]


@pytest.mark.parametrize(
    ("data", "columns", "options", "pointer"),
    [
        (_lines(EN_HEAD, '1,b,knit,1,"1,250",2026-09-25'), EN, {"currency": "EUR"}, "/options/decimal"),
        (_lines(EN_HEAD, '1,b,knit,1,"12,50",2026-09-25', "2,b,knit,1,12.50,2026-09-25"), EN, {"currency": "EUR"}, "/options/decimal"),
        (_lines(EN_HEAD, "1,b,knit,1.000,12.50,2026-09-25"), EN, {"currency": "EUR"}, None),
        (_lines(EN_HEAD, "1,b,knit,1,12.50,11/12/2026"), EN, {}, "/options/date_order"),
        (_lines(EN_HEAD, "1,買家,knit,1,12.50,2026-11-12").encode("cp932"), EN, {}, "/options/encoding"),
        (_lines(EN_HEAD, "1,caf\xe9,knit,1,12.50,2026-11-12").encode("latin-1"), EN, {}, "/options/encoding"),
        (_lines(EN_HEAD + ",Paid", "1,b,knit,1,12.50,2026-11-12,9"), EN, {}, "/options/columns"),
        (_workbook(*TABLE, sheets=("A", "B")), CN, {}, "/options/sheet"),
        ("Order;Buyer\n1;2\n", EN, {}, "/file"),
        ("<html><table></table></html>", EN, {}, "/file"),
        (_lines(EN_HEAD, '1,b,"knit,1,12.50,2026-11-12', "2,b,knit,1,12.50,2026-11-12"), EN, {}, "/file"),
        (b"PK\x03\x04" + b"no spreadsheet" * 10, EN, {}, "/file"),
    ],
)  # fmt: skip
async def test_what_the_file_does_not_tell_is_asked_for_by_name(
    data: bytes | str, columns: dict[str, str], options: dict[str, Any], pointer: str | None, send: Send
) -> None:
    """An open question refuses the file, and its pointer names the option that answers it."""
    answer = await send(data, columns, **options)
    if pointer is None:
        assert 200 == answer.status_code, answer.text
    else:
        assert (422, [pointer]) == (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]), answer.text


@pytest.mark.parametrize(
    ("data", "columns", "options", "gmv"),
    [
        (_lines(EN_HEAD, '1,b,knit,1,"12,50",2026-09-25', '2,b,knit,1,"1.234,50",2026-09-25'), EN, {"currency": "EUR"}, "1247.00"),
        (_lines(EN_HEAD, '1,b,knit,1,"1,250",2026-09-25'), EN, {"currency": "EUR", "decimal": "."}, "1250.00"),
        (_lines(EN_HEAD, '1,b,knit,1,"1.250",2026-09-25'), EN, {"currency": "EUR", "decimal": ","}, "1250.00"),
        (_lines(EN_HEAD, '1,b,knit,1,"1,250",2026-09-25'), EN, {"currency": "USD"}, "1250.00"),
        (_lines(JA_HEAD, '1,会員A,knit,2,"¥12,800円",2026/09/25 14:05', "2,会員B,knit,1,6400,2026/09/25").replace("¥", "￥").encode("cp932"),
         JA, {"currency": "JPY", "timezone": "Asia/Tokyo"}, "19200"),
        (_lines(EN_HEAD, "1,買家,knit,1,12.50,2026-11-12").encode("cp932"), EN, {"encoding": "shift_jis"}, "12.50"),
        (_lines(EN_HEAD + ",Paid", "1,b,knit,1,12.50,2026-11-12,9"), EN | {"line_amount": "Paid#2"}, {}, "9.00"),
        (_lines(EN_HEAD, "1,b,knit,1,12.50,11/12/2026"), EN, {"date_order": "mdy"}, "12.50"),
    ],
)  # fmt: skip
async def test_whole_columns_and_options_decide(
    data: bytes | str, columns: dict[str, str], options: dict[str, Any], gmv: str, send: Send, kpis: Kpis
) -> None:
    """The notation comes from the whole column, from the currency, or from an option; it is never guessed to a hundredfold."""
    answer = await send(data, columns, **options)
    assert 200 == answer.status_code, answer.text
    assert gmv == (await kpis(answer.extensions["session"]))["gmv"]


async def test_calendar_times_that_happen_twice_or_never_are_in_the_report(send: Send) -> None:
    """The rows are imported, and each carries a warning that says what was assumed."""
    lines = (
        f"{number},b,knit,1,5.00,{time}"
        for number, time in enumerate(("2026-11-01 01:30", "2026-03-08 02:30", "2026-09-25 02:30"))
    )
    report = (await send(_lines(EN_HEAD, *lines), EN, currency="USD", timezone="America/New_York")).json()
    assert ["twice", "never", None] == [
        next((word for word in ("twice", "never") if word in "".join(row["warnings"])), None) for row in report["rows"]
    ]
    assert 3 == report["accepted"]


async def test_rows_with_negative_pieces_are_returns(send: Send, kpis: Kpis) -> None:
    """What they take back is refunded, equal rows too, however the minus sign is written; the same file again adds nothing."""
    sale = "1,b,knit,5,500.00,2026-09-25 14:05"
    returns = (
        "1,b,knit,-1,-100.00,2026-09-27 10:00",
        "1,b,knit,-1,(100.00),2026-09-27 10:00",
        "1,b,knit,-2,200.00-,2026-09-28 10:00",
    )
    data = _lines(EN_HEAD, sale, *returns)
    for repeated in (False, True):
        answer = await send(data, EN)
        assert 0 == answer.json()["failed_rows"], answer.text
        assert repeated == (answer.json()["accepted"] == 0)
        figures = await kpis(answer.extensions["session"])
        names = ("orders", "units_sold", "gmv", "refunded_orders", "refund_amount")
        assert [1, 5, "500.00", 1, "400.00"] == [figures[name] for name in names]


async def test_unreadable_rows_name_themselves_and_their_order(send: Send, kpis: Kpis) -> None:
    """A row with too many cells, a broken quote or a wrong number takes its whole order out, and only its order."""
    data = _lines(
        EN_HEAD,
        "1,b,knit,1,5.00,2026-09-25",
        "1,b,coat,1,1,099.00,2026-09-25",
        '2,b,"knit "grey" wool",1,5.00,2026-09-25',
        "3,b,knit,1 piece,5.00,2026-09-25",
        "4,b,knit,1,$5.00,2026-09-25",
        "5,b,knit,1,5.00,2026-09-25",
    )
    answer = await send(data, EN)
    rows = answer.json()["rows"]
    assert [False, False, False, False, False, True] == [row["ok"] for row in rows]
    wanted = ("row 3", "more cells", "not doubled", "no whole number", "marked $")
    assert all(words in row["detail"] for words, row in zip(wanted, rows, strict=False))
    figures = await kpis(answer.extensions["session"])
    assert (1, "5.00") == (figures["orders"], figures["gmv"])


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(WHOLE.encode()) + b"more", "gzip", 400),
        (gzip.compress(WHOLE.encode())[:-5], "gzip", 400),
        (gzip.compress(WHOLE.encode()) + gzip.compress(b""), "gzip", 200),
        (gzip.compress(gzip.compress(WHOLE.encode())), "gzip", 200),
        (WHOLE.encode(), "br", 415),
    ],
)
async def test_compressed_bodies_are_read_whole_or_refused(
    body: bytes, encoding: str, status: int, client: httpx.AsyncClient, new_session: Connect
) -> None:
    """All members of a gzip body are the file; bytes behind the last one, and a body that is cut off, are refused."""
    session = await new_session(("wechat", ROOM))
    options = json.dumps({"kind": "orders", "subject": session["id"], "columns": CN})
    answer = await client.post(
        "/v1/imports",
        params={"options": options},
        content=body,
        headers={"Content-Type": "text/csv", "Content-Encoding": encoding},
    )
    assert status == answer.status_code, answer.text


async def test_a_file_over_the_limit_is_refused_before_it_is_unpacked(client: httpx.AsyncClient, new_session: Connect) -> None:
    """A bomb of a few kilobytes is 413."""
    session = await new_session(("wechat", ROOM))
    options = json.dumps({"kind": "orders", "subject": session["id"], "columns": CN})
    bomb = gzip.compress(b"0" * (80 * 1024 * 1024), 9)
    answer = await client.post("/v1/imports", files={"file": ("orders.csv.gz", bomb)}, data={"options": options})
    assert 413 == answer.status_code
