"""orders: what is known of their buyers; members: an index of viewers and buyers of whom a later event was known first.

Revision ID: 0042
Revises: 0041
"""

from alembic import op
from sqlalchemy import Boolean, Column, Text

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None
servers_from = "0030"


def upgrade() -> None:
    """Apply."""
    with op.get_context().autocommit_block():
        # Ingest goes on while all members are read for it. An attempt that was interrupted leaves an index that is not used.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS members_session_id_member_superseded")
        op.execute(
            "CREATE INDEX CONCURRENTLY members_session_id_member_superseded ON members (session_id, member)"
            " WHERE set IN ('buyer', 'viewer') AND superseded IS NOT NULL"
        )
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("orders", Column("buyer_arrival", Text))
    op.add_column("orders", Column("buyer_counted", Boolean))
