"""forgotten_orders: several forgotten buyers of one order.

Revision ID: 0050
Revises: 0049
"""

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None
servers_from = "0030"
needed = False


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Two statements: Citus sends each of them to its nodes, and no two at once.
    op.execute("ALTER TABLE forgotten_orders DROP CONSTRAINT forgotten_orders_pkey")
    op.execute(
        "ALTER TABLE forgotten_orders ADD CONSTRAINT forgotten_orders_pkey PRIMARY KEY (session_id, platform, order_id, buyer)"
    )
