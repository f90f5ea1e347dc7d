"""row-level security of the brands: the second line of isolation, for reads of callers that are bound to a brand.

Such reads run as the role `tallylight_reader`, which sees one brand. If the migrating user may not create roles, the role is left
out, and the condition of every query is the only line; an administrator can create it and run this file's statements.

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_POLICIES = {
    "brands": "id = nullif(current_setting('tallylight.brand', true), '')::uuid",
    "sessions": "brand_id = nullif(current_setting('tallylight.brand', true), '')::uuid",
    "streams": "brand_id = nullif(current_setting('tallylight.brand', true), '')::uuid",
    "products": "brand_id = nullif(current_setting('tallylight.brand', true), '')::uuid",
    "product_aliases": "brand_id = nullif(current_setting('tallylight.brand', true), '')::uuid",
    "customers": "brand_id = nullif(current_setting('tallylight.brand', true), '')::uuid",
    "dead_letters": "brand_id = nullif(current_setting('tallylight.brand', true), '')::uuid",
    "parked": "owner = current_setting('tallylight.brand', true)",
    "parked_rooms": "owner = current_setting('tallylight.brand', true)",
}
_SECRET = ("api_keys", "connections", "deliveries", "platform_tokens", "sealed_keys")


def upgrade() -> None:
    """Apply."""
    policies = "\n".join(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;\n"
        f"CREATE POLICY {table}_of_one_brand ON {table} FOR SELECT TO tallylight_reader USING ({condition});"
        for table, condition in _POLICIES.items()
    )
    statement = f"""
        DO $$
        BEGIN
            IF to_regrole('tallylight_reader') IS NULL THEN
                CREATE ROLE tallylight_reader NOLOGIN;
            END IF;
            EXECUTE format('GRANT tallylight_reader TO %I', current_user);
            GRANT USAGE ON SCHEMA public TO tallylight_reader;
            GRANT SELECT ON ALL TABLES IN SCHEMA public TO tallylight_reader;
            REVOKE SELECT ON {", ".join(_SECRET)} FROM tallylight_reader;
            ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO tallylight_reader;
            {policies}
        EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
            RAISE NOTICE 'the role tallylight_reader is not available: row-level security is off';
        END
        $$
    """  # noqa: S608 - names and conditions of this file
    op.execute(statement)
