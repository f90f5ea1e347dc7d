"""Which column is which field: by the headings of platforms' exports, and by the cells where the headings do not say it."""

import io
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, strategies as st

from app.imports import column_guess
from app.imports.column_guess import NEEDED, SeenRows, guess, missing
from app.imports.column_names import NAMES
from app.imports.table_survey import survey_table
from tests.properties import examples

ORDERS = {
    "zh": ("订单号", "买家", "商品编码", "数量", "实付", "支付时间"),
    "ja": ("注文番号", "購入者", "商品コード", "数量", "実付金額", "支払日時"),
    "en": ("Order Number", "Buyer ID", "Product code", "Qty", "Line_total", "Paid at"),
}
FIELDS = ("order", "buyer", "product", "quantity", "line_amount", "paid_at")
ROW = ("3705115058471208928", "o9hHn5", "knit-01", "1", "1099.00", "2021-09-25 13:31:07")


def _seen(headings: tuple[str, ...], *rows: tuple[str, ...], whole: bool = True) -> SeenRows:
    return SeenRows(headings, rows, whole)


def _guessed(kind: str, seen: SeenRows, **chosen: str | None) -> dict[str, tuple[str, str]]:
    return {field: (one.heading, one.by) for field, one in guess(kind, seen, chosen).items()}


@pytest.mark.parametrize("language", ORDERS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "shift_jis", "utf-16"])
def test_a_file_of_orders_is_understood(language: str, encoding: str) -> None:
    """In each language and encoding, below two rows of a title, with a separator of its own."""
    text = "\r\n".join(("店舗 A", "", "\t".join(ORDERS[language]), "\t".join(ROW)))
    try:
        file = io.BytesIO(text.encode(encoding))
    except UnicodeEncodeError:
        file = io.BytesIO(text.encode())
    found = survey_table(file, "orders")
    assert (3, "\t") == (found.layout.heading_row, found.layout.separator)
    expected = {field: (heading, "name") for field, heading in zip(FIELDS, ORDERS[language], strict=True)}
    assert expected == _guessed("orders", found.seen)


def test_a_workbook_is_understood_whatever_its_first_sheet_is() -> None:
    """The sheet whose headings are known is taken; its dates are times."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.add_worksheet("集計").write_row(0, 0, ["合計", 12])
        sheet = book.add_worksheet("注文")
        sheet.write_row(2, 1, ORDERS["ja"])
        sheet.write_row(3, 1, ROW)
    found = survey_table(file, "orders")
    assert ("注文", 3, ["集計", "注文"]) == (found.layout.sheet, found.layout.heading_row, found.sheets)
    assert set(FIELDS) == guess("orders", found.seen, {}).keys()


def test_shopify_calls_the_number_of_an_order_its_name() -> None:
    """In its own export; in any other file a name is a name. The subtotal of an order is no amount of a line."""
    shopify = ("Name", "Email", "Paid at", "Subtotal", "Total", "Lineitem quantity", "Lineitem price", "Lineitem sku")
    found = _guessed("orders", _seen(shopify))
    assert {"order": "Name", "unit_price": "Lineitem price", "amount": "Total", "product": "Lineitem sku"}.items() <= {
        field: heading for field, (heading, _) in found.items()
    }.items()
    assert "line_amount" not in found
    assert "order" not in _guessed("orders", _seen(("Name", "Qty", "Paid at")))


@pytest.mark.parametrize(
    ("headings", "found"),
    [
        # What was paid, not what was asked for.
        (("订单编号", "总金额", "买家实际支付金额", "宝贝总数量"), {"amount": "买家实际支付金额", "quantity": "宝贝总数量"}),
        (
            ("订单号", "商品单价", "商品实际成交金额", "商品已退款金额"),
            {"line_amount": "商品实际成交金额", "refunded_amount": "商品已退款金额"},
        ),
        (("注文番号", "単価", "個数", "請求金額", "クーポン割引額"), {"unit_price": "単価", "amount": "請求金額"}),
        # A price that something reduces is not what was paid: it is asked for.
        (("主订单编号", "商品单价", "优惠总金额"), {"unit_price": None}),
        (("Order", "Unit price", "Discount"), {"unit_price": None}),
        (("Order", "Unit price", "Payment method"), {"unit_price": "Unit price"}),
    ],
)
def test_amounts_that_were_paid_are_guessed(headings: tuple[str, ...], found: dict[str, str | None]) -> None:
    """As the exports of Taobao, Youzan, Rakuten and Douyin are headed."""
    guessed = _guessed("orders", _seen(headings))
    assert found == {field: guessed[field][0] if field in guessed else None for field in found}


def test_cells_decide_where_one_column_alone_fits() -> None:
    """Numbers of orders, times, pieces; amounts only where no order leaves open what they add up to."""
    headings = ("A", "B", "商品编码", "C", "D")
    rows = (("20260925100001", "2026-09-25 14:05:00", "knit-01", "1", "10.00"),
            ("20260925100001", "2026-09-25 14:05:00", "coat-02", "1", "20.00"),
            ("20260925100002", "2026-09-25 14:06:00", "knit-01", "1", "10.00"))  # fmt: skip
    content = {"order": ("A", "content"), "paid_at": ("B", "content"), "quantity": ("C", "content")}
    product = {"product": ("商品编码", "name")}
    assert content | product | {"line_amount": ("D", "content")} == _guessed("orders", _seen(headings, *rows))
    repeated = tuple((*row[:4], "30.00") for row in rows)
    assert content | product == _guessed("orders", _seen(headings, *repeated))
    single = (rows[0], rows[2])
    assert ("D", "content") == _guessed("orders", _seen(headings, *single))["amount"]
    assert "amount" not in _guessed("orders", _seen(headings, *single, whole=False))
    several = tuple((*row[:3], "2", row[4]) for row in rows)
    assert not {"line_amount", "amount", "unit_price"} & _guessed("orders", _seen(headings, *several)).keys()
    shipping = (*headings[:4], "运费")
    assert content | product == _guessed("orders", _seen(shipping, *rows))


@pytest.mark.parametrize(
    ("field", "cells", "named", "others"),
    [
        ("paid_at", ("2026-09-25 14:05", "2026-09-26 14:05"), ("A", "成交于", "付款完成", "決済完了", "成約"),
         ("发货截止时间", "预计送达", "希望日", "お届け予定", "生年月日", "Expires", "Ship by", "最后修改", "会員登録", "Completed", "导出")),
        ("quantity", ("1", "3", "2"), ("A", "购入量", "注文個", "Pcs"),
         ("会员等级", "年齢", "库存", "Loyalty points", "退货", "次数", "門店コード", "Rank", "出生年", "Stock left")),
        ("order", ("13800000001", "13800000002", "13800000003"), ("A", "单据", "受注", "Reference"),
         ("买家电话", "郵便番号", "会员卡号", "运单", "JAN", "Barcode", "Mobile", "店舗")),
    ],
)  # fmt: skip
def test_a_heading_that_says_something_else_is_asked_for(
    field: str, cells: tuple[str, ...], named: tuple[str, ...], others: tuple[str, ...]
) -> None:
    """A deadline is no payment, a level no pieces, a phone no order, although no other column has such cells."""
    for heading in (*named, *others):
        found = _guessed("orders", _seen(("商品编码", heading), *(("knit-01", cell) for cell in cells)))
        assert (heading in named) == (field in found), heading


def test_two_columns_that_fit_are_asked_for() -> None:
    """Two times, two codes, two columns of one name, a column that counts rows."""
    rows = tuple((f"2026092510000{n}", f"8801000{n}00", "2026-09-25 14:05", "2026-09-25 15:05", str(n)) for n in (1, 2, 3))
    assert {} == _guessed("orders", _seen(("A", "B", "C", "D", "E"), *rows))
    assert {} == _guessed("orders", _seen(("数量#1", "数量#2")))
    assert [["order"], ["product"]] == missing("orders", ["quantity", "paid_at", "amount"])
    assert [["line_amount", "unit_price", "amount"]] == missing("orders", ["order", "product", "quantity", "paid_at"])


def test_what_is_chosen_is_left_alone() -> None:
    """A chosen column is no other field's; a field without a column is not guessed."""
    seen = _seen(ORDERS["zh"], ROW)
    found = _guessed("orders", seen, buyer=None, amount="实付")
    assert not {"buyer", "amount", "line_amount"} & found.keys()
    assert {"order", "product", "quantity", "paid_at"} == found.keys()


@pytest.mark.parametrize("kind", NAMES)
def test_every_known_heading_names_its_field(kind: str) -> None:
    """Alone in a file, in any case and width; needed fields have names."""
    assert {field for group in NEEDED[kind] for field in group} <= NAMES[kind].keys()
    for field, names in NAMES[kind].items():
        for name in names:
            for written in (name, f" {name.upper()} ", name.replace(" ", "_"), f"{name}（必須）"):
                assert {field: (written, "name")} == _guessed(kind, _seen((written,))), written


@given(
    headings=st.lists(st.text(max_size=8), min_size=1, max_size=6, unique=True),
    rows=st.lists(st.lists(st.text(max_size=8), max_size=7), max_size=5),
    kind=st.sampled_from(sorted(NAMES)),
    chosen=st.dictionaries(st.sampled_from(sorted(NAMES["orders"])), st.none() | st.text(max_size=8), max_size=4),
)
@examples(150)
def test_any_table_is_guessed_without_a_fault(headings: list[str], rows: list[list[str]], kind: str, chosen: Any) -> None:
    """Each guessed column is one of the file's, no column is two fields', and what is chosen stays as it is."""
    found = guess(kind, SeenRows(headings, rows, whole=True), chosen)
    columns = [one.heading for one in found.values()]
    assert {*columns} <= {*headings}
    assert len(columns) == len({*columns})
    assert not found.keys() & chosen.keys()
    assert not {*columns} & {*chosen.values()}


def test_each_cell_is_looked_for_a_total_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of thousands of columns takes time by its cells, not by their square."""
    looked: list[str] = []

    def look(cell: str) -> bool:
        looked.append(cell)
        return False

    monkeypatch.setattr(column_guess, "says_total", look)
    headings = [f"h{number}" for number in range(300)]
    guess("orders", SeenRows(headings, [["1"] * 300] * 10, whole=True), {})
    assert 3_000 == len(looked)
