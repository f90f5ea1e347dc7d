"""Automatic release: sessions are released once a setting's number of days has passed since their end.

In: the database, the number of days, the present moment. Out: first revisions of the sessions that are due. Never here: a second
revision, schedules.

Several processes may run this at the same time: releases of a session take turns, and only the first revision is automatic.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.insights.reader import InsightSettings
from app.kpis.reading.session_reader import SessionQuery
from app.problems import ProblemError
from app.release.finalize import Release, finalize
from app.release.freeze import Author
from app.storage import audit
from app.storage.audit import Action, Actor
from app.storage.database import Database
from app.storage.reports import revisions

_log = structlog.get_logger()

AUTHOR = Author("automatic", None)
MOST = 20
"""Releases of one run. When the setting is switched on, the sessions of years are due."""
_PAGE = 100


async def release_due(database: Database, insights: InsightSettings, days: int, now: datetime) -> int:
    """Release sessions that ended at least `days` ago and were never released; return how many, `MOST` at most."""
    released, after = 0, None
    while released < MOST:
        async with database.acquire() as connection:
            due = await revisions.due(connection, now - timedelta(days=days), after, _PAGE)
        for session in due:
            if released == MOST:
                break
            released += await _release(database, insights, session.id, now)
        if len(due) < _PAGE:
            break
        after = due[-1]
    return released


async def _release(database: Database, insights: InsightSettings, session: UUID, now: datetime) -> bool:
    release = Release(SessionQuery(session, None, now, "en"), AUTHOR, only_first=True)
    try:
        with audit.acting(Action("revision.create", Actor("service", "automatic release"), now, session_id=session)):
            return await finalize(database, release, insights) is not None
    except ProblemError as problem:
        # Deleted meanwhile, or on air again.
        _log.info("session not released", session=str(session), reason=problem.code)
        return False
