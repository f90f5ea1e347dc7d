"""settlements: drafts, and issued statements that nothing changes.

Revision ID: 0022
Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_READABLE = """
    DO $$
    BEGIN
        ALTER TABLE settlements ENABLE ROW LEVEL SECURITY;
        CREATE POLICY settlements_of_one_brand ON settlements FOR SELECT TO tallylight_reader
            USING (brand_id = nullif(current_setting('tallylight.brand', true), '')::uuid);
    EXCEPTION WHEN undefined_object OR insufficient_privilege THEN
        ALTER TABLE settlements DISABLE ROW LEVEL SECURITY;
        RAISE NOTICE 'the role tallylight_reader is not available: row-level security is off';
    END
    $$
"""


def upgrade() -> None:
    """Apply."""
    op.execute("""
        CREATE TABLE settlements (
            id uuid CONSTRAINT settlements_pkey PRIMARY KEY,
            brand_id uuid NOT NULL,
            month date NOT NULL,
            number text COLLATE "C" CONSTRAINT settlements_number_key UNIQUE,
            entered jsonb NOT NULL DEFAULT '[]',
            document text NOT NULL,
            payable numeric NOT NULL,
            sha256 text,
            issued_at timestamptz,
            issued_by text,
            idempotency_key text,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT settlements_brand_id_month_key UNIQUE (brand_id, month),
            CONSTRAINT settlements_issued CHECK (
                (number IS NULL) = (sha256 IS NULL) AND (number IS NULL) = (issued_at IS NULL)
                AND (number IS NULL) = (issued_by IS NULL)
            )
        )
    """)
    op.execute("""
        CREATE TABLE settlement_rates (
            date date NOT NULL,
            source_currency text COLLATE "C" NOT NULL,
            target_currency text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL,
            number text COLLATE "C" NOT NULL,
            CONSTRAINT settlement_rates_pkey PRIMARY KEY (date, source_currency, target_currency, kind)
        )
    """)
    # A local table of the coordinator of a Citus, so that a trigger works there too.
    op.execute("""
        CREATE FUNCTION tallylight_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'an issued statement does not change' USING ERRCODE = 'integrity_constraint_violation';
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER settlements_issued BEFORE UPDATE OR DELETE ON settlements
        FOR EACH ROW WHEN (OLD.number IS NOT NULL) EXECUTE FUNCTION tallylight_refuse_change()
    """)
    op.execute(_READABLE)
