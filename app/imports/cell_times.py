"""Times of cells: calendar times of an export's zone, times with an offset, Unix times, dates of spreadsheets.

In: a cell, a time zone, the order of day and month. Out: an aware time with a remark about what the cell does not say. Never
here: which column holds what.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo

from app.events.fields import EARLIEST, LATEST
from app.imports.row_errors import RowError

DateOrder = Literal["ymd", "dmy", "mdy"]

_TIME = (
    r"(?:(?P<half>AM|PM|上午|下午|午前|午後)\s*)?(?P<hour>\d{1,2})(?:[:时時](?P<minute>\d{1,2})"
    r"(?:[:分](?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?[分秒]?)?\s*(?P<half_after>AM|PM|A\.M\.|P\.M\.)?"
    r"\s*(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{1,2}:?\d{2}|(?:UTC|GMT)[+-]\d{1,2}|[+-]\d{2}|[JK]ST|HKT)?"
)
_TIME_OF_DAY = re.compile(_TIME, re.ASCII | re.IGNORECASE)
_DATE = r"(?P<a>\d{1,4})(?P<mark>[-/.年])\s?(?P<b>\d{1,2})[-/.月]\s?(?P<c>\d{1,4})日?"
_WEEKDAY = r"(?:\s*(?:\([日月火水木金土一二三四五六]\)|(?:星期|周)[日天一二三四五六]|[日月火水木金土]曜日?))?"
_CALENDAR = re.compile(
    rf"{_DATE}{_WEEKDAY}(?:(?:[T\s]\s*|,\s*|(?<=[日)天一二三四五六])|(?=[上下午])){_TIME})?", re.ASCII | re.IGNORECASE
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_NAMED = tuple(
    re.compile(rf"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?{parts}(?P<rest>\D.*)?", re.ASCII | re.IGNORECASE)
    for parts in (rf"{_MONTH}\s+{_DAY},?\s+(?P<year>\d{{4}})", rf"{_DAY}(?:\s+|[-/.]){_MONTH}(?:,?\s+|[-/])(?P<year>\d{{4}})")
)
"""Dates with the name of their month, which tell the day from the month."""
_USUAL = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d", re.ASCII)
"""How most exports write a time: a part of what `_CALENDAR` takes, which costs four times as much."""
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?", re.ASCII)
_UNIX = re.compile(r"\d{9,10}|\d{12,13}", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:[.,](\d{1,15}))?", re.ASCII)
SERIAL_DAYS_OF_1904 = 1_462
"""From 1900, as spreadsheets count, to the first day of workbooks that count from 1904."""
_SERIAL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 (a calendar date, which the zone completes)
_SERIAL_RANGE = range(36526, 73051)
"""2000 to 2100, in days as spreadsheets count them from 1900."""
EXACT_DECIMALS = 5
"""Decimals of a day that name a second."""
_ABBREVIATIONS = {"JST": 9, "KST": 9, "HKT": 8}
"""Of time zones, which exports write behind a time → hours. Others name several zones or are written all year."""
_MORNING = frozenset(("AM", "A.M.", "上午", "午前"))
_AFTERNOON = frozenset(("PM", "P.M.", "下午", "午後"))


class BadTime(ValueError):
    """A cell holds no time; `code` is the rule that it breaks."""

    def __init__(self, detail: str, code: RowError) -> None:
        super().__init__(detail)
        self.code: RowError = code


@dataclass(frozen=True, slots=True)
class CellTime:
    """A time, and what had to be assumed."""

    at: datetime
    remark: str | None = None
    """Set if the calendar time happens twice or never in its zone."""


def _half_width(cell: str) -> str:
    return cell if cell.isascii() else unicodedata.normalize("NFKC", cell)


def serial_decimals(cell: str) -> int | None:
    """Return how many decimals a number of days since 1900 has, as spreadsheets store times; None for any other cell."""
    found = _SERIAL.fullmatch(cell)
    return len(found[2] or "") if found is not None and int(found[1]) in _SERIAL_RANGE else None


def date_order_of(cell: str) -> tuple[set[DateOrder], bool]:
    """Return the orders of day and month that a cell allows, and whether it is a date without its year in front."""
    if cell[:4].isdigit() and cell.isascii():
        return {"ymd", "dmy", "mdy"}, False
    found = _CALENDAR.fullmatch(_half_width(cell))
    if found is None or len(found["a"]) > 2 or len(found["c"]) != 4:
        return {"ymd", "dmy", "mdy"}, False
    if found["mark"] == ".":
        return {"dmy"}, True
    first, second = int(found["a"]), int(found["b"])
    if first == second:
        return {"dmy", "mdy"}, False
    return {"dmy"} if first > 12 else {"mdy"} if second > 12 else {"dmy", "mdy"}, True


def time_of_day(cell: str) -> Literal["none", "midnight", "later"] | None:
    """Return whether a time has a time of day, and whether that is midnight; None if it cannot be read as a calendar time.

    A number of days and a date of a spreadsheet are the same at midnight as without a time.
    """
    if _USUAL.fullmatch(cell):
        return "midnight" if cell.endswith("00:00:00") else "later"
    text = _half_width(cell)
    if (compact := _COMPACT.fullmatch(text)) is not None:
        return "none" if compact[4] is None else "midnight" if int(text[8:]) == 0 else "later"
    if (decimals := serial_decimals(text)) is not None:
        return "later" if decimals else "none"
    if (found := _CALENDAR.fullmatch(_with_number_of_month(text))) is None:
        return None
    if found["hour"] is None:
        return "none"
    half = (found["half"] or found["half_after"] or "").upper()
    hour = 0 if half in _MORNING and int(found["hour"]) == 12 else int(found["hour"]) + 12 * (half in _AFTERNOON)
    return "later" if hour or int(found["minute"] or 0) or int(found["second"] or 0) else "midnight"


def lacks_offset(cell: str) -> bool:
    """Tell whether a cell holds a time or a date of its zone's calendar, as most exports write them."""
    text = _half_width(cell)
    if _USUAL.fullmatch(text) or _COMPACT.fullmatch(text) or serial_decimals(text) is not None:
        return True
    found = _CALENDAR.fullmatch(_with_number_of_month(text))
    return found is not None and found["zone"] is None


def read_time(
    cell: str, zone: ZoneInfo, order: DateOrder = "ymd", *, exact_serials: bool = False, since_1904: bool = False
) -> CellTime:
    """Return the time of a cell; one without an offset is of `zone`.

    A number of days with few decimals is exact or rounded. It is read if it names a minute, or if `exact_serials` says that the
    column has numbers with more decimals. Days are counted from 1900, or from 1904 as some workbooks do.

    Raises:
        BadTime: it is no time, or one outside 2000 to 2100.
    """
    text = _half_width(cell)
    if _USUAL.fullmatch(text):
        try:
            return _in_zone(datetime.fromisoformat(text), zone)
        except (ValueError, OverflowError) as error:
            raise error if isinstance(error, BadTime) else BadTime("is no time", "time") from None
    compact = _COMPACT.fullmatch(text)
    if compact is None and text.isascii() and text.isdigit() and _UNIX.fullmatch(text):
        number = int(text)
        return CellTime(_checked(datetime.fromtimestamp(number / 1000 if number > 10**11 else number, UTC)))
    if (digits := serial_decimals(text)) is not None:
        days, _, decimals = text.replace(",", ".").partition(".")
        first = SERIAL_DAYS_OF_1904 if since_1904 else 0
        return _of_serial(first + int(days), decimals, zone, exact=exact_serials or digits >= EXACT_DECIMALS)
    try:
        if compact is not None:
            numbers = [int(part) for part in compact.groups() if part is not None]
            return _in_zone(datetime(*numbers), zone)  # type: ignore[arg-type]  # noqa: DTZ001
        found = _CALENDAR.fullmatch(_with_number_of_month(text))
        if found is None and ":" in text and _TIME_OF_DAY.fullmatch(text):
            raise BadTime("is a time of day without its date; join both in one column", "time_of_day")
        if found is None:
            raise BadTime("is no time", "time")
        return _of_calendar(found, zone, order)
    except (ValueError, OverflowError) as error:
        raise error if isinstance(error, BadTime) else BadTime("is no time", "time") from None


def _with_number_of_month(text: str) -> str:
    """Return a time with its date as numbers, the year first, if it names its month; else as it is."""
    for pattern in _NAMED:
        found = pattern.fullmatch(text)
        if found is not None:
            rest = (found["rest"] or "").removeprefix(",").strip()
            return f"{found['year']}-{_MONTHS.index(found['month'][:3].lower()) + 1}-{found['day']} {rest}".strip()
    return text


def _of_calendar(found: re.Match[str], zone: ZoneInfo, order: DateOrder) -> CellTime:
    parts = {name: value for name, value in found.groupdict().items() if value is not None}
    a, b, c = (parts[name] for name in "abc")
    if len(a) == 4 and len(c) <= 2:
        year, month, day = int(a), int(b), int(c)
    elif len(a) <= 2 and len(c) == 4 and (order != "ymd" or a == b or found["mark"] == "."):
        year = int(c)
        day, month = (int(b), int(a)) if order == "mdy" and found["mark"] != "." else (int(a), int(b))
    else:
        raise BadTime("is no time", "time")
    half = (parts.get("half") or parts.get("half_after") or "").upper()
    hour = int(parts.get("hour", "0"))
    if half in _MORNING and hour >= 12:
        # 12 AM is midnight; 13 AM is a mistake, which `datetime` refuses.
        hour = 0 if hour == 12 else 24
    elif half in _AFTERNOON and hour < 12:
        hour += 12
    fraction = int(parts.get("fraction", "0").ljust(6, "0")[:6])
    wall = datetime(year, month, day, hour, int(parts.get("minute", "0")), int(parts.get("second", "0")), fraction)  # noqa: DTZ001
    offset = parts.get("zone")
    return _in_zone(wall, zone) if offset is None else CellTime(_checked(wall.replace(tzinfo=_offset(offset)).astimezone(UTC)))


def _offset(text: str) -> timezone:
    if (hours_of_zone := _ABBREVIATIONS.get(text.upper())) is not None:
        return timezone(timedelta(hours=hours_of_zone))
    digits = re.sub(r"^(UTC|GMT|Z)", "", text, flags=re.IGNORECASE)
    if not digits:
        return UTC
    sign = -1 if digits[0] == "-" else 1
    numbers = digits[1:].replace(":", "")
    hours, minutes = (numbers[:-2], numbers[-2:]) if len(numbers) > 2 else (numbers, "0")
    return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))


def _of_serial(days: int, decimals: str, zone: ZoneInfo, *, exact: bool) -> CellTime:
    seconds = int(decimals or "0") * 86_400 / 10 ** len(decimals)
    if not exact and abs(seconds / 60 - round(seconds / 60)) > 1e-6:
        detail = "is a spreadsheet's number of days, rounded to more than a second; format the column as date and time"
        raise BadTime(detail, "rounded_time")
    return _in_zone(_SERIAL_EPOCH + timedelta(days=days, seconds=round(seconds)), zone)


def _in_zone(wall: datetime, zone: ZoneInfo) -> CellTime:
    first, second = wall.replace(tzinfo=zone), wall.replace(tzinfo=zone, fold=1)
    remark = None
    if (before := first.utcoffset()) != (after := second.utcoffset()):
        assert before is not None
        assert after is not None
        if before > after:
            remark = f"happens twice in {zone.key}, since clocks are set back; the first is taken"
        else:
            remark = f"never happens in {zone.key}, since clocks are set forward; the time that clocks show instead is taken"
    return CellTime(_checked(first.astimezone(UTC)), remark)


def _checked(at: datetime) -> datetime:
    if not EARLIEST <= at < LATEST:
        raise BadTime("is outside the years 2000 to 2100", "outside_years")
    return at
