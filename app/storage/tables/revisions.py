"""Revisions: released reports, rows that nothing updates.

In: nothing. Out: the table, distributed by session_id. Never here: queries.
"""

from sqlalchemy import Column, Integer, Numeric, Table, Text, Uuid

from app.storage.tables.base import Timestamp, metadata

revisions = Table(
    "revisions",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("created_at", Timestamp, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("note", Text),
    # Of the bytes of `document`, which is canonical JSON.
    Column("sha256", Text, nullable=False),
    Column("document", Text, nullable=False),
    # The values of the KPI document, to tell cheaply whether they have changed.
    Column("kpis", Text, nullable=False),
    # What a settlement reads: when the session ended, in which time zone, and amounts in minor units.
    Column("ended_at", Timestamp, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("gmv", Numeric),
    Column("net_gmv", Numeric),
)
