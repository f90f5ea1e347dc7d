"""Connections to platforms, and what came through them.

In: nothing. Out: tables. Never here: queries.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.storage.tables.base import Key, Moment, created_at, metadata

connections = Table(
    "connections",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("brand_id", Uuid, ForeignKey("brands.id"), index=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("options", JSONB, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    created_at(),
    # What happened to it; a second or two behind, since deliveries must not queue for this row.
    Column("last_delivery_at", Moment),
    Column("last_error", Text),
    Column("last_error_at", Moment),
    Column("deliveries", BigInteger, nullable=False, server_default=text("0")),
    Column("duplicates", BigInteger, nullable=False, server_default=text("0")),
    Column("refused", BigInteger, nullable=False, server_default=text("0")),
    Column("events", BigInteger, nullable=False, server_default=text("0")),
    Column("letters", BigInteger, nullable=False, server_default=text("0")),
    # Where its pollers stand.
    Column("polled_at", Moment),
    Column("reconciled_to", Moment),
    Column("quiet_until", Moment),
    Column("refusals", Integer, nullable=False, server_default=text("0")),
    Column("rooms", JSONB, nullable=False, server_default=text("'{}'")),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("connection_id", Uuid, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("received_at", Moment, nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("settled_at", Moment),
    Column("error", Text),
)

platform_tokens = Table(
    "platform_tokens",
    metadata,
    Column("key", Key, primary_key=True),
    Column("sealed", LargeBinary),
    Column("fresh_until", Moment),
    Column("forced_at", Moment),
)

sealed_keys = Table(
    "sealed_keys",
    metadata,
    Column("name", Key, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
