"""Times of cells."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from app.imports.cell_times import BadTime, DateOrder, date_order_of, lacks_offset, read_time
from tests.properties import examples

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
_AT = "2026-09-25T06:05:00+00:00"


@pytest.mark.parametrize(
    "cell",
    [
        "2026-09-25 14:05:00",
        "2026/9/25 14:05",
        "2026年9月25日 14:05",
        "2026年9月25日14时05分00秒",
        "2026年9月25日下午2:05",
        "2026.09.25 14:05",
        "2026-09-25T06:05:00Z",
        "2026-09-25 02:05:00 -0400",
        "2026-09-25 14:05:00+08:00",
        "2026-09-25 06:05 UTC",
        "2026-09-25 2:05 PM",
        "20260925140500",
        "２０２６－０９－２５　１４：０５",
        "1790316300",
        "1790316300000",
        "46290.5868055556",
        "46290,58681",
        "2026-09-25 14:05:00+08",
        "202609251405",
        "2026/9/25, 2:05:00 PM",
        "Sep 25, 2026 2:05 PM",
        "September 25th, 2026, 14:05",
        "25-Sep-2026 14:05",
        "Fri, 25 Sep 2026 14:05:00 +0800",
        "2026年9月25日(金) 14:05",
        "2026年9月25日（金）14:05",
        "2026-09-25 星期五 14:05",
        "2026/09/25 15:05:00 JST",
        "2026/09/25 15:05JST",
        "Sep 25, 2026 3:05:00 PM KST",
        "2026-09-25 14:05:00 hkt",
    ],
)
def test_a_time_is_read_however_it_is_written(cell: str) -> None:
    """Calendar times, offsets, Unix times, full-width digits and days of spreadsheets name the same second."""
    assert _AT == read_time(cell, SHANGHAI).at.isoformat()


def test_days_of_workbooks_that_count_from_1904() -> None:
    """The same number is a day four years and a day later."""
    assert _AT == read_time("44828.5868055556", SHANGHAI, since_1904=True).at.isoformat()


@given(st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)).map(lambda at: at.replace(microsecond=0)))  # noqa: DTZ001
@examples(150)
def test_days_of_spreadsheets_name_the_second(at: datetime) -> None:
    """A serial date with the digits that a spreadsheet writes names its second again."""
    days = (at - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001
    assert at.replace(tzinfo=UTC) == read_time(f"{days:.15g}", ZoneInfo("UTC"), exact_serials=True).at


@given(
    st.tuples(st.integers(1990, 2110), *(st.integers(0, most) for most in (13, 32, 24, 60, 60))),
    st.sampled_from(" T"),
    st.sampled_from((SHANGHAI, NEW_YORK)),
)
@examples(300)
def test_the_usual_notation_is_read_as_any_other(parts: tuple[int, ...], separator: str, zone: ZoneInfo) -> None:
    """A time as most exports write it, valid or not, is what the pattern of all notations makes of it with a fraction of zero."""
    year, month, day, hour, minute, second = parts
    cell = f"{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}"
    assert _outcome(f"{cell}.0", zone) == _outcome(cell, zone)


def _outcome(cell: str, zone: ZoneInfo) -> object:
    try:
        return read_time(cell, zone)
    except BadTime as error:
        return str(error), error.code


@pytest.mark.parametrize(
    "cell", ["14:05", "9:05:07", "14:05:07.250", "2:05 PM", "下午2:05", "午後 2:05", "14：05", "14:05:00+09:00"]
)
def test_a_time_of_day_is_asked_for_its_date(cell: str) -> None:
    """Exports that have dates and times in two columns."""
    with pytest.raises(BadTime, match="without its date") as refused:
        read_time(cell, SHANGHAI)
    assert "time_of_day" == refused.value.code
    for other in ("14", "no:on", "14:05 to 15:05", "1:2:3:4"):
        with pytest.raises(BadTime, match="is no time"):
            read_time(other, SHANGHAI)


@pytest.mark.parametrize(
    "cell",
    ["soon", "26/09/25", "2026-13-01", "2026-02-30", "2026-09-25 24:05", "2026-09-25 13:00 AM", "1999-01-01", "46290.59", "12/11/2026",
     "2026-09-25 14:05:00 CST", "99999999999999999999", "2026-09-25 14:65", "25 Foo 2026", "Sep 31, 2026", "Sep 25, 2026 2:05 PM PDT"],
)  # fmt: skip
def test_what_names_no_time_is_refused(cell: str) -> None:
    """A rounded serial date, an unknown zone, a day that does not exist or an open order of day and month is no time."""
    with pytest.raises(BadTime):
        read_time(cell, SHANGHAI)


@pytest.mark.parametrize(
    ("cell", "utc", "remark"),
    [
        ("2026-11-01 01:30:00", "05:30", "twice"),
        ("2026-03-08 02:30:00", "07:30", "never"),
        ("2026-11-01 00:30:00", "04:30", None),
        ("2026-11-01 01:30:00 -0500", "06:30", None),
        ("46327.0625", "05:30", "twice"),
    ],
)
def test_calendar_times_that_happen_twice_or_never_are_named(cell: str, utc: str, remark: str | None) -> None:
    """Where clocks change, the time carries a remark; an offset leaves nothing to assume."""
    found = read_time(cell, NEW_YORK)
    assert utc == found.at.strftime("%H:%M")
    assert remark is None if found.remark is None else remark is not None and remark in found.remark


@pytest.mark.parametrize(
    ("cell", "orders", "needed"),
    [
        ("2026-09-25", {"ymd", "dmy", "mdy"}, False),
        ("25/09/2026", {"dmy"}, True),
        ("09/25/2026 14:05", {"mdy"}, True),
        ("11/12/2026", {"dmy", "mdy"}, True),
        ("11/11/2026", {"dmy", "mdy"}, False),
        ("25.09.2026", {"dmy"}, True),
    ],
)
def test_a_date_tells_the_order_of_day_and_month(cell: str, orders: set[DateOrder], *, needed: bool) -> None:
    """A part over 12 tells the order; two equal parts need none."""
    assert (orders, needed) == date_order_of(cell)


@pytest.mark.parametrize(
    ("cell", "lacks"),
    [
        ("2021-09-25 14:00:00", True), ("2021/9/25", True), ("20210925140000", True), ("44464.5", True), ("Sep 25, 2021 2:00 PM", True),
        ("２０２１-09-25 14:00", True), ("2021-09-25T14:00:00Z", False), ("2021-09-25 14:00:00 +0900", False), ("2021-09-25 14:00 JST", False),
        ("1632546000", False), ("1632546000000", False), ("soon", False),
    ],
)  # fmt: skip
def test_a_time_without_an_offset_needs_a_zone(cell: str, lacks: bool) -> None:
    """Calendar times and numbers of days need one; Unix times and offsets do not."""
    assert lacks == lacks_offset(cell)
