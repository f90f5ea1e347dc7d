"""orders of customers who were forgotten.

Revision ID: 0023
Revises: 0022
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("""
        CREATE TABLE forgotten_orders (
            session_id uuid NOT NULL,
            platform text COLLATE "C" NOT NULL,
            order_id text COLLATE "C" NOT NULL,
            buyer text NOT NULL,
            elsewhere text[] NOT NULL,
            CONSTRAINT forgotten_orders_pkey PRIMARY KEY (session_id, platform, order_id)
        )
    """)
