"""The log: partitions by month of the session's id.

The present table becomes the first partition as it is; nothing is copied. Its bound is checked first, beside ingest. Then all
that changes names happens under one lock that ingest waits for, some milliseconds; each try for it is short. `events_other` takes
in what no month's partition does: the job that makes the months ahead did not run.

Revision ID: 0040
Revises: 0039
"""

import re
import time
from datetime import UTC, datetime

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None
servers_from = "0030"

_TRIES = 120
_LOCK_NOT_AVAILABLE = "55P03"


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")
    op.execute("ALTER TABLE events VALIDATE CONSTRAINT events_bound")
    bound = _one(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'events'::regclass AND conname = 'events_bound'"
    )
    (until,) = re.findall(r"'([0-9a-f-]{36})'", bound)
    month = datetime.fromtimestamp(int(until.replace("-", "")[:12], 16) / 1000, UTC)
    old = f"events_before_{month:%Y_%m}"
    key = _one("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'events'::regclass AND contype = 'p'")
    indexes = _rows(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i "
        "WHERE i.indrelid = 'events'::regclass AND NOT i.indisprimary ORDER BY 1"
    )
    grants = _rows(
        "SELECT a.privilege_type, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END "
        "FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE c.oid = 'events'::regclass AND a.grantee <> c.relowner"
    )
    _lock()
    op.execute(f"ALTER TABLE events RENAME TO {old}")
    # The constraint takes the name of its index; Citus renames no constraint.
    op.execute(f"ALTER INDEX events_pkey RENAME TO {old}_pkey")
    for name, _ in indexes:
        op.execute(f"ALTER INDEX {name} RENAME TO {name.replace('events', old, 1)}")
    op.execute(f"CREATE TABLE events (LIKE {old} INCLUDING DEFAULTS INCLUDING STORAGE) PARTITION BY RANGE (session_id)")
    op.execute(f"ALTER TABLE events ADD CONSTRAINT events_pkey {key}")
    for _, definition in indexes:
        op.execute(definition)
    for privilege, grantee in grants:
        op.execute(f"GRANT {privilege} ON events TO {grantee}")
    if _one("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')") and _rows(
        "SELECT 1 FROM pg_dist_partition WHERE logicalrelid = to_regclass(:name)", name=old
    ):
        op.execute(f"SELECT create_distributed_table('events', 'session_id', colocate_with => '{old}')")
    op.execute(f"ALTER TABLE events ATTACH PARTITION {old} FOR VALUES FROM (MINVALUE) TO ('{until}')")
    op.execute(f"ALTER TABLE {old} DROP CONSTRAINT events_bound")
    op.execute("CREATE TABLE events_other PARTITION OF events DEFAULT")


def _lock() -> None:
    """Lock the log; a try waits so briefly that ingest, which waits behind it, notices little."""
    connection = op.get_bind()
    for tries in range(_TRIES, 0, -1):
        try:
            with connection.begin_nested():
                connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
                connection.execute(text("LOCK TABLE events IN ACCESS EXCLUSIVE MODE"))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE or tries == 1:
                raise
            time.sleep(0.5)
        else:
            return


def _one(query: str) -> str:
    found: str = op.get_bind().scalar(text(query))
    return found


def _rows(query: str, **parameters: str) -> list[tuple[str, str]]:
    return [tuple(row) for row in op.get_bind().execute(text(query), parameters)]
