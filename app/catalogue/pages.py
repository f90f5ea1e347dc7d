"""Pages of the catalogue's lists.

In: one row more than the page has. Out: the page, and the key of its last item if more follow. Never here: encoded
cursors (the API encodes them).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

Item = TypeVar("Item")
Key = tuple[str | int | datetime | UUID, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Items, and the key after which the next page begins; None at the end."""

    items: list[Item]
    next: Key | None


def page_of(found: Sequence[Item], limit: int, key: Callable[[Item], Key]) -> Page[Item]:
    """Return the first `limit` items as a page; the query must have requested `limit + 1`."""
    items = list(found[:limit])
    return Page(items, key(items[-1]) if len(found) > limit and items else None)
