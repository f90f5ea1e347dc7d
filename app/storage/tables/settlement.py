"""Contracts and exchange rates: reference tables, on every node of a Citus.

In: nothing. Out: tables. Never here: queries.
"""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from app.storage.tables.base import Key, Timestamp, created_at, metadata

contracts = Table(
    "contracts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("brand_id", Uuid, ForeignKey("brands.id"), nullable=False),
    Column("plan", Text, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date),
    Column("terms", JSONB, nullable=False),
    created_at(),
    CheckConstraint("ends_on >= starts_on", name="period"),
    Index("contracts_brand_id_starts_on", "brand_id", "starts_on"),
)

exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("date", Date, primary_key=True),
    Column("source_currency", Key, primary_key=True),
    Column("target_currency", Key, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("rate", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("entered_by", Text, nullable=False),
    Column("entered_at", Timestamp, nullable=False, server_default=text("now()")),
)
