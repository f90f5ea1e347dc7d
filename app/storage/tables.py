"""The tables, as SQLAlchemy sees them.

In: nothing. Out: `metadata`, which the migrations are checked against. Never here: queries.

The four tables of the fold, the orders and the spans begin every key with session_id, so that Citus can distribute them;
the catalogue consists of reference tables; queues and letters are local (architecture.md).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

Key = Text(collation="C")
"""Text that is compared byte by byte: the order in which rows are locked is the order Python sorts them in."""
Moment = DateTime(timezone=True)


def _now() -> Column[object]:
    return Column("created_at", Moment, nullable=False, server_default=text("now()"))


# --- catalogue -------------------------------------------------------------------------------------------------

brands = Table(
    "brands",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("slug", Key, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("catalogue_version", Integer, nullable=False, server_default=text("0")),
    _now(),
)

products = Table(
    "products",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("brand_id", Uuid, ForeignKey("brands.id"), nullable=False),
    Column("code", Key, nullable=False),
    Column("names", JSONB, nullable=False, server_default=text("'{}'")),
    _now(),
    Index("products_brand_id_code_key", "brand_id", "code", unique=True),
)

product_aliases = Table(
    "product_aliases",
    metadata,
    Column("brand_id", Uuid, ForeignKey("brands.id"), primary_key=True),
    Column("alias", Key, primary_key=True),
    Column("product_id", Uuid, ForeignKey("products.id", ondelete="CASCADE"), nullable=False, index=True),
)

pending_refolds = Table(
    "pending_refolds",
    metadata,
    Column("brand_id", Uuid, ForeignKey("brands.id"), primary_key=True),
    Column("key", Key, primary_key=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("brand_id", Uuid, ForeignKey("brands.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("host", Text),
    Column("kind", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("scheduled_at", Moment),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    _now(),
    CheckConstraint("kind IN ('live', 'rehearsal')", name="kind"),
    Index("sessions_brand_id_created_at_id", "brand_id", "created_at", "id"),
)

streams = Table(
    "streams",
    metadata,
    Column("platform", Key, primary_key=True),
    Column("room", Key, primary_key=True),
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
    _now(),
)

lineup = Table(
    "lineup",
    metadata,
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("product", Key, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text),
    Column("live_price", BigInteger),
    Column("stock", BigInteger),
)

promotions = Table(
    "promotions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("url", Text),
    Column("kind", Text, nullable=False),
    Column("platform", Text),
    Column("title", Text),
    Column("published_at", Moment),
    _now(),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("section", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    _now(),
    CheckConstraint("section IN ('live', 'ec', 'promotion')", name="section"),
    CheckConstraint("kind IN ('observation', 'summary')", name="kind"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Key, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("role", Text, nullable=False),
    Column("brand_id", Uuid, ForeignKey("brands.id")),
    Column("name", Text),
    Column("revoked_at", Moment),
    _now(),
    CheckConstraint("role IN ('ingest', 'viewer', 'operator', 'admin')", name="role"),
)

# --- the fold's tables ------------------------------------------------------------------------------------------
# They hold no foreign key to sessions: a flush locks each session once instead of once per row.

events = Table(
    "events",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("event_key", LargeBinary, primary_key=True),
    Column("id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("platform", Key, nullable=False),
    Column("room", Key, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("data", JSON, nullable=False),
    Index("events_session_id_occurred_at_event_key", "session_id", "occurred_at", "event_key"),
    # Holds comments whose text was kept, and nothing in a deployment that keeps none: what expires is found by it.
    Index(
        "events_received_at_comment_text",
        "received_at",
        postgresql_where=text("type = 'live.comment.posted' AND (data ->> 'text') IS NOT NULL"),
    ),
    # The same rows by session, in the random order of their digests: a sample of a session's comments is one short stretch.
    Index(
        "events_session_id_event_key_comment_text",
        "session_id",
        "event_key",
        postgresql_where=text("type = 'live.comment.posted' AND (data ->> 'text') IS NOT NULL"),
    ),
)

members = Table(
    "members",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("set", Key, primary_key=True),
    Column("member", LargeBinary, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("event_key", LargeBinary, nullable=False),
    Column("superseded", LargeBinary),
)

customers = Table(
    "customers",
    metadata,
    Column("brand_id", Uuid, primary_key=True),
    Column("member", LargeBinary, primary_key=True),
    Column("session_id", Uuid, nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("event_key", LargeBinary, nullable=False),
    Column("superseded_session", Uuid),
    Column("superseded", LargeBinary),
)

counters = Table(
    "counters",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("grain", SmallInteger, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("bucket", Moment, primary_key=True),
    Column("platform", Key, primary_key=True),
    Column("metric", Key, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

gauges = Table(
    "gauges",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("grain", SmallInteger, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("bucket", Moment, primary_key=True),
    Column("platform", Key, primary_key=True),
    Column("room", Key, primary_key=True),
    Column("metric", Key, primary_key=True),
    Column("latest", BigInteger, nullable=False),
    Column("latest_at", Moment, nullable=False),
    Column("latest_key", LargeBinary, nullable=False),
    Column("highest", BigInteger, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("platform", Key, primary_key=True),
    Column("order_id", Key, primary_key=True),
    Column("told_rank", SmallInteger, nullable=False),
    Column("told_at", Moment, nullable=False),
    Column("told_key", LargeBinary, nullable=False),
    Column("buyer", Text),
    Column("amount", BigInteger),
    Column("lines", JSON),
    Column("refunded_amount", BigInteger, nullable=False),
    Column("placed_at", Moment),
    Column("paid_at", Moment),
    Column("cancelled_at", Moment),
    Column("refunded_at", Moment),
    Column("shipped_at", Moment),
    Column("shipped_key", LargeBinary),
    Column("carrier", Text),
    Column("tracking", Text),
    Column("delivered_at", Moment),
)

spans = Table(
    "spans",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("member", LargeBinary, primary_key=True),
    Column("platform", Key, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("ended_key", LargeBinary),
    Column("given_ms", BigInteger),
    Column("was_started_at", Moment),
    Column("was_ended_at", Moment),
    Column("was_given_ms", BigInteger),
)

# --- what could not be taken ----------------------------------------------------------------------------------------

parked = Table(
    "parked",
    metadata,
    Column("platform", Key, primary_key=True),
    Column("room", Key, primary_key=True),
    Column("owner", Key, primary_key=True),
    Column("event_key", LargeBinary, primary_key=True),
    Column("received_at", Moment, nullable=False),
    Column("event", JSON, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("brand_id", Uuid, index=True),
    Column("origin", Text, nullable=False),
    Column("received_at", Moment, nullable=False, index=True),
    Column("type", Text),
    Column("subject", Text),
    Column("errors", JSONB, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
)

# --- platforms ------------------------------------------------------------------------------------------------------

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
    _now(),
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
