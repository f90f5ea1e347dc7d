"""registrations of rooms by brand, and the brand of an event's sender.

Registrations that exist count as confirmed. The sender of an event that is in the log already is unknown (null): a decision
about its room leaves it where it is.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("streams", sa.Column("brand_id", sa.Uuid(), nullable=True))
    op.add_column("streams", sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.text("true")))
    op.add_column("streams", sa.Column("registered_by", sa.Text(), nullable=True))
    op.execute("UPDATE streams st SET brand_id = s.brand_id FROM sessions s WHERE s.id = st.session_id")
    op.alter_column("streams", "brand_id", nullable=False)
    op.alter_column("streams", "confirmed", server_default=None)
    op.execute("ALTER TABLE streams DROP CONSTRAINT streams_pkey")
    op.execute("ALTER TABLE streams ADD CONSTRAINT streams_pkey PRIMARY KEY (platform, room, brand_id)")
    op.create_foreign_key(op.f("streams_brand_id_fkey"), "streams", "brands", ["brand_id"], ["id"])
    op.create_index("streams_confirmed_key", "streams", ["platform", "room"], unique=True, postgresql_where=sa.text("confirmed"))
    op.execute("""ALTER TABLE events ADD COLUMN owner text COLLATE "C" """)
