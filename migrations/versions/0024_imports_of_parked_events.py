"""parked events: every import that brought one, so that a void of one import leaves what another one brought.

Revision ID: 0024
Revises: 0023
"""

from alembic import op
from sqlalchemy import Column, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("parked", Column("imports", ARRAY(Uuid)))
