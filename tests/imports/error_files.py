"""Workbooks with errors in cells, as xls, xlsb and ods, byte by byte: no library writes them all.

In: rows of cells. Out: files. Never here: what an import makes of them.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from struct import pack
from zipfile import ZipFile


@dataclass(frozen=True)
class ErrorCell:
    """A cell with an error, of a formula or none."""

    code: int
    shown: str
    formula: bool = False


@dataclass(frozen=True)
class NoValue:
    """A formula whose value was not stored."""


@dataclass(frozen=True)
class Formula:
    """A formula with its value."""

    value: float


Cell = str | float | ErrorCell | NoValue | Formula | None
Rows = Sequence[Sequence[Cell]]
_ROOMY = 4096
"""Smaller streams of compound files are stored among others."""


def _record(kind: int, data: bytes) -> bytes:
    return pack("<HH", kind, len(data)) + data


def _xls_cell(row: int, column: int, cell: Cell) -> bytes:
    place = pack("<HHH", row, column, 0)
    formula = pack("<HIH", 0, 0, 3) + b"\x1e\x01\x00"
    match cell:
        case str():
            return _record(0x0204, place + pack("<HB", len(cell), 1) + cell.encode("utf-16-le"))
        case ErrorCell(code, _, formula=False):
            return _record(0x0205, place + pack("<BB", code, 1))
        case ErrorCell(code):
            return _record(0x0006, place + pack("<BBBBHH", 2, 0, code, 0, 0, 0xFFFF) + formula)
        case NoValue():
            return _record(0x0006, place + pack("<BBBBHH", 3, 0, 0, 0, 0, 0xFFFF) + formula)
        case Formula(value):
            return _record(0x0006, place + pack("<d", value) + formula)
        case _:
            return b"" if cell is None else _record(0x0203, place + pack("<d", cell))


def xls_stream(rows: Rows) -> bytes:
    """Return the stream of a BIFF8 workbook with a hidden sheet before that of the rows."""
    begin = [_record(0x0809, pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0)) for kind in (0x0005, 0x0010)]
    end = _record(0x000A, b"")
    names = [(b"hidden", 1), (b"data", 0)]
    lengths = sum(4 + 8 + len(name) for name, _ in names)
    first = len(begin[0]) + lengths + len(end)
    hidden = begin[1] + _xls_cell(0, 0, "nothing") + end
    sheet = begin[1] + b"".join(_xls_cell(*place, cell) for place, cell in _cells(rows)) + end
    bound = b"".join(
        _record(0x0085, pack("<IBBBB", start, state, 0, len(name), 0) + name)
        for (name, state), start in zip(names, (first, first + len(hidden)), strict=True)
    )
    return begin[0] + bound + end + hidden + sheet


def _cells(rows: Rows) -> list[tuple[tuple[int, int], Cell]]:
    return [((number, column), cell) for number, row in enumerate(rows) for column, cell in enumerate(row)]


def compound_file(stream: bytes) -> bytes:
    """Return a compound file with one stream; one under 4,096 bytes is stored in small sectors."""
    small = len(stream) < _ROOMY
    size, none, last = 512, 0xFFFF_FFFF, 0xFFFF_FFFE
    content = stream.ljust(-(-len(stream) // size) * size, b"\0")
    sectors = len(content) // size
    # Sector 0: the table; 1: the directory; 2: the table of small sectors; then the content.
    follow = [0xFFFF_FFFD, last, last, *range(4, 3 + sectors), last]
    table = pack("<128I", *(follow + [none] * (128 - len(follow))))
    smalls = -(-len(stream) // 64) if small else 0
    small_table = pack("<128I", *([*range(1, smalls), last] + [none] * 128)[:128])

    def entry(name: str, kind: int, child: int, first: int, length: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        return pack("<64sHBBIII16xI8x8xIQ", text, len(text), kind, 1, none, none, child, 0, first, length)

    root = entry("Root Entry", 5, 1, 3 if small else last, len(content) if small else 0)
    directory = root + entry("Workbook", 2, none, 0 if small else 3, len(stream)) + bytes(256)
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + pack("<HHHHH6xIIIIIIIII", 62, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, _ROOMY, 2, 1, last, 0)
    )
    return head + pack("<109I", 0, *[none] * 108) + table + directory + small_table + content


def xls(rows: Rows) -> bytes:
    """Return an xls file."""
    return compound_file(xls_stream(rows))


def _binary(kind: int, data: bytes = b"") -> bytes:
    kinds = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    assert len(data) < 0x4000, "two bytes of length"
    return kinds + (bytes([len(data)]) if len(data) < 0x80 else bytes([len(data) & 0x7F | 0x80, len(data) >> 7])) + data


def _wide(text: str) -> bytes:
    return pack("<I", len(text)) + text.encode("utf-16-le")


def _xlsb_cell(column: int, cell: Cell) -> bytes:
    place = pack("<II", column, 0)
    formula = pack("<HII", 0, 3, 0)[:6] + b"\x1e\x01\x00" + pack("<I", 0)
    match cell:
        case str():
            return _binary(6, place + _wide(cell))
        case ErrorCell(code, _, formula=False):
            return _binary(3, place + bytes([code]))
        case ErrorCell(code):
            return _binary(11, place + bytes([code]) + formula)
        case Formula(value):
            return _binary(9, place + pack("<d", value) + formula)
        case None | NoValue():
            return b""
        case _:
            return _binary(5, place + pack("<d", cell))


def xlsb(rows: Rows) -> bytes:
    """Return an xlsb file with a hidden sheet before that of the rows."""
    sheets = [
        _binary(129) + _binary(148, pack("<IIII", 0, len(some) - 1, 0, max(map(len, some)) - 1)) + _binary(145)
        + b"".join(
            _binary(0, pack("<I", number) + bytes(21)) + b"".join(_xlsb_cell(*cell) for cell in enumerate(row))
            for number, row in enumerate(some)
        )
        + _binary(146) + _binary(130)
        for some in ([["nothing"]], rows)
    ]  # fmt: skip
    bundles = [(1, "hidden"), (0, "data")]
    book = _binary(131) + _binary(153, pack("<II", 0, 0) + _wide("")) + _binary(143)
    book += b"".join(
        _binary(156, pack("<II", state, at) + _wide(f"rId{at}") + _wide(name)) for at, (state, name) in enumerate(bundles, 1)
    )
    book += _binary(144) + _binary(157, bytes(26)) + _binary(132)
    relations = "".join(f'<Relationship Id="rId{at}" Type="t" Target="worksheets/sheet{at}.bin"/>' for at in (1, 2))
    return _zip(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": f"<Relationships>{relations}</Relationships>",
            **{f"xl/worksheets/sheet{at}.bin": sheet for at, sheet in enumerate(sheets, 1)},
        }
    )


_SPACES = (
    " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style"))
    + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)


def _ods_cell(cell: Cell) -> str:
    match cell:
        case str():
            return f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
        case ErrorCell(_, shown):
            formula = ' table:formula="of:=1/0"' if cell.formula else ""
            return (
                f'<table:table-cell{formula} office:value-type="string" office:string-value="" calcext:value-type="error">'
                f"<text:p>{escape(shown)}</text:p></table:table-cell>"
            )
        case NoValue():
            return '<table:table-cell table:formula="of:=1+1"/>'
        case None:
            return "<table:table-cell/>"
        case _:
            value = cell.value if isinstance(cell, Formula) else cell
            return (
                f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'
            )


def ods(rows: Rows, cell: Callable[[Cell], str] = _ods_cell) -> bytes:
    """Return an ods file with an empty sheet before that of the rows."""
    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    return ods_of(f'<table:table table:name="data">{body}</table:table>')


def ods_of(table: str) -> bytes:
    """Return an ods file with an empty sheet before a table."""
    content = (
        f"<office:document-content {_SPACES}><office:body><office:spreadsheet>"
        f'<table:table table:name="hidden"><table:table-row><table:table-cell/></table:table-row></table:table>{table}'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return _zip(
        {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "META-INF/manifest.xml": manifest, "content.xml": content}
    )


def _zip(parts: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()
