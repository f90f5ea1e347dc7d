"""Channels and their deliveries; alerts of sessions on air; connections that fail.

Revision ID: 0031
Revises: 0027
"""

from alembic import op

revision = "0031"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("""
        CREATE TABLE channels (
            id uuid CONSTRAINT channels_pkey PRIMARY KEY,
            brand_id uuid,
            kind text NOT NULL,
            name text NOT NULL,
            lang text NOT NULL,
            events text[] NOT NULL,
            options jsonb NOT NULL,
            sealed bytea NOT NULL,
            target text NOT NULL,
            enabled boolean NOT NULL DEFAULT true,
            created_at timestamptz NOT NULL DEFAULT now(),
            requests timestamptz[] NOT NULL DEFAULT '{}',
            failures integer NOT NULL DEFAULT 0,
            paused_until timestamptz,
            busy_until timestamptz
        )
    """)
    op.execute("""
        CREATE TABLE channel_deliveries (
            channel_id uuid NOT NULL,
            id uuid NOT NULL,
            position bigint GENERATED ALWAYS AS IDENTITY,
            event text NOT NULL,
            brand_id uuid,
            session_id uuid,
            content json NOT NULL,
            created_at timestamptz NOT NULL,
            queued_at timestamptz NOT NULL,
            state text NOT NULL,
            attempts integer NOT NULL DEFAULT 0,
            next_at timestamptz NOT NULL,
            sent_at timestamptz,
            error text,
            digest_id uuid,
            CONSTRAINT channel_deliveries_pkey PRIMARY KEY (channel_id, id),
            CONSTRAINT channel_deliveries_state CHECK (state IN ('queued', 'sent', 'failed', 'gathered'))
        )
    """)
    op.execute("CREATE INDEX channel_deliveries_queued ON channel_deliveries (channel_id, next_at) WHERE state = 'queued'")
    op.execute("CREATE INDEX channel_deliveries_position ON channel_deliveries (channel_id, position)")
    op.execute("CREATE INDEX channel_deliveries_created_at ON channel_deliveries (created_at)")
    op.execute("""
        CREATE TABLE watched_sessions (
            session_id uuid CONSTRAINT watched_sessions_pkey PRIMARY KEY,
            on_air boolean NOT NULL,
            looked_at timestamptz
        )
    """)
    op.execute("""
        CREATE TABLE alerts (
            session_id uuid NOT NULL,
            alert text COLLATE "C" NOT NULL,
            raised_at timestamptz,
            absent_since timestamptz,
            announced boolean NOT NULL DEFAULT false,
            content json,
            taken_by text,
            taken_at timestamptz,
            snoozed_by text,
            snoozed_until timestamptz,
            CONSTRAINT alerts_pkey PRIMARY KEY (session_id, alert)
        )
    """)
    op.execute("ALTER TABLE connections ADD COLUMN failures integer NOT NULL DEFAULT 0, ADD COLUMN failing_since timestamptz")
    # Secrets, and messages of all brands: readers that are bound to a brand have no part of them.
    op.execute("""
        DO $$
        BEGIN
            IF to_regrole('tallylight_reader') IS NOT NULL THEN
                REVOKE ALL ON channels, channel_deliveries, watched_sessions FROM tallylight_reader;
            END IF;
        END
        $$
    """)
