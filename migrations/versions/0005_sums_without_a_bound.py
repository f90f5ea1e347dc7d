"""sums without an upper bound, and the number of contributions to each.

Every session is folded again when the server starts: only a fold knows how many contributions a sum has.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("DROP VIEW platform_gauges")
    op.execute("ALTER TABLE counters ALTER COLUMN value TYPE numeric, ADD COLUMN contributions bigint NOT NULL DEFAULT 1")
    op.execute("ALTER TABLE counters ALTER COLUMN contributions DROP DEFAULT")
    op.execute("ALTER TABLE orders ALTER COLUMN refunded_amount TYPE numeric")
    op.execute("""
        CREATE VIEW platform_gauges AS
        SELECT session_id, grain, key, bucket, platform, metric,
               CASE WHEN max(latest_at) FILTER (WHERE room = '') >= coalesce(max(latest_at) FILTER (WHERE room > ''), '-infinity')
                    THEN max(latest) FILTER (WHERE room = '')
                    ELSE sum(latest) FILTER (WHERE room > '') END AS latest
        FROM gauges
        GROUP BY session_id, grain, key, bucket, platform, metric
    """)
    op.execute("INSERT INTO pending_refolds (brand_id, key) SELECT id, '' FROM brands ON CONFLICT DO NOTHING")
