"""events: an index of the buyers whom orders name.

The index of the partitioned table comes first, empty, so that a new partition brings its own. Each partition's index is made
beside ingest and then attached. An attempt that was interrupted is continued: what is attached stays.

Revision ID: 0049
Revises: 0048
"""

import time

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None
servers_from = "0030"
needed = False

_INDEX = "events_session_id_buyer"
_ON = "(session_id, (data ->> 'buyer')) WHERE type IN ('live.order.placed', 'live.order.paid')"
_WITHOUT = """
SELECT c.relname FROM pg_inherits t JOIN pg_class c ON c.oid = t.inhrelid
WHERE t.inhparent = 'events'::regclass AND NOT EXISTS (
    SELECT FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid
    WHERE i.inhparent = to_regclass(:index) AND x.indrelid = c.oid
)
ORDER BY c.relname
"""
_TRIES = 120
_LOCK_NOT_AVAILABLE = "55P03"


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    with op.get_context().autocommit_block():
        _soon(f"CREATE INDEX IF NOT EXISTS {_INDEX} ON ONLY events {_ON}")
        for partition in op.get_bind().scalars(text(_WITHOUT), {"index": _INDEX}).all():
            own = partition + _INDEX.removeprefix("events")
            # What an attempt that was interrupted left is not used.
            op.execute(f"DROP INDEX IF EXISTS {own}")
            # Ingest goes on while the partition is read for it.
            op.execute(f"CREATE INDEX CONCURRENTLY {own} ON {partition} {_ON}")
            _soon(f"ALTER INDEX {_INDEX} ATTACH PARTITION {own}")


def _soon(statement: str) -> None:
    """Execute a statement whose lock ingest waits behind: a try waits so briefly that ingest notices little."""
    op.execute("SET lock_timeout = '200ms'")
    try:
        for tries in range(_TRIES, 0, -1):
            try:
                op.execute(statement)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE or tries == 1:
                    raise
                time.sleep(0.5)
            else:
                return
    finally:
        op.execute("RESET lock_timeout")
