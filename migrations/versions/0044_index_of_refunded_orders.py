"""orders: an index of those of which money went back.

Revision ID: 0044
Revises: 0042
"""

from alembic import op

revision = "0044"
down_revision = "0042"
branch_labels = None
depends_on = None
servers_from = "0030"
needed = False


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    # What an attempt that was interrupted left is not used.
    op.execute("DROP INDEX IF EXISTS orders_session_id_refunded")
    with op.get_context().autocommit_block():
        # Ingest goes on while all orders are read for it.
        op.execute("CREATE INDEX CONCURRENTLY orders_session_id_refunded ON orders (session_id) WHERE refunded_amount <> 0")
