"""Errors in cells of xls, xlsb and ods files are neither values nor empty, as in xlsx files."""

import io
import struct
from collections.abc import Callable

import openpyxl
import pytest

from app.imports.table_heading import BadFile
from app.imports.workbooks.compound_file import DamagedCompoundFile, stream_of
from app.imports.workbooks.workbook_rows import Workbook
from tests.imports.error_files import Cell, ErrorCell, Formula, NoValue, Rows, compound_file, ods, ods_of, xls, xls_stream, xlsb
from tests.imports.order_table import HEAD, ROW, imported

Writer = Callable[[Rows], bytes]
_ROW: list[Cell] = [*ROW]
_OTHER: list[Cell] = ["A2", "u2", *_ROW[2:]]
_NA, _REF = ErrorCell(0x2A, "#N/A"), ErrorCell(0x17, "#REF!", formula=True)


def _read(data: bytes) -> tuple[set[str], dict[int, tuple[bool, str | None]]]:
    events, rows = imported(data)
    return {event["data"]["order"] for event in events}, {row.row: (row.ok, row.code) for row in rows}


def _with(column: int, cell: Cell) -> Rows:
    return [HEAD, [*_ROW[:column], cell, *_ROW[column + 1 :]], _OTHER]


@pytest.mark.parametrize("written", [xls, xlsb, ods])
@pytest.mark.parametrize("error", [_NA, _REF])
@pytest.mark.parametrize("column", [0, 2, 3, 4, 5, 6])
def test_an_order_of_which_a_cell_is_an_error_is_not_imported(written: Writer, error: ErrorCell, column: int) -> None:
    """The reader of values calls such a cell empty: an order without a refund, which has one."""
    assert ({"A2"}, {2: (False, "spreadsheet_error"), 3: (True, None)}) == _read(written(_with(column, error)))


@pytest.mark.parametrize("written", [xls, xlsb, ods])
def test_a_file_without_errors_is_taken_whole(written: Writer) -> None:
    """Also with a formula that has its value, and with cells that are empty."""
    assert {"A1", "A2"} == _read(written(_with(6, Formula(30))))[0]
    assert {"A1", "A2"} == _read(written(_with(6, None)))[0]


@pytest.mark.parametrize("written", [xls, xlsb, ods])
def test_an_error_is_found_where_it_stands(written: Writer) -> None:
    """Below rows that are empty, right of columns that are empty."""
    data = written([[], [None, None, *HEAD], [], [None, None, *_ROW[:6], _NA], [None, None, *_OTHER]])
    assert ({"A2"}, {4: (False, "spreadsheet_error"), 5: (True, None)}) == _read(data)


@pytest.mark.parametrize("written", [xls, xlsb, ods])
@pytest.mark.parametrize("code", [(0x00, "#NULL!"), (0x07, "#DIV/0!"), (0x0F, "#VALUE!"), (0x1D, "#NAME?"), (0x24, "#NUM!")])
def test_errors_have_their_names(written: Writer, code: tuple[int, str]) -> None:
    """As the spreadsheet shows them."""
    rows = dict(Workbook(io.BytesIO(written(_with(6, ErrorCell(*code))))).rows("data"))
    assert code[1] == rows[2][6]


@pytest.mark.parametrize("written", [xls, ods])
def test_a_formula_without_its_value_is_not_empty(written: Writer) -> None:
    """Libraries write formulas that they cannot compute."""
    assert {"A2"} == _read(written(_with(6, NoValue())))[0]


def test_an_empty_text_of_a_computed_sheet_is_empty() -> None:
    """In xls files a formula without its value looks the same; another one with a value tells that the sheet was computed."""
    assert {"A1", "A2"} == _read(xls([*_with(6, NoValue())[:2], [*_OTHER[:6], Formula(30)]]))[0]


def test_errors_of_a_large_xls_file() -> None:
    """Streams over 4,096 bytes are stored in other sectors."""
    rows = [*_with(6, _NA), *([f"B{number}", *_OTHER[1:]] for number in range(60))]
    assert len(xls_stream(rows)) > 4096
    orders, report = _read(xls(rows))
    assert (61, (False, "spreadsheet_error")) == (len(orders), report[2])


def _as_excel(cell: Cell) -> str:
    shown = cell.shown if isinstance(cell, ErrorCell) else str(cell)
    kind = 'office:value-type="float" office:value="0"' if isinstance(cell, ErrorCell) else 'office:value-type="string"'
    return f"<table:table-cell {kind}><text:p>{shown}</text:p></table:table-cell>"


def _merged(*ranges: str, order: str = "A2") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (HEAD, _ROW, [order, "u2", *_ROW[2:]], ["A3", *_ROW[1:]]):
        sheet.append(row)
    for cells in ranges:
        sheet.merge_cells(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("column", "CDEFG")
def test_a_merged_cell_of_several_orders_is_named(column: str) -> None:
    """A refund that stands over two orders is neither the first one's alone nor none of the second."""
    orders, rows = _read(_merged(f"{column}2:{column}3"))
    assert ({"A1", "A3"}, (False, "merged_cell")) == (orders, rows[3])


def test_a_merged_buyer_of_several_orders_is_a_warning() -> None:
    """A side fact never refuses the sale."""
    assert {"A1", "A2", "A3"} == _read(_merged("B2:B3"))[0]


def test_the_rows_of_one_order_may_share_merged_cells() -> None:
    """Its buyer, its payment and its refund stand once; a title above the heading and a cell of one row are none."""
    orders, rows = _read(_merged("B2:B3", "F2:F3", "G2:G3", "G4:H4", order="A1"))
    assert ({"A1", "A3"}, {None}) == (orders, {code for _, code in rows.values()})


def test_an_error_whose_value_is_zero_is_an_error() -> None:
    """As several programs write errors into ods files."""
    assert {"A2"} == _read(ods(_with(6, _REF), _as_excel))[0]


def test_a_number_that_is_wider_than_its_column_has_its_value() -> None:
    """An ods file stores both."""
    cell = '<table:table-cell office:value-type="float" office:value="30"><text:p>###</text:p></table:table-cell>'
    data = ods(_with(6, _NA), lambda one: cell if one is _NA else _as_excel(one))
    assert {"A1", "A2"} == _read(data)[0]


def test_repeated_cells_and_rows_and_notes_of_an_ods_file() -> None:
    """A run of equal cells is stored once; a note that quotes an error is none."""

    def text(cell: Cell) -> str:
        return f'<table:table-cell office:value-type="string"><office:annotation><text:p>#REF!</text:p></office:annotation><text:p>{cell}</text:p></table:table-cell>'  # fmt: skip

    def row(cells: list[Cell], more: str = "", times: int = 1) -> str:
        return f'<table:table-row table:number-rows-repeated="{times}">{"".join(map(text, cells))}{more}</table:table-row>'

    error = '<table:table-cell table:number-columns-repeated="2" office:value-type="string" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'  # fmt: skip
    table = row([*HEAD]) + row(_OTHER, times=2) + row(_ROW[:5], error, times=2) + row(_OTHER)
    rows = dict(Workbook(io.BytesIO(ods_of(f'<table:table table:name="data">{table}</table:table>'))).rows("data"))
    shown = {number: cells[5:] for number, cells in rows.items()}
    assert {number: ["#N/A", "#N/A"] for number in (4, 5)} == {number: shown[number] for number in (4, 5)}
    assert {tuple(map(str, _OTHER[5:]))} == {tuple(shown[number]) for number in (2, 3, 6)}


@pytest.mark.parametrize("place", [*range(24, 80, 4), 512, 1024, 1536])
def test_a_damaged_compound_file_is_named(place: int) -> None:
    """Whatever number of it is wrong, the stream is found or the file is refused."""
    for number in (0, 1, 3, 0x7FFF_FFFF, 0xFFFF_FFFF):
        data = bytearray(compound_file(xls_stream(_with(6, _NA))))
        struct.pack_into("<I", data, place, number)
        try:
            found = stream_of(bytes(data), {"WORKBOOK"})
        except DamagedCompoundFile:
            continue
        assert len(found) < 2 * len(data)


def test_an_xls_file_whose_errors_cannot_be_found_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than read without them."""

    def damaged(*_: object) -> bytes:
        raise DamagedCompoundFile

    monkeypatch.setattr("app.imports.workbooks.xls_errors.stream_of", damaged)
    with pytest.raises(BadFile, match="save it as xlsx"):
        _read(xls(_with(6, _NA)))
