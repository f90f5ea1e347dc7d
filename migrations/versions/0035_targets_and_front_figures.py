"""How long a show shall last, whether its targets are shared, and the figures in front of a brand's live screen.

Revision ID: 0035
Revises: 0033
"""

from alembic import op
from sqlalchemy import Boolean, Column, Integer, text
from sqlalchemy.dialects.postgresql import JSONB

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None
servers_from = "0030"


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("sessions", Column("planned_minutes", Integer))
    op.add_column("sessions", Column("targets_shared", Boolean, nullable=False, server_default=text("false")))
    op.add_column("brands", Column("front_figures", JSONB))
