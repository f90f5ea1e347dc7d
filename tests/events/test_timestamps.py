"""RFC 3339 timestamps, strictly."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from app.events.timestamps import rfc3339


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2021-09-25T14:31:07+09:00", "2021-09-25T05:31:07+00:00"),
        ("2021-09-25t05:31:07z", "2021-09-25T05:31:07+00:00"),
        ("2021-09-25T05:31:07-00:00", "2021-09-25T05:31:07+00:00"),
        ("2021-09-25T05:31:07.1234567Z", "2021-09-25T05:31:07.123456+00:00"),
        ("2021-09-25T05:31:07.5Z", "2021-09-25T05:31:07.500000+00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999+00:00"),
        ("2017-01-01T08:59:60+09:00", "2016-12-31T23:59:59.999999+00:00"),
        ("1972-06-30T23:59:60.25Z", "1972-06-30T23:59:59.999999+00:00"),
    ],
)
def test_a_timestamp_is_read(text: str, moment: str) -> None:
    """Both cases, all offsets, any fraction, and the leap second, which stays in its day."""
    found = rfc3339(text)
    assert found is not None
    assert moment == found.astimezone(UTC).isoformat()


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "1632546000", "2021-09-25", "2021-09-25T14:31Z", "2021-09-25 14:31:07Z", "2021-09-25_14:31:07Z",
        "2021-09-25T14:31:07", "2021-09-25T14:31:07+0900", "2021-09-25T14:31:07+09", "2021-09-25T14:31:07.Z", "20210925T143107Z",
        "2021-09-25T14:31:07,5Z", "2021-9-25T14:31:07Z", "2021-02-29T00:00:00Z", "2021-09-25T24:00:00Z", "2021-09-25T14:60:07Z",
        "2021-09-25T14:31:61Z", "2021-09-25T14:31:07+24:00", "2021-09-25T14:31:07+09:60", "2021-09-25T14:31:07Z ", " 2021-09-25T14:31:07Z",
        "２０２１-09-25T14:31:07Z", "0000-01-01T00:00:00Z", "2016-12-31T23:58:60Z", "2016-12-31T22:59:60Z", "2016-12-30T23:59:60Z",
        "2017-01-01T23:59:60+09:00", "9999-12-31T23:59:60Z", "2021-W38-6T14:31:07Z",
    ],
)  # fmt: skip
def test_what_only_resembles_a_timestamp_is_not_one(text: str) -> None:
    """ISO 8601 has many other forms, and a leap second stands at the end of a month in UTC."""
    assert rfc3339(text) is None


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001 - the zone is added below
    st.integers(-1439, 1439),
)
def test_every_moment_is_read_as_it_was_written(moment: datetime, minutes: int) -> None:
    """What Python writes with an offset is the same moment when it is read."""
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert aware == rfc3339(aware.isoformat())
