"""refunds and parcels of orders, and sessions whose orders were corrected.

Sessions that hold refunds or parcels are folded again by the worker after the upgrade.

Revision ID: 0013
Revises: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("""
        CREATE TABLE refunds (
            session_id uuid NOT NULL, platform text COLLATE "C" NOT NULL, order_id text COLLATE "C" NOT NULL,
            key text COLLATE "C" NOT NULL, singles bigint NOT NULL, single bigint NOT NULL, total bigint,
            total_rank text COLLATE "C" NOT NULL, total_key bytea NOT NULL, total_at timestamptz, first_at timestamptz,
            was_single bigint, was_total bigint, was_total_at timestamptz, was_first_at timestamptz,
            CONSTRAINT refunds_pkey PRIMARY KEY (session_id, platform, order_id, key)
        )
    """)
    op.execute("""
        CREATE TABLE parcels (
            session_id uuid NOT NULL, platform text COLLATE "C" NOT NULL, order_id text COLLATE "C" NOT NULL,
            parcel bytea NOT NULL, carrier text, tracking text, shipped_at timestamptz NOT NULL,
            CONSTRAINT parcels_pkey PRIMARY KEY (session_id, platform, order_id, parcel)
        )
    """)
    op.execute("CREATE TABLE pending_corrections (session_id uuid CONSTRAINT pending_corrections_pkey PRIMARY KEY)")
    op.execute("""
        INSERT INTO pending_corrections (session_id)
        SELECT DISTINCT session_id FROM orders
        WHERE refunded_at IS NOT NULL OR carrier IS NOT NULL OR tracking IS NOT NULL
    """)
