"""Voids: events and imports that an operator took out of a session's figures.

In: nothing. Out: tables, distributed by session_id like the event log. Never here: queries.
"""

from sqlalchemy import Column, Index, LargeBinary, Table, Text, Uuid

from app.storage.tables.base import Timestamp, metadata

voids = Table(
    "voids",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    # One event (source and event_id), or everything that one import brought.
    Column("source", Text),
    Column("event_id", Text),
    Column("import_id", Uuid),
    Column("reason", Text, nullable=False),
    Column("voided_by", Text, nullable=False),
    Column("voided_at", Timestamp, nullable=False),
)

voided_events = Table(
    "voided_events",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("event_key", LargeBinary, primary_key=True),
    Column("void_id", Uuid, primary_key=True),
)

import_events = Table(
    "import_events",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("import_id", Uuid, primary_key=True),
    Column("event_key", LargeBinary, primary_key=True),
    Index("import_events_session_id_event_key", "session_id", "event_key"),
)
