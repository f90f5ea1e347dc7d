"""the audit log: rows are added, and only the retention job deletes them.

Revision ID: 0020
Revises: 0018
"""

from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("""
        CREATE TABLE audit_log (
            id uuid CONSTRAINT audit_log_pkey PRIMARY KEY,
            at timestamptz NOT NULL,
            principal_kind text COLLATE "C" NOT NULL,
            principal_id text COLLATE "C" NOT NULL,
            principal_name text,
            action text COLLATE "C" NOT NULL,
            object_id text,
            session_id uuid,
            brand_id uuid,
            address text,
            request_id text
        )
    """)
    op.execute("CREATE INDEX audit_log_at_id ON audit_log (at, id)")
    op.execute("CREATE INDEX audit_log_session_id_at ON audit_log (session_id, at)")
    op.execute("CREATE INDEX audit_log_brand_id_at ON audit_log (brand_id, at)")
    # A trigger holds for every role, superusers included. The table is local to one node, so Citus has no part in it.
    op.execute("""
        CREATE FUNCTION refuse_audit_log_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_setting('tallylight.audit_retention', true) = 'on' THEN
                RETURN NULL;
            END IF;
            RAISE EXCEPTION 'rows of audit_log are only added' USING ERRCODE = 'insufficient_privilege';
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_log_change()
    """)
    # Readers that are bound to a brand have no part of it; the role is absent where the migrating user may create none.
    op.execute("""
        DO $$
        BEGIN
            IF to_regrole('tallylight_reader') IS NOT NULL THEN
                REVOKE ALL ON audit_log FROM tallylight_reader;
            END IF;
        END
        $$
    """)
