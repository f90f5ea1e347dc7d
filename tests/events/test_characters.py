"""Which characters an identifier may hold, and what a text is cleaned of."""

import json
import unicodedata

import pytest
from hypothesis import given, strategies as st

from app.events.characters import REPLACEMENT, clean_text, clean_values, forbidden

ANY_TEXT = st.text(st.characters())
"""Every code point, surrogates and noncharacters too."""


def _is_noncharacter(character: str) -> bool:
    code = ord(character)
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\x00b", "holds U+0000 at character 2, which is a control character"),
        ("a\n", "holds U+000A at character 2, which is a control character"),
        ("\x7f", "holds U+007F at character 1, which is a control character"),
        ("é\x85", "holds U+0085 at character 2, which is a control character"),
        ("code\uffff", "holds U+FFFF at character 5, which is no Unicode character"),
        ("\ufffe", "holds U+FFFE at character 1, which is no Unicode character"),
        ("\ufdd0", "holds U+FDD0 at character 1, which is no Unicode character"),
        ("\U0010ffff", "holds U+10FFFF at character 1, which is no Unicode character"),
        ("好\ud83d", "holds half of a surrogate pair (U+D83D) at character 2: the text was cut inside a character"),
        ("好\udcff", "holds a byte that is not UTF-8 at character 2"),
    ],
)
def test_an_identifier_is_refused_with_the_reason(text: str, reason: str) -> None:
    """The error names the character and its position, and does not repeat the identifier."""
    assert reason == forbidden(text)


@pytest.mark.parametrize("text", ["knit-01", "export/UzFf…", "スタジオ", "\U0001f600", "a b", "é", "\ufffd", "\u2028"])
def test_every_other_character_may_stand_in_an_identifier(text: str) -> None:
    """Characters of all scripts, spaces, symbols and emoji are permitted."""
    assert forbidden(text) is None


@given(text=ANY_TEXT)
def test_an_identifier_is_permitted_exactly_if_cloudevents_permits_the_string(text: str) -> None:
    """The rule equals the definition of `String` in CloudEvents, character by character."""
    wrong = any(unicodedata.category(character) in {"Cc", "Cs"} or _is_noncharacter(character) for character in text)
    assert wrong == (forbidden(text) is not None)


@given(text=ANY_TEXT)
def test_a_cleaned_text_can_be_stored_and_shown(text: str) -> None:
    """A cleaned text encodes as UTF-8, holds no control character but tab and line breaks, and is clean already."""
    found = clean_text(text)
    found.encode()
    assert not any(unicodedata.category(character) == "Cc" and character not in "\t\n\r" for character in found)
    assert not any(_is_noncharacter(character) for character in found)
    assert found == clean_text(found)


@given(text=st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn"))))
def test_a_clean_text_stays_as_it_is(text: str) -> None:
    """Cleaning changes only what must change."""
    assert text == clean_text(text)


def test_only_the_character_suffers() -> None:
    """A cut emoji becomes U+FFFD, two halves become the emoji, a control character disappears, a line break stays."""
    assert f"好看{REPLACEMENT}" == clean_text("好看\ud83d")
    assert "\U0001f600!" == clean_text("\ud83d\ude00!")
    assert "ab\n" == clean_text("a\x00b\n")
    assert REPLACEMENT * 2 == clean_text("\uffff\ufdd0")


def test_values_are_cleaned_at_every_depth() -> None:
    """Names of members are texts too; numbers, truth values and null stay."""
    found = clean_values({"a\x00": ["\ud800", {"b": "\uffff", "n": 1, "t": True, "z": None}]})
    assert {"a": [REPLACEMENT, {"b": REPLACEMENT, "n": 1, "t": True, "z": None}]} == found
    json.dumps(found, ensure_ascii=False).encode()
