"""contracts and exchange rates.

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("""
        CREATE TABLE contracts (
            id uuid CONSTRAINT contracts_pkey PRIMARY KEY,
            brand_id uuid NOT NULL CONSTRAINT contracts_brand_id_fkey REFERENCES brands (id),
            plan text NOT NULL,
            starts_on date NOT NULL,
            ends_on date,
            terms jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT contracts_period CHECK (ends_on >= starts_on)
        )
    """)
    op.execute("CREATE INDEX contracts_brand_id_starts_on ON contracts (brand_id, starts_on)")
    op.execute("""
        CREATE TABLE exchange_rates (
            date date NOT NULL,
            source_currency text COLLATE "C" NOT NULL,
            target_currency text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL,
            rate text NOT NULL,
            source text NOT NULL,
            entered_by text NOT NULL,
            entered_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT exchange_rates_pkey PRIMARY KEY (date, source_currency, target_currency, kind)
        )
    """)
