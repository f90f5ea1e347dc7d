"""samples by room, and what they say of a platform.

Samples that are there already represent their platform's rooms together, until `tallylight rebuild SESSION --replace` folds them
again.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("""ALTER TABLE gauges ADD COLUMN room text COLLATE "C" NOT NULL DEFAULT ''""")
    op.execute("ALTER TABLE gauges DROP CONSTRAINT gauges_pkey")
    op.execute(
        "ALTER TABLE gauges ADD CONSTRAINT gauges_pkey PRIMARY KEY (session_id, grain, key, bucket, platform, room, metric)"
    )
    op.execute("ALTER TABLE gauges ALTER COLUMN room DROP DEFAULT")
    # Cumulative figures of a platform's rooms add up. What is addressed to the session itself (room '') replaces all of
    # them, until a room says something later.
    op.execute("""
        CREATE VIEW platform_gauges AS
        SELECT session_id, grain, key, bucket, platform, metric,
               CASE WHEN max(latest_at) FILTER (WHERE room = '') >= coalesce(max(latest_at) FILTER (WHERE room > ''), '-infinity')
                    THEN max(latest) FILTER (WHERE room = '')
                    ELSE (sum(latest) FILTER (WHERE room > ''))::bigint END AS latest
        FROM gauges
        GROUP BY session_id, grain, key, bucket, platform, metric
    """)
