"""Marks of a session, and what operators did at the desk.

Revision ID: 0029
Revises: 0032
"""

from alembic import op

revision = "0029"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("""
        CREATE TABLE marks (
            session_id uuid NOT NULL, at timestamptz NOT NULL, event_key bytea NOT NULL, platform text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL, name text NOT NULL, text text, until timestamptz,
            CONSTRAINT marks_pkey PRIMARY KEY (session_id, at, event_key)
        )
    """)
    op.execute("""
        CREATE INDEX events_session_id_occurred_at_event_key_desk ON events (session_id, occurred_at, event_key)
        WHERE source LIKE '/desk/%'
    """)
