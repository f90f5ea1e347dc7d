"""import_options: what was chosen for the last import. jobs: bulk jobs. connections: the last deliveries.

Revision ID: 0032
Revises: 0025
"""

from alembic import op

revision = "0032"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        CREATE TABLE import_options (
            brand_id uuid NOT NULL REFERENCES brands (id),
            kind text COLLATE "C" NOT NULL,
            source text COLLATE "C" NOT NULL,
            options jsonb NOT NULL,
            used_at timestamptz NOT NULL,
            CONSTRAINT import_options_pkey PRIMARY KEY (brand_id, kind, source)
        )
    """)
    op.execute("""
        CREATE TABLE jobs (
            id uuid NOT NULL,
            kind text NOT NULL,
            brand_id uuid,
            filter jsonb NOT NULL,
            requested_by text NOT NULL,
            same text NOT NULL,
            requested_at timestamptz NOT NULL,
            until timestamptz NOT NULL,
            started_at timestamptz,
            finished_at timestamptz,
            cancelled boolean NOT NULL DEFAULT false,
            total bigint NOT NULL,
            done bigint NOT NULL DEFAULT 0,
            succeeded bigint NOT NULL DEFAULT 0,
            failed bigint NOT NULL DEFAULT 0,
            cursor_at timestamptz,
            cursor_id uuid,
            error text,
            CONSTRAINT jobs_pkey PRIMARY KEY (id)
        )
    """)
    op.execute("CREATE UNIQUE INDEX jobs_same_key ON jobs (same) WHERE finished_at IS NULL")
    op.execute("CREATE INDEX jobs_requested_at_id ON jobs (requested_at, id)")
    op.execute("ALTER TABLE connections ADD COLUMN recent jsonb NOT NULL DEFAULT '[]'")
