"""RFC 3339 timestamps, and nothing else that looks like a time.

In: a text. Out: an aware moment. Never here: clocks, other formats (`adapters.parsing` has them).

Source: RFC 3339, sections 5.6 (grammar) and 5.7 (leap seconds); CloudEvents 1.0.2, `time`.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

_DATE_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII)
_LEAP = 60


def rfc3339(text: str) -> datetime | None:
    """Return the moment, or None if the text is no RFC 3339 timestamp.

    Digits beyond the microsecond are cut. A leap second, which RFC 3339 allows at the end of a month in UTC, becomes the last
    microsecond of its minute, so that it stays in its day and after the second before it.

    >>> rfc3339("2016-12-31T23:59:60Z").isoformat()
    '2016-12-31T23:59:59.999999+00:00'
    """
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    fraction, zulu, sign, hours, minutes = found.groups()[6:]
    leap = second == _LEAP
    micro = 999_999 if leap else int((fraction or "0")[:6].ljust(6, "0"))
    zone: timezone = UTC
    if not zulu:
        if int(hours) > 23 or int(minutes) > 59:
            return None
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        zone = timezone(-offset if sign == "-" else offset)
    try:
        moment = datetime(year, month, day, hour, minute, 59 if leap else second, micro, zone)
        if leap and not _is_leap_second(moment.astimezone(UTC)):
            return None
    except (ValueError, OverflowError):
        return None
    return moment


def _is_leap_second(moment: datetime) -> bool:
    return (moment.hour, moment.minute) == (23, 59) and (moment + timedelta(seconds=1)).day == 1
