"""The log: an upper bound of its sessions, under which it can become a partition (0040).

The bound is the beginning of a month that is at least a week away: ids of sessions are UUIDv7 and begin with the time at which
they were made. The constraint is not checked against the rows here, so the lock is short; it holds for new rows from then on.

Revision ID: 0039
Revises: 0035
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from alembic import op
from sqlalchemy import Column, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0039"
down_revision = "0035"
branch_labels = None
depends_on = None
servers_from = "0030"


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    # When the session's log was dropped; it takes in no further events.
    op.add_column("sessions", Column("log_dropped_at", TIMESTAMP(timezone=True)))
    bound = _bound(op.get_bind().scalar(text("SELECT now()")))
    if op.get_bind().scalar(
        text("SELECT EXISTS (SELECT 1 FROM events WHERE session_id >= CAST(:bound AS uuid))"), {"bound": bound}
    ):
        raise RuntimeError(
            f"the log has events of sessions whose ids are {bound} or greater: they are no UUIDv7, or a clock was wrong. "
            "Delete these sessions first"
        )
    op.execute(f"ALTER TABLE events ADD CONSTRAINT events_bound CHECK (session_id < '{bound}') NOT VALID")


def _bound(now: datetime) -> UUID:
    soon = now.astimezone(UTC) + timedelta(days=7)
    first = datetime(soon.year + soon.month // 12, soon.month % 12 + 1, 1, tzinfo=UTC)
    return UUID(int=int(first.timestamp() * 1000) << 80)
