"""what a platform's signature does not cover, bound to what it covers at its first use.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("""
        CREATE TABLE delivery_bindings (
            connection_id uuid NOT NULL, key text COLLATE "C" NOT NULL, value text COLLATE "C" NOT NULL,
            expires_at timestamptz NOT NULL,
            CONSTRAINT delivery_bindings_pkey PRIMARY KEY (connection_id, key)
        )
    """)
    op.create_index("delivery_bindings_expires_at", "delivery_bindings", ["expires_at"])
