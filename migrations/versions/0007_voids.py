"""voids: events and imports that an operator took out of a session's figures.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("""
        CREATE TABLE voids (
            session_id uuid NOT NULL,
            id uuid NOT NULL,
            source text,
            event_id text,
            import_id uuid,
            reason text NOT NULL,
            voided_by text NOT NULL,
            voided_at timestamptz NOT NULL,
            PRIMARY KEY (session_id, id)
        )
    """)
    op.execute("""
        CREATE TABLE voided_events (
            session_id uuid NOT NULL,
            event_key bytea NOT NULL,
            void_id uuid NOT NULL,
            PRIMARY KEY (session_id, event_key, void_id)
        )
    """)
    op.execute("""
        CREATE TABLE import_events (
            session_id uuid NOT NULL,
            import_id uuid NOT NULL,
            event_key bytea NOT NULL,
            PRIMARY KEY (session_id, import_id, event_key)
        )
    """)
    op.execute("CREATE INDEX import_events_session_id_event_key ON import_events (session_id, event_key)")
