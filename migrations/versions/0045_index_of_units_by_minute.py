"""counters: an index of the units that were paid by the minute.

Revision ID: 0045
Revises: 0044
"""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None
servers_from = "0030"
needed = False


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    # What an attempt that was interrupted left is not used.
    op.execute("DROP INDEX IF EXISTS counters_session_id_key_bucket_units")
    with op.get_context().autocommit_block():
        # Ingest goes on while all sums are read for it.
        op.execute(
            "CREATE INDEX CONCURRENTLY counters_session_id_key_bucket_units ON counters (session_id, key, bucket)"
            " WHERE grain = 60 AND metric = 'units_sold'"
        )
