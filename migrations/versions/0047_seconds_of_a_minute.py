"""counters: sums by the second stand in the row of their minute.

Revision ID: 0047
Revises: 0046
"""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None
servers_from = "0030"


def upgrade() -> None:
    """Apply. Rows by the second that are there, and those of a server of an older version, are read too.

    It may come twice: the test of migration 0040 ingests beside it with the present code, which needs this one.
    """
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE counters ADD COLUMN IF NOT EXISTS seconds text")
    # Called where a row has many parts, and where two rows are compared: a part for each second, in order, none for zero.
    op.execute("""
        CREATE OR REPLACE FUNCTION compact_seconds(seconds text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT string_agg(second || ':' || value || ':' || contributions, ',' ORDER BY second)
            FROM (
                SELECT split_part(part, ':', 1)::int AS second, sum(split_part(part, ':', 2)::numeric) AS value,
                       sum(split_part(part, ':', 3)::bigint) AS contributions
                FROM string_to_table(seconds, ',') AS part
                GROUP BY 1
            ) AS summed
            WHERE value <> 0 OR contributions <> 0
        $$
    """)
