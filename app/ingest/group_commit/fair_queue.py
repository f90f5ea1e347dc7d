"""A queue in which keys take turns.

In: entries, each under a key. Out: the same entries, first in first out within a key, in turns between keys. Never here: waiting,
limits.

A sender with a thousand waiting batches delays another sender by one turn, not by a thousand batches.
"""

from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class FairQueue(Generic[Entry]):
    """Entries by key."""

    def __init__(self, turn: int) -> None:
        """Take at most `turn` entries of a key before the next key has its turn."""
        self._turn = turn
        self._by_key: dict[str, deque[Entry]] = {}
        self._order: deque[str] = deque()
        """The keys that have entries, the next one first."""
        self._size = 0

    def __len__(self) -> int:
        """Return the number of all entries."""
        return self._size

    def waiting(self, key: str) -> int:
        """Return the number of entries of a key."""
        return len(self._by_key.get(key, ()))

    def extend(self, key: str, entries: Iterable[Entry]) -> None:
        """Append entries under a key."""
        found = self._by_key.get(key)
        before = 0
        if found is None:
            found = self._by_key[key] = deque()
            self._order.append(key)
        else:
            before = len(found)
        found.extend(entries)
        self._size += len(found) - before

    def take(self, limit: int) -> list[Entry]:
        """Remove and return at most `limit` entries."""
        taken: list[Entry] = []
        while self._order and len(taken) < limit:
            key = self._order.popleft()
            found = self._by_key[key]
            count = min(self._turn, len(found), limit - len(taken))
            if count == len(found):
                taken.extend(found)
                del self._by_key[key]
            else:
                taken.extend(found.popleft() for _ in range(count))
                self._order.append(key)
        self._size -= len(taken)
        return taken
