"""Decimal marks: mark by the column, by the currency, or asked for; never guessed."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from app.imports.number_notation import BadNumber, Mark, NotationOfColumn, decimal, foreign_currency
from tests.properties import examples


def _found(cells: list[str]) -> tuple[Mark | None, bool, bool]:
    notation = NotationOfColumn()
    for row, cell in enumerate(cells, 2):
        notation.see(row, cell)
    return notation.decimal_mark, notation.contradicts, notation.is_open


def _written(value: Decimal, mark: Mark, grouping: str) -> str:
    text = f"{value:,}" if grouping else f"{value}"
    thousands = {",": ".", ".": ","}[mark] if grouping == "mark" else grouping
    return text.replace(",", "\0").replace(".", mark).replace("\0", thousands)


AMOUNTS = st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100)


@given(
    AMOUNTS.map(lambda value: value.quantize(Decimal("0.01"))),
    st.sampled_from([".", ","]),
    st.sampled_from(["", "mark", " ", "'"]),
)
@examples(250)
def test_an_amount_is_read_in_the_notation_that_it_is_written_in(value: Decimal, mark: Mark, grouping: str) -> None:
    """Every amount with two decimals is read back exactly, and its column tells the mark."""
    cell = _written(value, mark, grouping)
    assert value == Decimal(decimal(cell, mark))
    assert (mark, False) == _found([cell])[:2]


@given(AMOUNTS, st.sampled_from([".", ","]), st.sampled_from(["", "mark"]))
@examples(250)
def test_the_other_notation_is_never_found(value: Decimal, mark: Mark, grouping: str) -> None:
    """Whatever the amount and its decimals: the column tells the mark that it is written with, or none."""
    assert _found([_written(value, mark, grouping)])[0] in {mark, None}


@pytest.mark.parametrize(
    ("cells", "mark", "contradicts", "is_open"),
    [
        (["12,50", "1.234,50"], ",", False, False),
        (["1,234"], None, False, True),
        (["1.234"], None, False, True),
        (["1.234", "5.5"], ".", False, True),
        (["1,234,567"], ".", False, False),
        (["1.234.567"], ",", False, False),
        (["0,125"], ",", False, False),
        (["1,2", "1.2"], None, True, False),
        (["100", "", "¥1099"], None, False, False),
    ],
)
def test_what_a_column_tells(cells: list[str], mark: Mark | None, *, contradicts: bool, is_open: bool) -> None:
    """Groups of three digits are open; anything else tells the mark."""
    assert (mark, contradicts, is_open) == _found(cells)


@pytest.mark.parametrize(
    ("cell", "mark", "value"),
    [
        ("￥１，２３４．５０元", ".", "1234.50"),
        ("(5.00)", ".", "-5.00"),
        ("5.00-", ".", "-5.00"),
        ("−5", ".", "-5"),
        ("-0.00", ".", "0.00"),
        ("CNY 12.50", ".", "12.50"),
        ("\\12,800", ".", "12800"),
        ("12,34,567.00", ".", "1234567.00"),
        ("1\u202f234,5", ",", "1234.5"),
        (".5", ".", "0.5"),
        ("12.-", ".", "12"),
        ("€ 1.012,–", ",", "1012"),
        ("US$1,200.00", ".", "1200.00"),
        ("-NT$1,200", ".", "-1200"),
        ("100.000 ₫", ",", "100000"),
    ],
)
def test_signs_and_characters_of_spreadsheets(cell: str, mark: Mark, value: str) -> None:
    """Currency signs, full-width characters, minus signs and groups are understood."""
    assert value == decimal(cell, mark)


@pytest.mark.parametrize(
    ("cell", "mark"),
    [
        ("12,50", "."),
        ("1,23,4", "."),
        ("1.5", ","),
        ("", "."),
        ("1件", "."),
        ("1e5", "."),
        ("--5", "."),
        ("100²", "."),
        ("②", "."),
    ],
)
def test_what_is_no_number_is_refused(cell: str, mark: Mark) -> None:
    """A number of the other notation, or none at all, is refused rather than guessed."""
    with pytest.raises(BadNumber):
        decimal(cell, mark)


@pytest.mark.parametrize(
    ("cell", "currency", "sign"),
    [
        ("$5", "CNY", "$"),
        ("¥5", "CNY", None),
        ("¥5", "JPY", None),
        ("USD 5", "CNY", "USD"),
        ("RMB 5", "CNY", None),
        ("€5", "SEK", None),
        ("HK$5", "CNY", "HK$"),
        ("JP¥5", "CNY", "JP¥"),
        ("CN¥5", "CNY", None),
        ("US$5", "USD", None),
        ("A$5", "USD", "A$"),
    ],
)
def test_another_currency_is_named(cell: str, currency: str, sign: str | None) -> None:
    """An amount that is marked with another currency is not taken for one of the import's."""
    assert sign == foreign_currency(cell, currency)
