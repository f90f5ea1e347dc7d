"""Where the account of a shop is read, and parked events that do not expire.

Revision ID: 0016
Revises: 0015
"""

from alembic import op
from sqlalchemy import Column, Text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("connections", Column("funds", Text))
    op.drop_index("parked_received_at", "parked")
    op.execute("""
        CREATE INDEX parked_expiring ON parked (received_at)
        WHERE (event ->> 'type') NOT IN ('live.order.settled', 'live.funds.moved')
    """)
