"""import_options: what was chosen for the last import.

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
