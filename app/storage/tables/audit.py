"""The audit log: a local table of the coordinator, to which rows are only added.

In: nothing. Out: a table. Never here: queries.
"""

from sqlalchemy import Column, Index, Table, Text, Uuid, text

from app.storage.tables.base import Key, Timestamp, metadata

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", Timestamp, nullable=False),
    Column("principal_kind", Key, nullable=False),
    Column("principal_id", Key, nullable=False),
    Column("principal_name", Text),
    Column("action", Key, nullable=False),
    Column("object_id", Text),
    # No foreign keys: a row outlives what it names.
    Column("session_id", Uuid),
    Column("brand_id", Uuid),
    Column("address", Text),
    Column("request_id", Text),
    Index("audit_log_at_id", "at", "id"),
    Index("audit_log_session_id_at", "session_id", "at"),
    Index("audit_log_brand_id_at", "brand_id", "at"),
    Index("audit_log_backups_at", "at", postgresql_where=text("action = 'backup.create'")),
)
