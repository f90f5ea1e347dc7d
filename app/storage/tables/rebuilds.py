"""Tables of rebuilds, distributed by session_id like the event log.

In: nothing. Out: tables. Never here: queries.
"""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, Uuid, text

from app.storage.tables.base import Timestamp, metadata

rebuilds = Table(
    "rebuilds",
    metadata,
    # One row per session that was ever rebuilt.
    Column("session_id", Uuid, primary_key=True),
    # The number of requests, and how many of them the figures include: a rebuild is pending while it is smaller.
    Column("requested", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_at", Timestamp, nullable=False),
    Column("started_at", Timestamp),
    Column("finished_at", Timestamp),
    Column("events_read", BigInteger, nullable=False),
    Column("events_total", BigInteger),
    # Failures in a row, and the moment of the next attempt.
    Column("failures", BigInteger, nullable=False),
    Column("not_before", Timestamp),
    Index("rebuilds_pending", "session_id", postgresql_where=text("done < requested")),
)

rebuild_events = Table(
    "rebuild_events",
    metadata,
    # Events that were logged while their session was being rebuilt; the rebuild folds them last.
    Column("session_id", Uuid, primary_key=True),
    Column("event_key", LargeBinary, primary_key=True),
)
