"""Packs the entries and exits of a flush, so that retention reads them without the log.

In: the events that a flush appends, and their moments. Out: rows of `movements`. Never here: I/O.

The rows follow from the log alone, not from the fold: a rebuild leaves them as they are, and so does a void, which is looked up
when they are read.
"""

from collections.abc import Container, Iterable, Mapping
from math import inf
from typing import Any
from uuid import UUID

from app.events.audience import ViewerEntered, ViewerLeft
from app.ingest.receiving.submission import SubmittedEvent
from app.storage.ingest.movement_writes import ENTRY, EXIT, MovementColumns
from app.storage.ingest.new_events import NewEvents

_SINCE_2000 = 946_684_800_000_000
"""Microseconds from 1970, where the fold's times begin, to 2000, where PostgreSQL's do."""
_BITS = 5
"""The bits of a byte behind the first three, by which a session's viewers are divided into eight parts. A reader goes through one
part at a time."""
_MOVING = {ViewerEntered.type: False, ViewerLeft.type: True}
"""Type of an event → whether it is an exit."""

_Parts = dict[int, tuple[bytearray, bytearray]]
"""Part → its entries and its exits."""


def packed(
    events: NewEvents, items: Mapping[bytes, SubmittedEvent], new: Container[bytes] | None = None
) -> list[MovementColumns]:
    """Return the entries and exits among events, whose `items` are in the same order; of those that are `new`, if it is given."""
    sessions: dict[UUID, _Parts] = {}
    # An event of another type costs a look-up.
    moving = {
        kind: (sessions.setdefault(session, {}), _MOVING[type])
        for (session, _, type, *_), kind in events.kinds.items()
        if type in _MOVING
    }
    if not moving:
        return []
    for kind, at, (key, item) in zip(events.kind, events.at, items.items(), strict=True):
        found = moving.get(kind)
        if found is None or (new is not None and key not in new):
            continue
        parts, is_exit = found
        # Of two classes, the payload's and the decoder's; both have its fields, and hold a pseudonym now.
        data: Any = item.event.data
        viewer = bytes.fromhex(data.viewer)
        part = viewer[0] >> _BITS
        if part not in parts:
            parts[part] = (bytearray(), bytearray())
        entries, exits = parts[part]
        if is_exit:
            watched = data.watched_seconds
            exits += EXIT.pack(viewer, at - _SINCE_2000, inf if watched is None else watched)
        else:
            entries += ENTRY.pack(viewer, at - _SINCE_2000)
    keys = _first_keys({session for session, *_ in events.kinds}, items, new)
    return [
        (session, part, keys[session.bytes], bytes(entries), bytes(exits))
        for session, parts in sorted(sessions.items())
        for part, (entries, exits) in sorted(parts.items())
    ]


def _first_keys(sessions: set[UUID], items: Iterable[bytes], new: Container[bytes] | None) -> dict[bytes, bytes]:
    """Return the key of each session's first new event: no other flush adds it."""
    found: dict[bytes, bytes] = {}
    for key in items:
        if new is None or key in new:
            found.setdefault(key[16:], key[:16])
            if len(found) == len(sessions):
                break
    return found
