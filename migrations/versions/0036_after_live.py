"""orders: in order of payment, for what is paid after the end.

Revision ID: 0036
Revises: 0030
"""

from alembic import op

revision = "0036"
down_revision = "0030"
branch_labels = None
depends_on = None
servers_from = "0030"
needed = False


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE INDEX orders_session_id_paid_at ON orders (session_id, paid_at) WHERE paid_at IS NOT NULL")
