"""Ids, cursors and amounts, without a database."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from app.api.conventions.paging import decode, encode
from app.catalogue.ids import new_id
from app.catalogue.models import decimal_string
from app.events.money import minor_units
from app.problems import ProblemError

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50)
_MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_WRONG: list[Any] = [None, [], {}, 1, True, 2**63, -(2**64), "", "x", "2021-09-25", "\0", "\ud800", [[]]]


def test_ids_are_uuids_of_version_7_in_the_order_of_their_making() -> None:
    """An index by id is an index by time; also two ids of one millisecond differ."""
    before = datetime.now(UTC)
    made = [new_id() for _ in range(1000)]
    assert {(7, "specified in RFC 4122")} == {(found.version, found.variant) for found in made}
    assert 1000 == len(set(made))
    spread = [found.int >> 64 for found in made]
    assert sorted(spread) == spread
    at = datetime.fromtimestamp((made[0].int >> 80) / 1000, UTC)
    assert abs(at - before) < timedelta(seconds=2)


@given(_TEXT, st.integers(-(2**63), 2**63 - 1), _MOMENTS, st.uuids())
def test_a_cursor_gives_back_the_key_that_it_was_made_of(text: str, number: int, at: datetime, row: UUID) -> None:
    """Whatever a sort key holds: nothing is lost on the way through a client."""
    cursor = encode((text, number, at, row))
    assert cursor is not None
    assert cursor.isascii()
    assert "=" not in cursor
    assert (text, number, at, row) == decode(cursor, (str, int, datetime, UUID))


def test_the_end_of_a_list_has_no_cursor() -> None:
    """No next page: null."""
    assert encode(None) is None


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda b: base64.urlsafe_b64encode(b).decode())))
def test_no_text_breaks_the_decoder(cursor: str) -> None:
    """Anything that is no cursor is a 422 which names it, never another error."""
    with pytest.raises(ProblemError) as caught:
        decode(cursor, (datetime, UUID))
    assert (422, ["/cursor"]) == (caught.value.status, [error.pointer for error in caught.value.errors])


_RIGHT = [(str, ""), (str, "x"), (str, "2021-09-25"), (int, 1)]


@pytest.mark.parametrize(
    ("kind", "value"), [(k, v) for k in (str, int, datetime, UUID) for v in _WRONG if (k, v) not in _RIGHT or v is True]
)
def test_a_cursor_with_a_value_of_another_kind_is_refused(kind: type[Any], value: object) -> None:
    """What would fail in the database fails in the decoder."""
    cursor = base64.urlsafe_b64encode(json.dumps([value]).encode()).decode()
    with pytest.raises(ProblemError):
        decode(cursor, (kind,))


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_cursor_at_the_edge_of_the_calendar_is_refused(text: str) -> None:
    """Turned into UTC such a moment leaves the range of both Python and PostgreSQL."""
    cursor = base64.urlsafe_b64encode(json.dumps([text]).encode()).decode()
    with pytest.raises(ProblemError):
        decode(cursor, (datetime,))


def test_a_moment_of_another_zone_comes_back_as_the_same_moment() -> None:
    """The offset is kept as it was written."""
    at = datetime(2021, 9, 25, 14, tzinfo=timezone(timedelta(hours=9)))
    cursor = encode((at,))
    assert cursor is not None
    assert (at,) == decode(cursor, (datetime,))


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (48188800, "CNY", "481888.00"),
        (5, "CNY", "0.05"),
        (0, "JPY", "0"),
        (2920000, "JPY", "2920000"),
        (1234, "KWD", "1.234"),
        (-150, "CNY", "-1.50"),
        (None, "CNY", None),
    ],
)
def test_amounts_are_printed_with_the_digits_of_their_currency(minor: int | None, currency: str, text: str | None) -> None:
    """Exact, never through a float; absent stays absent."""
    assert text == decimal_string(minor, currency)


@given(st.integers(0, 10**15), st.sampled_from([("CNY", 2), ("JPY", 0), ("KWD", 3)]))
def test_an_amount_survives_printing_and_reading(minor: int, currency: tuple[str, int]) -> None:
    """The two directions are each other's inverse."""
    code, digits = currency
    text = decimal_string(minor, code)
    assert text is not None
    assert minor == minor_units(text, digits)
