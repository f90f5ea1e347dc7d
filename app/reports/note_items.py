"""Splits operators' notes into the items that the report numbers.

In: the texts of a section's notes, in order. Out: items without numbers of their own. Never here: a change of any other text.

Operators often number what they write ("1、… 2、…"), and the report numbers its items again. A number is removed only if it is
the one that the item has anyway: "10、20代の女性が多い" as a first note stays as it is.
"""

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"\s*(\d{1,2})\s*(?:[、.．)）]|:|：)(?!\d)\s*")


def note_items(texts: Iterable[str]) -> list[str]:
    """Return the items of notes, in order; lines of an item stay lines."""
    items: list[str] = []
    for text in texts:
        items += _numbered_lines(text) or [_without(text, len(items) + 1)]
    return items


def _numbered_lines(text: str) -> list[str]:
    """Return the items of a note that numbers them itself from 1; none if it does not."""
    items: list[str] = []
    for line in text.strip("\n").split("\n"):
        found = _NUMBER.match(line)
        if found and int(found[1]) == len(items) + 1:
            items.append(line[found.end() :])
        elif items:
            items[-1] += "\n" + line
        else:
            return []
    return items


def _without(text: str, number: int) -> str:
    found = _NUMBER.match(text)
    return text[found.end() :] if found and int(found[1]) == number else text
