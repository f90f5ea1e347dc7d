"""revisions: released reports of sessions; notes that are shared with the brand.

Revision ID: 0019
Revises: 0020
"""

from alembic import op
from sqlalchemy import Column, Integer

revision = "0019"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE notes ADD COLUMN share boolean NOT NULL DEFAULT false")
    op.execute("UPDATE notes SET share = true WHERE kind = 'summary'")
    op.add_column("sessions", Column("revision", Integer))
    op.execute("""
        CREATE TABLE revisions (
            session_id uuid NOT NULL, number integer NOT NULL, created_at timestamptz NOT NULL, created_by text NOT NULL,
            idempotency_key text, note text, sha256 text NOT NULL, document text NOT NULL, kpis text NOT NULL,
            ended_at timestamptz NOT NULL, time_zone text NOT NULL, currency text NOT NULL, gmv numeric, net_gmv numeric,
            CONSTRAINT revisions_pkey PRIMARY KEY (session_id, number)
        )
    """)
