"""Channels, which send messages to chats and programs outside, and the alerts of sessions on air.

In: nothing. Out: tables. Never here: queries.

Channels and deliveries are local tables of the coordinator, as all queues are. `watched_sessions` and `alerts` are distributed by
session_id.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB

from app.storage.tables.base import Key, Timestamp, created_at, metadata

channels = Table(
    "channels",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("brand_id", Uuid),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("lang", Text, nullable=False),
    Column("events", ARRAY(Text), nullable=False),
    Column("options", JSONB, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    # The receiver without its secrets, as lists show it.
    Column("target", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    created_at(),
    # When the latest requests were made; what the platform's budget counts.
    Column("requests", ARRAY(Timestamp), nullable=False, server_default=text("'{}'")),
    # Failed requests in a row, and until when no request is made.
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("paused_until", Timestamp),
    # A request is under way; after this moment its process is taken for dead.
    Column("busy_until", Timestamp),
    # When the previous secret ends; null: it does not.
    Column("previous_secret_until", Timestamp),
)

channel_deliveries = Table(
    "channel_deliveries",
    metadata,
    Column("channel_id", Uuid, primary_key=True),
    # The message's id; every channel that gets a message has a row with the same id.
    Column("id", Uuid, primary_key=True),
    # The order in which messages were queued.
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("event", Text, nullable=False),
    Column("brand_id", Uuid),
    Column("session_id", Uuid),
    Column("content", JSON, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    # When it was queued last: first, or for a replay.
    Column("queued_at", Timestamp, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Timestamp, nullable=False),
    Column("sent_at", Timestamp),
    Column("error", Text),
    # The digest that carries this message.
    Column("digest_id", Uuid),
    CheckConstraint("state IN ('queued', 'sent', 'failed', 'gathered')", name="state"),
    Index("channel_deliveries_queued", "channel_id", "next_at", postgresql_where=text("state = 'queued'")),
    Index("channel_deliveries_position", "channel_id", "position"),
    Index("channel_deliveries_created_at", "created_at"),
)

watched_sessions = Table(
    "watched_sessions",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("on_air", Boolean, nullable=False),
    Column("looked_at", Timestamp),
)

alerts = Table(
    "alerts",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("alert", Key, primary_key=True),
    # Null while the condition does not hold; the row is kept for its snooze or its last message.
    Column("raised_at", Timestamp),
    Column("absent_since", Timestamp),
    # Whether channels had the message that it was raised, and none that it was cleared.
    Column("announced", Boolean, nullable=False, server_default=text("false")),
    Column("content", JSON(none_as_null=True)),
    Column("taken_by", Text),
    Column("taken_at", Timestamp),
    Column("snoozed_by", Text),
    Column("snoozed_until", Timestamp),
)
