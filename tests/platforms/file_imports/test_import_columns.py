"""The columns of an import are guessed by the server, and the receipt says so; what the file does not tell is asked for by name."""

import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import xlsxwriter

from app.catalogue.access import Role
from tests.conftest import KeyMaker
from tests.platforms.conftest import ROOM, Connect

ORDERS = """订单号,买家,货物,数量,实付,支付时间
3705115058471208928,o1,knit-01,1,1099.00,2021-09-25 13:31:07
3705115058471208928,o1,coat-02,2,2000.00,2021-09-25 13:31:07
"""


async def _post(client: httpx.AsyncClient, path: str, file: str | bytes, **options: Any) -> httpx.Response:
    files, data = {"file": ("orders.csv", file)}, {"options": json.dumps(options)}
    return await client.post(f"/v1/imports{path}", files=files, data=data)


async def test_headings_are_read_and_guessed_and_nothing_is_stored(client: httpx.AsyncClient, keys: KeyMaker) -> None:
    """With examples of the cells, and the fields that are missing; a viewer may not ask."""
    answer = await _post(client, "/columns", ORDERS, kind="orders")
    assert 200 == answer.status_code, answer.text
    found = answer.json()
    assert ["订单号", "买家", "货物", "数量", "实付", "支付时间"] == [one["heading"] for one in found["headings"]]
    assert ["knit-01", "coat-02"] == found["headings"][2]["examples"]
    assert {"heading": "订单号", "by": "name"} == found["guessed"]["order"]
    assert ([["product"]], 1, "utf-8", ",") == tuple(found[name] for name in ("missing", "heading_row", "encoding", "separator"))
    chosen = await _post(client, "/columns", ORDERS, kind="orders", columns={"product": "货物", "buyer": None}, guess=True)
    assert ([], False) == (chosen.json()["missing"], "buyer" in chosen.json()["guessed"])
    wrong = await _post(client, "/columns", ORDERS, kind="nothing")
    assert 422 == wrong.status_code
    for bad in ("", "<html><table></table></html>", "1,2,3\n4,5,6\n"):
        assert 422 == (await _post(client, "/columns", bad, kind="orders")).status_code, bad
    refused = await client.post("/v1/imports/columns", headers=await keys(Role.VIEWER))
    assert 403 == refused.status_code


async def test_what_is_guessed_stands_in_the_receipt(
    client: httpx.AsyncClient, new_session: Connect, kpis: Callable[..., Any]
) -> None:
    """Of a dry run and of the import; chosen columns are not guessed; without `guess` and with columns, nothing is."""
    session = await new_session(("wechat", ROOM))
    asked = {"kind": "orders", "subject": f"wechat:{ROOM}", "columns": {"product": "货物"}, "guess": True}
    for path in ("?dry_run=true", ""):
        answer = await _post(client, path, ORDERS, **asked)
        assert 200 == answer.status_code, answer.text
        file = answer.json()["file"]
        names = ("order", "buyer", "quantity", "line_amount", "paid_at")
        assert dict.fromkeys(names, "name") == file["guessed_columns"]
        assert "columns" in file["guessed"]
        assert ({"product": 3, "order": 1}.items() <= file["columns"].items(), "货物") == (True, file["headings"]["product"])
    assert "3099.00" == (await kpis(session["id"]))["gmv"]
    given = {"order": "订单号", "product": "货物", "quantity": "数量", "line_amount": "实付", "paid_at": "支付时间"}
    exact = (await _post(client, "", ORDERS, **asked | {"columns": given, "guess": None})).json()["file"]
    assert ({}, False, given.keys()) == (exact["guessed_columns"], "columns" in exact["guessed"], exact["columns"].keys())


async def test_a_column_that_cannot_be_told_is_asked_for_by_name(client: httpx.AsyncClient, new_session: Connect) -> None:
    """One error per field, with a code; nothing of the file is stored."""
    await new_session(("wechat", ROOM))
    headings = "注文番号,品目,個数,金額A,金額B,日付\n"
    row = "20260925-1001,knit-01,1,1.00,2.00,2021-09-25 13:31\n"
    answer = await _post(client, "", headings + row, kind="orders", subject=f"wechat:{ROOM}")
    assert 422 == answer.status_code
    errors = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert [("/options/columns/product", "column_needed"), ("/options/columns/line_amount", "column_needed")] == errors


async def test_a_workbook_needs_no_typed_heading(
    client: httpx.AsyncClient, new_session: Connect, kpis: Callable[..., Any]
) -> None:
    """Its headings are read by the server, and its columns guessed."""
    session = await new_session(("wechat", ROOM))
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("明細")
        sheet.write_row(0, 0, ["注文番号", "商品コード", "数量", "単価", "支払日時"])
        sheet.write_row(1, 0, ["20260925-1001", "knit-01", 2, 50, "2021-09-25 13:31:07"])
    found = (await _post(client, "/columns", file.getvalue(), kind="orders")).json()
    assert ("workbook", "明細", []) == (found["format"], found["sheet"], found["missing"])
    answer = await _post(client, "", file.getvalue(), kind="orders", subject=f"wechat:{ROOM}")
    assert "単価" == answer.json()["file"]["headings"]["unit_price"]
    assert "100.00" == (await kpis(session["id"]))["gmv"]


async def test_other_kinds_are_guessed_too(client: httpx.AsyncClient) -> None:
    """Rates with what is the same in every row, and products."""
    rates = "日付,TTM\n2021-09-25,17.09\n"
    constants = {"from": "CNY", "to": "JPY", "kind": "TTM", "source": "bank"}
    answer = await _post(client, "", rates, kind="exchange_rates", constants=constants)
    assert (1, {"date": "name", "rate": "name"}) == (answer.json()["accepted"], answer.json()["file"]["guessed_columns"])
    missing = await _post(client, "", rates, kind="exchange_rates", constants={"from": "CNY"})
    assert ["/options/columns/to", "/options/columns/kind", "/options/columns/source"] == [
        error["pointer"] for error in missing.json()["errors"]
    ]
    products = "品番,商品名,素材\nknit-01,ニット,wool\n"
    answer = await _post(client, "", products, kind="products", brand="maison-k")
    assert (1, {"code", "name_ja", "material"}) == (answer.json()["accepted"], {*answer.json()["file"]["guessed_columns"]})


@pytest.mark.usefixtures("reading_process")
async def test_options_are_bounded_and_reach_the_reading_process_whole(client: httpx.AsyncClient) -> None:
    """Whatever characters they have: an argument of a process has a largest length in bytes."""
    for options, rule in (
        ({"kind": "orders", "x": "😀" * 19_900}, "extra_forbidden"),  # said by the process
        ({"kind": "orders", "x": "a" * 20_000}, "string_too_long"),
    ):
        sent = {"options": json.dumps(options, ensure_ascii=False)}
        answer = await client.post("/v1/imports/columns", files={"file": ("a.csv", ORDERS)}, data=sent)
        assert (422, [rule]) == (answer.status_code, [error["code"] for error in answer.json()["errors"]]), answer.text


async def test_what_cannot_be_stored_is_refused_before_the_import(client: httpx.AsyncClient, new_session: Connect) -> None:
    """U+0000 in an option that the file does not need: nothing is stored, and nothing fails after the commit."""
    session = await new_session(("wechat", ROOM))
    for option in ({"sheet": "a\0"}, {"source": "\0"}, {"separator": "\0"}, {"columns": {"product": "货物\0"}}, {"\0": [["\0"]]}):
        answer = await _post(client, "", ORDERS, kind="orders", subject=session["id"], **({"guess": True} | option))
        assert (422, "/options") == (answer.status_code, answer.json()["errors"][0]["pointer"]), answer.text
    assert [] == (await client.get(f"/v1/sessions/{session['id']}/imports")).json()["imports"]
    asked = {"kind": "or\0ders", "source": "\0"}
    assert [] == (await client.get("/v1/imports/options", params=asked)).json()["imports"]
