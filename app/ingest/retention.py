"""Retention: what is kept for a time only, and the time is over.

In: settings and the moment. Out: removed rows. Never here: anything that a figure rests on.
"""

from datetime import datetime, timedelta

from app.settings import Settings
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("unprocessed")
_AT_ONCE = 5_000
"""Rows in one statement, so that ingest never waits long for a lock."""


async def retire(database: Database, settings: Settings, now: datetime) -> tuple[int, int]:
    """Remove dead letters, and take the text out of comments, once their days are over; return how many of each."""
    async with database.acquire() as connection:
        letters = await connection.fetch(_SQL["expire_dead_letters"], now - timedelta(days=settings.dead_letter_days))
    before = now - timedelta(days=settings.comment_text_days)
    texts = 0
    while True:
        async with database.acquire() as connection:
            found = await connection.fetch(_SQL["expire_comment_text"], before, _AT_ONCE)
        texts += len(found)
        if len(found) < _AT_ONCE:
            return len(letters), texts
