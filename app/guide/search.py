"""Search of the guide: the sections that hold all words of a query.

In: a query, pages. Out: places with an excerpt, the best first. Never here: HTTP, an index; some thousand lines are read in a
few milliseconds.
"""

from collections.abc import Iterable
from typing import NamedTuple

from app.guide.pages import Page, Section

MOST = 30
"""Places that an answer has at most."""
LONGEST = 200
"""Characters of a query that are read."""
_EXCERPT = 160


class Place(NamedTuple):
    """A section that holds the words."""

    page: Page
    section: Section
    excerpt: str


def search(pages: Iterable[Page], query: str) -> list[Place]:
    """Return the sections that hold all words of the query, those with the words in their heading first."""
    words = query[:LONGEST].casefold().split()
    if not words:
        return []
    found: list[tuple[int, Place]] = []
    for page in pages:
        title = page.title.casefold()
        for section in page.sections:
            heading, text = section.heading.casefold(), section.text.casefold()
            if all(word in text or word in heading or word in title for word in words) and any(
                word in text or word in heading for word in words
            ):
                in_heading = sum(word in heading for word in words)
                found.append((-in_heading, Place(page, section, _excerpt(section.text, words))))
    found.sort(key=lambda entry: entry[0])  # stable: pages and sections keep their order
    return [place for _, place in found[:MOST]]


def _excerpt(text: str, words: list[str]) -> str:
    """Return the surroundings of the first word that occurs."""
    lowered = text.casefold()
    at = min((place for word in words if (place := lowered.find(word)) >= 0), default=0)
    start = max(0, at - _EXCERPT // 2)
    excerpt = text[start : start + _EXCERPT].strip()
    return ("… " if start else "") + excerpt + (" …" if start + _EXCERPT < len(text) else "")
