"""Cells of a back end's export.

In: cells as spreadsheets leave them, and how their column is to be read. Out: ids, amounts, counts and times, or `BadCell`. Never
here: what a column means.
"""

import re
import unicodedata
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.adapters.parsing import duration
from app.events.fields import MAX_COUNT
from app.imports.cell_times import BadTime, CellTime, DateOrder, read_time
from app.imports.number_notation import BadNumber, Mark, decimal, foreign_currency, names_currency
from app.imports.row_errors import RowError
from app.imports.table_heading import BadFile, clean
from app.imports.workbooks.cell_errors import is_error
from app.imports.workbooks.workbook_gaps import CodeOfSpreadsheet, DateOfSpreadsheet

__all__ = ["EMPTY", "BadCell", "BadFile", "add", "clean", "currency", "money", "number", "seconds", "text", "time"]

EMPTY = frozenset(
    (
        *("", "-", "--", "---", "–", "—", "―", "－", "/"),
        *(
            "null",
            "NULL",
            "Null",
            "(null)",
            "(NULL)",
            "<null>",
            "<NULL>",
            "<NA>",
            "\\N",
            "None",
            "nan",
            "NaN",
            "NaT",
            "N/A",
            "n/a",
            "undefined",
        ),
    )
)
"""What back ends, databases and data frames write into a cell that has no value."""
_NONE = frozenset(("无", "無", "暂无", "なし", "无退款", "无退款申请", "没有退款", "没有申请退款", "未退款", "无售后"))
"""Words for no value where a number or a time stands; a person may be called so."""
_NO_TIME = re.compile(r"0{4}-00-00.*|0001-01-01.*|1900-01-0[01].*|1970-01-01.*|0", re.ASCII)
"""What databases and spreadsheets make of a time that was never set."""
_YES = frozenset(
    ("yes", "y", "true", "t", "gift", "free", "是", "有", "赠品", "贈品", "赠", "はい", "ギフト", "景品", "○", "◯", "✓", "√")
)
_NO = frozenset(("no", "n", "false", "f", "否", "无", "非赠品", "正品", "いいえ", "なし", "通常", "×", "x", "✗"))
_SCIENTIFIC = re.compile(r"-?\d([.,]\d+)?[eE]\+?\d+", re.ASCII)


class BadCell(ValueError):
    """A cell or a row cannot be read; `code` is the rule that it breaks, and `params` are what the words of the rule name."""

    def __init__(self, detail: str, code: RowError, **params: str | int) -> None:
        super().__init__(detail)
        self.code: RowError = code
        self.params = params

    def within(self, place: str) -> "BadCell":
        """Return the same error, with a detail that says where it is."""
        return BadCell(f"{place} {self}", self.code, **self.params)


def text(cell: str) -> str | None:
    """Return an id or a name; None if the cell is empty.

    Raises:
        BadCell: a spreadsheet has rounded the id (`3.70512E+18`), or turned it into a date: its characters are lost.
    """
    if isinstance(cell, DateOfSpreadsheet):
        raise BadCell("is a date into which a spreadsheet turned it; format the column as text", "date_for_text")
    found = identifying(_told(cell))
    if _SCIENTIFIC.fullmatch(found if found.isascii() else unicodedata.normalize("NFKC", found)):
        raise BadCell("is rounded to scientific notation; export the column as text", "rounded_number")
    return None if found in EMPTY else found


def identifying(cell: str) -> str:
    """Return a cell as it identifies something: a number as its format shows it."""
    return cell.shown if isinstance(cell, CodeOfSpreadsheet) else cell


def number(cell: str, mark: Mark = ".") -> int | None:
    """Return a count, negative for pieces that came back; thousands separators are taken out.

    Raises:
        BadCell: it is no whole number.
    """
    value = _decimal(cell, mark, "is no whole number", "whole_number")
    if value is None:
        return None
    whole, _, fraction = value.partition(".")
    if fraction.strip("0") or abs(int(whole)) > MAX_COUNT:
        raise BadCell("is no whole number", "whole_number")
    return int(whole)


def money(cell: str, mark: Mark = ".", currency: str | None = None) -> str | None:
    """Return an amount as a decimal string, negative for one that was paid back.

    Signs of currencies and thousands separators are taken out.

    Raises:
        BadCell: it is no amount, or one in another currency than `currency`.
    """
    value = _decimal(cell, mark, "is no amount", "amount")
    if value is not None and currency is not None and (foreign := foreign_currency(cell, currency)) is not None:
        raise BadCell(
            f"is marked {foreign}, and the import is in {currency}", "foreign_currency", found=foreign, currency=currency
        )
    return value


def currency(cell: str, of_import: str) -> str | None:
    """Return the currency of the import if a cell names it; None if the cell is empty.

    Raises:
        BadCell: the cell names another one, or none that is known.
    """
    found = _told(cell)
    if found in EMPTY or found in _NONE:
        return None
    if not names_currency(found, of_import):
        detail = f"is marked {found[:20]}, and the import is in {of_import}"
        raise BadCell(detail, "foreign_currency", found=found[:20], currency=of_import)
    return of_import


def _told(cell: str) -> str:
    """Return what a cell tells.

    Raises:
        BadCell: it shows that its value is unknown.
    """
    found = clean(cell)
    if is_error(found):
        raise BadCell("holds an error of a spreadsheet, or a formula without its value", "spreadsheet_error")
    return found


def flag(cell: str) -> bool | None:
    """Return what a cell says of a gift: yes or no, in the words of back ends, or a number of pieces.

    Raises:
        BadCell: it says neither.
    """
    found = unicodedata.normalize("NFKC", _told(cell)).casefold()
    if found in EMPTY or found in {"none", "n/a"}:
        return None
    if found.isdigit():
        return int(found) > 0
    if found in _YES:
        return True
    if found in _NO:
        return False
    raise BadCell("says neither yes nor no", "yes_or_no")


def _decimal(cell: str, mark: Mark, detail: str, code: RowError) -> str | None:
    found = _told(cell)
    if found in EMPTY or found in _NONE:
        return None
    try:
        return decimal(found, mark)
    except BadNumber:
        raise BadCell(detail, code) from None


def seconds(cell: str, mark: Mark = ".") -> float | None:
    """Return a duration: seconds, `mm:ss` or `hh:mm:ss`.

    Raises:
        BadCell: it is none of these.
    """
    found = _told(cell)
    if found in EMPTY or found in _NONE:
        return None
    parts = found.split(":")
    if 1 < len(parts) <= 3 and all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        total = 0
        for part in parts:
            total = total * 60 + int(part)
        return float(total)
    length = duration(_decimal(found, mark, "is no duration", "duration"))
    if length is None:
        raise BadCell("is no duration", "duration")
    return length


def time(
    cell: str, zone: ZoneInfo, order: DateOrder = "ymd", *, exact_serials: bool = False, since_1904: bool = False
) -> CellTime | None:
    """Return a time: of the calendar of the export's zone, with an offset, in Unix seconds or milliseconds, or in days.

    None if the cell is empty, or holds the zero of a calendar.

    Raises:
        BadCell: it is none of these.
    """
    found = _told(cell)
    if found in EMPTY or found in _NONE or never_set(found):
        return None
    try:
        return read_time(found, zone, order, exact_serials=exact_serials, since_1904=since_1904)
    except BadTime as error:
        raise BadCell(str(error), error.code) from None


def never_set(cell: str) -> bool:
    """Tell whether a cell holds the zero of a calendar."""
    return cell[:1] in {"0", "1"} and _NO_TIME.fullmatch(cell) is not None


def add(amounts: list[str]) -> str:
    """Return the exact sum of decimal strings."""
    return format(sum((Decimal(amount) for amount in amounts), Decimal(0)), "f")
