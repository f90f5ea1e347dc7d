"""Any shape of a table gives the events of its plain form; workbooks read as an independent reader reads them."""

import io
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, strategies as st

from app.adapters.protocol import Event
from app.imports.csv_cells import BadFile
from app.imports.csv_import import Import
from app.imports.workbooks.workbook_rows import Workbook
from tests.imports.slow_tables import slow_rows
from tests.properties import examples

NOW = datetime(2026, 10, 1, tzinfo=UTC)
HEADINGS = ("订单号", "買家", "Code", "数量", "实付 (元)", "支付时间")
FIELDS = ("order", "buyer", "product", "quantity", "line_amount", "paid_at")
OPTIONS: dict[str, Any] = {"kind": "orders", "subject": "s1", "columns": dict(zip(FIELDS, HEADINGS, strict=True))}
_TEXT = st.text(st.sampled_from([*"aZ9_ー買家联通é", '"', "'", ",", ";", "\t", " ", "\n", "|"]), min_size=1, max_size=8).map(
    lambda text: f"x{text.strip()}x"
)
_ROW = st.tuples(
    st.integers(1, 5).map(lambda number: f"4980000000000000{number:03d}"),
    _TEXT,
    st.integers(1, 99),
    st.integers(1, 10**7).map(lambda cents: f"{cents / 100:.2f}"),
)
_SEPARATORS = st.sampled_from([",", ";", "\t", "|"])
_ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"])
_ENDS = st.sampled_from(["\n", "\r\n"])


def _events(data: bytes) -> list[Event]:
    return [event for group in Import(io.BytesIO(data), OPTIONS, "//test", NOW).groups() for event in group.events]


def _table(rows: list[tuple[str, str, int, str]]) -> list[list[str]]:
    found = [list(HEADINGS)]
    for order, product, quantity, amount in rows:
        found.append([order, f"b{order}", product, str(quantity), amount, "2026-09-25 14:05:00"])
    return found


def _plain(table: list[list[str]]) -> bytes:
    return "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in table).encode()


def _quoted(cell: str, separator: str, style: int) -> str:
    needed = any(character in cell for character in ('"', "\n", "\r", separator))
    if not needed and style % 3 == 0:
        return cell
    blanks = {0: "", 1: " ", 2: "\u3000"}[style % 3]
    return f'{blanks}"{cell.replace(chr(34), chr(34) * 2)}"{blanks}'


@given(
    st.lists(_ROW, min_size=1, max_size=6), _SEPARATORS, _ENCODINGS, _ENDS, st.integers(0, 3), st.integers(0, 3),
    st.lists(st.integers(0, 8), min_size=60, max_size=60), st.permutations(range(6)),
)  # fmt: skip
@examples(60)
def test_any_shape_gives_the_events_of_the_plain_form(
    rows: list[tuple[str, str, int, str]], separator: str, encoding: str, end: str, above: int, empty: int, styles: list[int],
    columns: list[int],
) -> None:  # fmt: skip
    """Separator, encoding, line ends, lines above, empty columns, order of columns, quotes and a total change no event."""
    table = _table(rows)
    choose = iter(styles * 10)
    lines = [separator.join(["report", *[""] * 3]) for _ in range(above)]
    for number, row in enumerate(table):
        cells = [_quoted(row[column], separator, next(choose)) for column in columns]
        lines.append(separator.join([*cells, *[""] * empty]))
        if number == len(table) - 1:
            lines.append(separator.join("合计" if column == 2 else "" for column in columns))
    text = end.join(lines) + end
    assert _events(_plain(table)) == _events(text.encode(encoding))


@given(st.lists(_ROW, min_size=1, max_size=6), st.integers(0, 2), st.booleans())
@examples(25)
def test_a_workbook_gives_the_events_of_the_plain_form(rows: list[tuple[str, str, int, str]], above: int, numbers: bool) -> None:
    """Cells of numbers and of times, or all cells as texts: the events are those of the CSV form."""
    table = _table(rows)
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet, moment = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for line, row in enumerate(table, above):
            for column, cell in enumerate(row):
                if numbers and line > above and column in {3, 4}:
                    sheet.write_number(line, column, float(cell))
                elif numbers and line > above and column == 5:
                    sheet.write_datetime(line, column, datetime.fromisoformat(cell), moment)
                else:
                    sheet.write_string(line, column, cell)
    plain, found = _events(_plain(table)), _events(file.getvalue())
    if numbers:
        # A cell of numbers has no trailing zeros: the amounts are equal, not their texts.
        plain, found = (_with_amounts_as_numbers(events) for events in (plain, found))
    assert plain == found


def _with_amounts_as_numbers(events: list[Event]) -> list[Event]:
    def numeric(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: float(item) if name == "amount" else numeric(item) for name, item in value.items() if name != "id"}
        return [numeric(item) for item in value] if isinstance(value, list) else value

    return [numeric(event) for event in events]


_CELL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(-1e14, 1e14, allow_nan=False).map(lambda value: round(value, 4)),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=12).filter(
        lambda text: not text.startswith("_x") and text.strip() == text
    ),
    st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001
    st.integers(0, 86_399).map(lambda seconds: (datetime(2000, 1, 1) + timedelta(seconds=seconds)).time()),  # noqa: DTZ001
)


@given(st.lists(st.lists(_CELL, max_size=5), max_size=8))
@examples(60)
def test_cells_of_a_workbook_are_those_of_an_independent_reader(rows: list[list[Any]]) -> None:
    """The reader and openpyxl show every cell as the same text."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        formats = {kind: book.add_format({"num_format": kind}) for kind in ("yyyy-mm-dd hh:mm:ss", "hh:mm:ss")}
        writers: dict[type, Callable[..., Any]] = {bool: sheet.write_boolean, int: sheet.write_number, float: sheet.write_number}
        for line, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(line, column, cell)
                elif type(cell) in writers:
                    writers[type(cell)](line, column, cell)
                elif cell is not None:
                    shown = "yyyy-mm-dd hh:mm:ss" if isinstance(cell, datetime) else "hh:mm:ss"
                    sheet.write_datetime(line, column, cell, formats[shown])
    found: list[list[str]] = []
    book_read = Workbook(io.BytesIO(file.getvalue()))
    for number, cells in book_read.rows(book_read.sheets[0]):
        found += [[] for _ in range(number - 1 - len(found))]
        while cells and not cells[-1]:
            cells.pop()
        found.append(cells)
    while found and not found[-1]:
        found.pop()
    assert slow_rows(io.BytesIO(file.getvalue())) == found


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe", b"\xfe\xff"])
)
@examples(250)
def test_any_bytes_are_a_table_or_a_bad_file(data: bytes, magic: bytes) -> None:
    """Garbage ends in a sentence, never in another error."""
    with pytest.raises(BadFile):
        _events(magic + data)


def _empty_workbook() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2026, 1, 1)})  # noqa: DTZ001
        sheet = book.add_worksheet()
        for column, heading in enumerate(HEADINGS):
            sheet.write(0, column, heading)
    return file.getvalue()


EMPTY = _empty_workbook()


@given(st.lists(st.tuples(st.integers(4, 4_000), st.integers(0, 255)), min_size=1, max_size=20))
@examples(100)
def test_a_damaged_workbook_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    """A workbook with changed bytes opens with the cells that it has left, or ends in a sentence."""
    damaged = bytearray(EMPTY)
    for place, byte in changes:
        damaged[place] = byte
    with suppress(BadFile):
        assert [] == _events(bytes(damaged))
