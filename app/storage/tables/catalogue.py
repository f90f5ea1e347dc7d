"""The catalogue: reference tables, on every node of a Citus.

In: nothing. Out: tables. Never here: queries.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.storage.tables.base import Key, Timestamp, created_at, metadata

brands = Table(
    "brands",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("slug", Key, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("catalogue_version", Integer, nullable=False, server_default=text("0")),
    created_at(),
    # KPI slugs of the figures in front of the live screen, in order; null for the default.
    Column("front_figures", JSONB(none_as_null=True)),
)

brand_logos = Table(
    "brand_logos",
    metadata,
    Column("brand_id", Uuid, ForeignKey("brands.id"), primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    Column("uploaded_at", Timestamp, nullable=False),
)

products = Table(
    "products",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("brand_id", Uuid, ForeignKey("brands.id"), nullable=False),
    Column("code", Key, nullable=False),
    Column("names", JSONB, nullable=False, server_default=text("'{}'")),
    Column("customs", JSONB(none_as_null=True)),
    created_at(),
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
    Column("scheduled_at", Timestamp),
    Column("started_at", Timestamp),
    Column("ended_at", Timestamp),
    created_at(),
    # The rebuild that is under way. Flushes note new events while it is set.
    Column("rebuild", Uuid),
    # The latest revision; null before the first release.
    Column("revision", Integer),
    # KPI slug → what it should reach, in the form in which the KPI is printed.
    Column("targets", JSONB(none_as_null=True)),
    Column("planned_minutes", Integer),
    # Whether readers outside the agency see the targets.
    Column("targets_shared", Boolean, nullable=False, server_default=text("false")),
    # Since then the session takes in no event, and nothing reads its log.
    Column("log_dropped_at", Timestamp),
    CheckConstraint("kind IN ('live', 'rehearsal')", name="kind"),
    Index("sessions_brand_id_created_at_id", "brand_id", "created_at", "id"),
)

streams = Table(
    "streams",
    metadata,
    Column("platform", Key, primary_key=True),
    Column("room", Key, primary_key=True),
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
    created_at(),
    # A brand registers a room once. Of all brands' registrations of a room one at most is confirmed by an unbound principal.
    Column("brand_id", Uuid, ForeignKey("brands.id"), primary_key=True),
    Column("confirmed", Boolean, nullable=False),
    Column("registered_by", Text),
    Index("streams_confirmed_key", "platform", "room", unique=True, postgresql_where=text("confirmed")),
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
    Column("list_price", BigInteger),
    Column("preorder", Boolean, nullable=False, server_default=text("false")),
    # Days from payment to shipping that buyers were promised.
    Column("promised_days", Integer),
    # What the host says about it; never shown to the brand.
    Column("talk_points", Text),
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
    Column("published_at", Timestamp),
    created_at(),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("section", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    created_at(),
    # Whether the client edition of the report has it.
    Column("share", Boolean, nullable=False, server_default=text("false")),
    # Orders the notes of a session.
    Column("place", Integer, nullable=False, server_default=text("0")),
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
    Column("revoked_at", Timestamp),
    Column("expires_at", Timestamp),
    Column("last_used_at", Timestamp),
    created_at(),
    CheckConstraint("role IN ('ingest', 'viewer', 'operator', 'admin')", name="role"),
)
