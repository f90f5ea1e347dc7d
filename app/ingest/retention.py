"""Retention: deletes data whose retention time is over.

In: settings and the present time. Out: deleted rows. Never here: data that a figure depends on.
"""

from datetime import datetime, timedelta

from app.settings import Settings
from app.storage import audit
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("ingest/unprocessed")
_DEVICES = queries("catalogue/devices")
_UNUSED = timedelta(days=30)
"""As of `catalogue.callers.devices`: devices that were unused for longer are signed out already."""
_AT_ONCE = 5_000
"""Rows per statement, so that ingest waits for locks only briefly and the statement's time limit is far away."""


async def retire(database: Database, settings: Settings, now: datetime) -> tuple[int, int]:
    """Delete what is past its days; return how many dead letters and texts of comments.

    These are dead letters, parked events, rows of the audit log, sign-in links, unused devices and texts of comments.
    """
    dead_letters = await delete_in_parts(database, _SQL["expire_dead_letters"], now - timedelta(days=settings.dead_letter_days))
    await delete_in_parts(database, _SQL["expire_parked"], now - timedelta(days=settings.parked_days))
    async with database.acquire() as connection:
        await connection.execute(_SQL["delete_empty_parked_rooms"])
    await _expire_audit_log(database, now - timedelta(days=settings.audit_days))
    async with database.acquire() as connection:
        await connection.execute(_DEVICES["expire_links"], now)
        await connection.execute(_DEVICES["expire_devices"], now - _UNUSED)
    before = now - timedelta(days=settings.comment_text_days)
    texts = 0
    while True:
        async with database.acquire() as connection:
            found = await connection.fetch(_SQL["expire_comment_text"], before, _AT_ONCE)
        texts += len(found)
        if len(found) < _AT_ONCE:
            return dead_letters, texts


async def delete_in_parts(database: Database, statement: str, before: datetime) -> int:
    """Repeat a statement that deletes at most `$2` rows older than `$1` until none is left; return how many were deleted.

    Each part is a transaction of its own, so that a limit of time never has to fit what years have left.
    """
    deleted = 0
    while True:
        async with database.acquire() as connection:
            found: int = await connection.fetchval(statement, before, _AT_ONCE)
        deleted += found
        if found < _AT_ONCE:
            return deleted


async def _expire_audit_log(database: Database, before: datetime) -> None:
    while True:
        async with database.acquire() as connection:
            found = await audit.expire(connection, before, _AT_ONCE)
        if found < _AT_ONCE:
            return
