"""Cells of a back-end's CSV export.

In: an export's bytes; cells as spreadsheets leave them. Out: rows; ids, amounts, counts and moments, or `BadCell`. Never
here: what a column means.
"""

import csv
import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.adapters.parsing import any_timestamp, duration, integer

MAX_ROWS = 200_000
_EMPTY = frozenset(("", "-", "--", "—", "/", "null", "NULL", "None"))
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+\d+", re.ASCII)
_MONEY = re.compile(r"\d{1,13}(\.\d{1,6})?", re.ASCII)
_SEPARATORS = {ord(","): None, 0xFF0C: None}
_MONEY_SIGNS = "[¥\uffe5$€,\uff0c\\s元円]"
_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")


class BadCell(ValueError):
    """A cell cannot be read."""


class BadFile(ValueError):
    """The file as a whole cannot be read."""


def read_rows(data: bytes) -> list[Mapping[str, str]]:
    """Return the rows below the header. UTF-8 (with or without a mark), else GB 18030, which Chinese spreadsheets write.

    Raises:
        BadFile: it is neither, has no header, names a column twice, or is too long.
    """
    text = None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None:
        raise BadFile("is neither UTF-8 nor GB 18030")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadFile(f"is not CSV: {error}") from None
    if not rows:
        raise BadFile("is empty")
    header = [clean(name) for name in rows[0]]
    if len(set(header)) != len(header):
        raise BadFile("names a column twice")
    if len(rows) > MAX_ROWS:
        raise BadFile(f"has more than {MAX_ROWS} rows")
    return [dict(zip(header, row, strict=False)) for row in rows[1:]]


def clean(cell: str) -> str:
    """Return a cell without what spreadsheets add to keep a number a text: tabs, a quote in front, `="…"`."""
    cell = cell.strip().strip("\ufeff")
    if cell.startswith('="') and cell.endswith('"'):
        cell = cell[2:-1]
    return cell.removeprefix("'").strip()


def text(cell: str) -> str | None:
    """Return an id or a name; None if the cell is empty.

    Raises:
        BadCell: a spreadsheet has rounded the id (`3.70512E+18`): its digits are gone.
    """
    found = clean(cell)
    if _SCIENTIFIC.fullmatch(found):
        raise BadCell("is rounded to scientific notation; export the column as text")
    return None if found in _EMPTY else found


def number(cell: str) -> int | None:
    """Return a count; thousands separators are taken out.

    Raises:
        BadCell: it is no whole number.
    """
    found = clean(cell)
    if found in _EMPTY:
        return None
    count = integer(found.translate(_SEPARATORS))
    if count is None:
        raise BadCell("is no whole number")
    return count


def money(cell: str) -> str | None:
    """Return an amount as a decimal string; currency signs and thousands separators are taken out.

    Raises:
        BadCell: it is no amount.
    """
    found = clean(cell)
    if found in _EMPTY:
        return None
    bare = re.sub(_MONEY_SIGNS, "", found)
    if not _MONEY.fullmatch(bare):
        raise BadCell("is no amount")
    return bare


def seconds(cell: str) -> float | None:
    """Return a duration: seconds, `mm:ss` or `hh:mm:ss`.

    Raises:
        BadCell: it is none of these.
    """
    found = clean(cell)
    if found in _EMPTY:
        return None
    parts = found.split(":")
    if 1 < len(parts) <= 3 and all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        total = 0
        for part in parts:
            total = total * 60 + int(part)
        return float(total)
    length = duration(found)
    if length is None:
        raise BadCell("is no duration")
    return length


def time(cell: str, zone: ZoneInfo) -> datetime | None:
    """Return a moment: an RFC 3339 time, Unix seconds or milliseconds, or a wall-clock time of the export's zone.

    Raises:
        BadCell: it is none of these.
    """
    found = clean(cell)
    if found in _EMPTY:
        return None
    timestamp = any_timestamp(found)
    for pattern in _FORMATS if timestamp is None else ():
        try:
            timestamp = any_timestamp(datetime.strptime(found, pattern).replace(tzinfo=zone).astimezone(UTC).isoformat())
        except (ValueError, OverflowError):
            continue
        break
    if timestamp is None:
        raise BadCell("is no time")
    return timestamp


def add(amounts: list[str]) -> str:
    """Return the exact sum of decimal strings."""
    return format(sum((Decimal(amount) for amount in amounts), Decimal(0)), "f")
