"""gauges: of a start and an end at one moment, the end counts.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("""
        UPDATE gauges SET latest_key = set_byte(latest_key, 0, CASE latest WHEN 0 THEN 255 ELSE 0 END) WHERE metric = 'broadcast'
    """)
