"""Joined columns hold what their rows held."""

from hypothesis import given, strategies as st

from app.storage.joined import SEPARATOR, indexed, joined, joined_keys, joined_optional

_NUMBERS = st.integers(-(2**80), 2**80)


@given(st.lists(_NUMBERS))
def test_numbers_of_any_size_are_joined(numbers: list[int]) -> None:
    """Also those of more than 64 bits, which the encoder does not take."""
    assert SEPARATOR.join(map(str, numbers)) == joined(numbers)
    assert SEPARATOR.join(map(str, numbers)) == joined(iter(numbers))


@given(st.lists(st.none() | _NUMBERS))
def test_an_absent_number_is_an_empty_part(numbers: list[int | None]) -> None:
    """PostgreSQL reads the empty part as NULL."""
    assert SEPARATOR.join("" if number is None else str(number) for number in numbers) == joined_optional(numbers)


def test_keys_and_places() -> None:
    """Keys in hexadecimal; places counted from 1."""
    assert f"0aff{SEPARATOR}{SEPARATOR}00" == joined_keys([b"\x0a\xff", None, b"\0"])
    assert (["b", "a"], f"1{SEPARATOR}2{SEPARATOR}1") == indexed(["b", "a", "b"])
