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

from app.storage.tables.base import Key, Timestamp, created_at, metadata

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
    Column("last_delivery_at", Timestamp),
    Column("last_error", Text),
    Column("last_error_at", Timestamp),
    Column("deliveries", BigInteger, nullable=False, server_default=text("0")),
    Column("duplicates", BigInteger, nullable=False, server_default=text("0")),
    Column("refused", BigInteger, nullable=False, server_default=text("0")),
    Column("events", BigInteger, nullable=False, server_default=text("0")),
    Column("letters", BigInteger, nullable=False, server_default=text("0")),
    # Where its pollers stand.
    Column("polled_at", Timestamp),
    Column("reconciled_to", Timestamp),
    Column("funds", Text),
    Column("quiet_until", Timestamp),
    Column("refusals", Integer, nullable=False, server_default=text("0")),
    Column("rooms", JSONB, nullable=False, server_default=text("'{}'")),
    # The last deliveries, the newest first.
    Column("recent", JSONB, nullable=False, server_default=text("'[]'")),
    # Calls that failed in a row, and since when they are so many that the connection counts as failing.
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("failing_since", Timestamp),
    # When the previous secret ends; null: it does not.
    Column("previous_secret_until", Timestamp),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("connection_id", Uuid, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("received_at", Timestamp, nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("settled_at", Timestamp),
    Column("error", Text),
)

delivery_bindings = Table(
    "delivery_bindings",
    metadata,
    Column("connection_id", Uuid, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("value", Key, nullable=False),
    Column("expires_at", Timestamp, nullable=False, index=True),
)

platform_tokens = Table(
    "platform_tokens",
    metadata,
    Column("key", Key, primary_key=True),
    Column("sealed", LargeBinary),
    Column("fresh_until", Timestamp),
    Column("forced_at", Timestamp),
)

import_options = Table(
    "import_options",
    metadata,
    # What was chosen for the last import.
    Column("brand_id", Uuid, ForeignKey("brands.id"), primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("source", Key, primary_key=True),
    Column("options", JSONB, nullable=False),
    Column("used_at", Timestamp, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    # Which files were imported; `import_events` says which events each brought.
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("file_name", Text),
    Column("imported_by", Text, nullable=False),
    Column("imported_by_name", Text),
    Column("imported_at", Timestamp, nullable=False),
    Column("finished_at", Timestamp),
    Column("report", JSONB),
)

sealed_keys = Table(
    "sealed_keys",
    metadata,
    Column("name", Key, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
