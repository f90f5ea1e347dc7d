"""Moments as integers: microseconds since 1970.

In: times in UTC. Out: integers, and back. Never here: what happened then.

Comparing, truncating and hashing dates would cost more than everything else that a flush computes.
"""

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
MINUTE = 60 * SECOND
NEVER = 253_402_300_799_000_000
"""The end of the year 9999: later than any event."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(at: datetime) -> int:
    """Return a time as microseconds since 1970."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def moment(microseconds: int) -> datetime:
    """Return microseconds since 1970 as a time in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def moment_or_none(microseconds: int | None) -> datetime | None:
    """Return the same; None for None."""
    return None if microseconds is None else moment(microseconds)
