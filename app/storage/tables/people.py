"""People, their sign-in links and devices, and share links: reference tables, on every node of a Citus.

In: nothing. Out: tables. Never here: queries. Every secret is stored as its SHA-256.
"""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, LargeBinary, Table, Text, Uuid, text

from app.storage.tables.base import Key, Timestamp, created_at, metadata

people = Table(
    "people",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("brand_id", Uuid, ForeignKey("brands.id")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    created_at(),
    Column("last_seen_at", Timestamp),
    CheckConstraint("role IN ('viewer', 'operator', 'admin')", name="role"),
    CheckConstraint("role <> 'admin' OR brand_id IS NULL", name="unbound_admin"),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("secret_hash", LargeBinary, primary_key=True),
    Column("person_id", Uuid, ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    created_at(),
    Column("expires_at", Timestamp, nullable=False),
)

share_links = Table(
    "share_links",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    # Whether guests also read the figures as they come.
    Column("live", Boolean, nullable=False),
    Column("lang", Text),
    Column("expires_at", Timestamp),
    Column("created_by", Text, nullable=False),
    created_at(),
    Column("last_used_at", Timestamp),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    # Exactly one of the three.
    Column("person_id", Uuid, ForeignKey("people.id", ondelete="CASCADE"), index=True),
    Column("key_id", Key, ForeignKey("api_keys.id", ondelete="CASCADE"), index=True),
    Column("share_link_id", Uuid, ForeignKey("share_links.id", ondelete="CASCADE"), index=True),
    Column("user_agent", Text),
    created_at(),
    Column("last_seen_at", Timestamp, nullable=False, index=True),
    CheckConstraint("num_nonnulls(person_id, key_id, share_link_id) = 1", name="one_owner"),
)
