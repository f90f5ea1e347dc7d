"""New events of the log, by column, as one query takes them.

In: events, one at a time. Out: columns. Never here: SQL.
"""

from collections import Counter
from typing import Any
from uuid import UUID

from pydantic_core import to_json

_NO_DIGEST = bytes(8)


class NewEvents:
    """Events for the log, by column; the values that events share are stored once, as their kind."""

    def __init__(self) -> None:
        """Start empty."""
        self.kinds: dict[tuple[UUID, str, str, str, str, str], int] = {}
        self.kind: list[int] = []
        self.key: list[bytes] = []
        self.id: list[str] = []
        self.at: list[int] = []
        self.data: list[bytes] = []
        self.digest: list[bytes] = []
        self.attributes: dict[int, str] = {}
        """Number of the event, from 0 → its extension attributes as JSON, if it has any."""
        self.sent: dict[int, int] = {}
        """Number of the event, from 0 → the time that its sender gave, where that was wrong."""

    def kind_of(self, session: UUID, source: str, type: str, platform: str, room: str, owner: str) -> int:
        """Return the number of a kind; `owner` is the brand that the sender is bound to, or empty."""
        return self.kinds.setdefault((session, source, type, platform, room, owner), len(self.kinds) + 1)

    def by_type(self) -> dict[str, int]:
        """Return the number of events by type."""
        found: dict[str, int] = {}
        numbers = Counter(self.kind)
        for (_, _, type, *_), kind in self.kinds.items():
            if number := numbers.get(kind):
                found[type] = found.get(type, 0) + number
        return found

    def add(
        self,
        kind: int,
        key: bytes,
        id: str,
        at: int,
        data: bytes,
        digest: bytes | None,
        attributes: dict[str, Any] | None,
        sent: int | None = None,
    ) -> None:
        """Add an event: kind, 16 bytes, CloudEvents' id, microseconds since 1970, JSON, 8 bytes, attributes, wrong time."""
        if attributes is not None:
            self.attributes[len(self.key)] = to_json(attributes).decode()
        self.digest.append(digest or _NO_DIGEST)
        if sent is not None:
            self.sent[len(self.key)] = sent
        self.kind.append(kind)
        self.key.append(key)
        self.id.append(id)
        self.at.append(at)
        self.data.append(data)
