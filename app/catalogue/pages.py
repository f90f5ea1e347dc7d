"""A page of a list, as the catalogue returns it.

In: one row more than the page may hold. Out: the page, and the key of its last item when there are more.
Never here: cursors as text (that is the API's).
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
    """Items, and after which key the next page begins; None at the end."""

    items: list[Item]
    next: Key | None


def page_of(found: Sequence[Item], limit: int, key: Callable[[Item], Key]) -> Page[Item]:
    """Cut what was found to the limit; the query must have asked for `limit + 1`."""
    items = list(found[:limit])
    return Page(items, key(items[-1]) if len(found) > limit and items else None)
