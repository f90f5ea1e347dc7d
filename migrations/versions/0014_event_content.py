"""What an event held besides its data, and a digest that separates a retry from a conflict.

Events that are there already have no digest: whatever comes again under their ids counts as a retry, as before.

Revision ID: 0014
Revises: 0013
"""

from alembic import op
from sqlalchemy import Column, LargeBinary
from sqlalchemy.dialects.postgresql import JSON

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("events", Column("digest", LargeBinary))
    op.add_column("events", Column("attributes", JSON))
    op.add_column("parked", Column("digest", LargeBinary))
