"""Unprocessed input: parked events and dead letters, local to one node.

In: nothing. Out: tables. Never here: queries.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB

from app.storage.tables.base import Key, Timestamp, metadata

parked = Table(
    "parked",
    metadata,
    Column("platform", Key, primary_key=True),
    Column("room", Key, primary_key=True),
    Column("owner", Key, primary_key=True),
    Column("event_key", LargeBinary, primary_key=True),
    Column("received_at", Timestamp, nullable=False),
    Column("event", JSON, nullable=False),
    Column("origin", Key, nullable=False, server_default=text("''")),
    Column("digest", LargeBinary),
    Column("imports", ARRAY(Uuid)),
    # Only what expires: what stays must not be read again every night.
    Index(
        "parked_expiring",
        "received_at",
        postgresql_where=text("(event ->> 'type') NOT IN ('live.order.settled', 'live.funds.moved')"),
    ),
)

parked_rooms = Table(
    "parked_rooms",
    metadata,
    Column("platform", Key, primary_key=True),
    Column("room", Key, primary_key=True),
    Column("owner", Key, primary_key=True),
    Column("origin", Key, primary_key=True, index=True),
    Column("events", BigInteger, nullable=False),
    Column("first_at", Timestamp, nullable=False),
    Column("last_at", Timestamp, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("brand_id", Uuid, index=True),
    Column("origin", Text, nullable=False),
    Column("received_at", Timestamp, nullable=False, index=True),
    Column("type", Text),
    Column("subject", Text),
    Column("errors", JSONB, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    # The brand that the requester is bound to.
    Column("brand_id", Uuid),
    Column("filter", JSONB, nullable=False),
    Column("requested_by", Text, nullable=False),
    # Kind, brand and filter: the same request is the same job while it is not finished.
    Column("same", Text, nullable=False),
    Column("requested_at", Timestamp, nullable=False),
    Column("until", Timestamp, nullable=False),
    Column("started_at", Timestamp),
    Column("finished_at", Timestamp),
    Column("cancelled", Boolean, nullable=False, server_default=text("false")),
    Column("total", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False, server_default=text("0")),
    Column("succeeded", BigInteger, nullable=False, server_default=text("0")),
    Column("failed", BigInteger, nullable=False, server_default=text("0")),
    Column("cursor_at", Timestamp),
    Column("cursor_id", Uuid),
    Column("error", Text),
    Index("jobs_same_key", "same", unique=True, postgresql_where=text("finished_at IS NULL")),
    Index("jobs_requested_at_id", "requested_at", "id"),
)
