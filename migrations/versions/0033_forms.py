"""The order of notes, logos of brands, the end of previous secrets, and who imported which file.

Revision ID: 0033
Revises: 0036
"""

from alembic import op

revision = "0033"
down_revision = "0036"
branch_labels = None
depends_on = None
servers_from = "0030"


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE notes ADD COLUMN place integer NOT NULL DEFAULT 0")
    op.execute("""
        UPDATE notes n SET place = o.place
        FROM (SELECT id, row_number() OVER (PARTITION BY session_id ORDER BY created_at, id) AS place FROM notes) o
        WHERE o.id = n.id
    """)
    op.execute("ALTER TABLE connections ADD COLUMN previous_secret_until timestamptz")
    op.execute("ALTER TABLE channels ADD COLUMN previous_secret_until timestamptz")
    op.execute("""
        CREATE TABLE brand_logos (
            brand_id uuid CONSTRAINT brand_logos_pkey PRIMARY KEY REFERENCES brands (id),
            media_type text NOT NULL,
            width integer NOT NULL,
            height integer NOT NULL,
            sha256 text NOT NULL,
            content bytea NOT NULL,
            uploaded_by text NOT NULL,
            uploaded_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE imports (
            id uuid CONSTRAINT imports_pkey PRIMARY KEY,
            kind text NOT NULL,
            subject text NOT NULL,
            file_name text,
            imported_by text NOT NULL,
            imported_by_name text,
            imported_at timestamptz NOT NULL,
            finished_at timestamptz,
            report jsonb
        )
    """)
    op.execute("""
        DO $$
        BEGIN
            IF to_regrole('tallylight_reader') IS NOT NULL THEN
                REVOKE ALL ON imports FROM tallylight_reader;
                ALTER TABLE brand_logos ENABLE ROW LEVEL SECURITY;
                CREATE POLICY brand_logos_of_one_brand ON brand_logos FOR SELECT TO tallylight_reader
                    USING (brand_id = nullif(current_setting('tallylight.brand', true), '')::uuid);
            END IF;
        END
        $$
    """)
