"""Contracts and exchange rates: reference tables, on every node of a Citus. Statements: local tables of its coordinator.

In: nothing. Out: tables. Never here: queries.
"""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Numeric, Table, Text, UniqueConstraint, Uuid, text
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

settlements = Table(
    "settlements",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("brand_id", Uuid, nullable=False),
    # Its first day.
    Column("month", Date, nullable=False),
    # Null in a draft. A trigger refuses every change of a row that has a number.
    Column("number", Key, unique=True),
    # Lines that operators entered; the document holds them too.
    Column("entered", JSONB, nullable=False, server_default=text("'[]'")),
    # JSON, in the bytes that the hash is of.
    Column("document", Text, nullable=False),
    Column("payable", Numeric, nullable=False),
    Column("sha256", Text),
    Column("issued_at", Timestamp),
    Column("issued_by", Text),
    Column("idempotency_key", Text),
    created_at(),
    UniqueConstraint("brand_id", "month"),
    CheckConstraint(
        "(number IS NULL) = (sha256 IS NULL) AND (number IS NULL) = (issued_at IS NULL) "
        "AND (number IS NULL) = (issued_by IS NULL)",
        name="issued",
    ),
)

settlement_rates = Table(
    "settlement_rates",
    metadata,
    # Exchange rates that an issued statement used.
    Column("date", Date, primary_key=True),
    Column("source_currency", Key, primary_key=True),
    Column("target_currency", Key, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("number", Key, nullable=False),
)
