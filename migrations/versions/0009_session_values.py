"""the distinct values of a session, which caps count, and the rooms with parked events by sender.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Sessions that exist begin to count with their next event; `tallylight rebuild SESSION --replace` counts all."""
    op.create_table(
        "session_values",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("value", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "kind", "value", name=op.f("session_values_pkey")),
    )
    op.execute("""ALTER TABLE parked ADD COLUMN origin text COLLATE "C" NOT NULL DEFAULT ''""")
    op.create_index(op.f("parked_received_at"), "parked", ["received_at"])
    op.create_table(
        "parked_rooms",
        sa.Column("platform", sa.Text(collation="C"), nullable=False),
        sa.Column("room", sa.Text(collation="C"), nullable=False),
        sa.Column("owner", sa.Text(collation="C"), nullable=False),
        sa.Column("origin", sa.Text(collation="C"), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("platform", "room", "owner", "origin", name=op.f("parked_rooms_pkey")),
    )
    op.create_index(op.f("parked_rooms_origin"), "parked_rooms", ["origin"])
    op.execute("""
        INSERT INTO parked_rooms (platform, room, owner, origin, events, first_at, last_at)
        SELECT platform, room, owner, origin, count(*), min(received_at), max(received_at)
        FROM parked
        GROUP BY platform, room, owner, origin
    """)
