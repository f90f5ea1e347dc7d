"""movements: entries and exits of viewers, packed beside the log.

Revision ID: 0046
Revises: 0045
"""

from alembic import op
from sqlalchemy import Column, LargeBinary, SmallInteger, Uuid

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None
servers_from = "0030"


def upgrade() -> None:
    """Apply. Sessions that are there, and what a server of an older version takes in, are read from the log."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "movements",
        Column("session_id", Uuid, primary_key=True),
        Column("event_key", LargeBinary, primary_key=True),
        Column("part", SmallInteger, primary_key=True, autoincrement=False),
        Column("entries", LargeBinary, nullable=False),
        Column("exits", LargeBinary, nullable=False),
    )
    # Pseudonyms do not compress.
    for column in ("entries", "exits"):
        op.execute(f"ALTER TABLE movements ALTER COLUMN {column} SET STORAGE EXTERNAL")
