"""What a host says about a product, and what the KPIs of a session should reach.

Revision ID: 0030
Revises: 0031
"""

from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("lineup", Column("talk_points", Text))
    op.add_column("sessions", Column("targets", JSONB))
