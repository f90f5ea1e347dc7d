"""Entries and exits of viewers beside the log, packed, so that retention need not read all events for them.

In: packed rows. Out: nothing. Never here: which events are packed.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Any
from uuid import UUID

from app.storage.joined import columns
from app.storage.queries import queries

ENTRY = Struct(">8sq")
"""The first half of a viewer's pseudonym, and microseconds since 2000."""
EXIT = Struct(">8sqd")
"""The same, and the seconds that the exit states; infinite if it states none."""

MovementColumns = tuple[UUID, int, bytes, bytes, bytes]
"""Session, part of the viewers, the key of one of the events of the flush, entries and exits."""

ADD = queries("ingest/movements")["add_movements"]


def added_movements(rows: Sequence[MovementColumns]) -> tuple[Any, ...]:
    """Return the statement that adds rows, and its arguments."""
    return (ADD, *columns(rows, 5))
