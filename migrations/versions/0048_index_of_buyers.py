"""orders: an index of their buyers.

Revision ID: 0048
Revises: 0047
"""

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None
servers_from = "0030"
needed = False


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    # What an attempt that was interrupted left is not used.
    op.execute("DROP INDEX IF EXISTS orders_buyer_session_id")
    with op.get_context().autocommit_block():
        # Ingest goes on while all orders are read for it.
        op.execute(
            "CREATE INDEX CONCURRENTLY orders_buyer_session_id ON orders (buyer, session_id) INCLUDE (paid_at)"
            " WHERE buyer IS NOT NULL"
        )
