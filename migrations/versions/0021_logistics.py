"""Cartons and their contents, customs data of products, prices and preorder of the line-up, acceptance of parcels.

Revision ID: 0021
Revises: 0019
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, text
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("products", Column("customs", JSONB))
    op.add_column("lineup", Column("list_price", BigInteger))
    op.add_column("lineup", Column("preorder", Boolean, nullable=False, server_default=text("false")))
    op.add_column("lineup", Column("promised_days", Integer))
    op.add_column("parcels", Column("accepted_at", DateTime(timezone=True)))
    op.execute("""
        CREATE TABLE cartons (
            session_id uuid NOT NULL, number integer NOT NULL, gross_weight_g bigint, size text, packed_at timestamptz NOT NULL,
            CONSTRAINT cartons_pkey PRIMARY KEY (session_id, number)
        )
    """)
    op.execute("""
        CREATE TABLE carton_orders (
            session_id uuid NOT NULL, platform text COLLATE "C" NOT NULL, order_id text COLLATE "C" NOT NULL,
            number integer NOT NULL, items json NOT NULL,
            CONSTRAINT carton_orders_pkey PRIMARY KEY (session_id, platform, order_id)
        )
    """)
