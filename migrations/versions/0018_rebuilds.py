"""Rebuilds that are requested and under way, and the events that arrive meanwhile.

Revision ID: 0018
Revises: 0017
"""

from alembic import op
from sqlalchemy import Column, Uuid

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("sessions", Column("rebuild", Uuid))
    op.execute("""
        CREATE TABLE rebuilds (
            session_id uuid CONSTRAINT rebuilds_pkey PRIMARY KEY, requested bigint NOT NULL, done bigint NOT NULL,
            reason text NOT NULL, requested_at timestamptz NOT NULL, started_at timestamptz, finished_at timestamptz,
            events_read bigint NOT NULL, events_total bigint, failures bigint NOT NULL, not_before timestamptz
        )
    """)
    op.execute("CREATE INDEX rebuilds_pending ON rebuilds (session_id) WHERE done < requested")
    op.execute("""
        CREATE TABLE rebuild_events (
            session_id uuid NOT NULL, event_key bytea NOT NULL,
            CONSTRAINT rebuild_events_pkey PRIMARY KEY (session_id, event_key)
        )
    """)
    op.execute("""
        INSERT INTO rebuilds (session_id, requested, done, reason, requested_at, events_read, failures)
        SELECT session_id, 1, 0, 'statement', now(), 0, 0 FROM pending_corrections
    """)
    op.drop_table("pending_corrections")
