"""Retention: by the minute of entry, how long viewers stayed and how many came back; and the minutes that lost most viewers.

In: a session, its entries and exits by the minute, what was on air. Out: the document. Never here: SQL, ids of persons, a cause.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from app.kpis.documents.render import Document, local
from app.kpis.evaluation.rounding import number
from app.kpis.products.showcases import Showcase, showcases_of
from app.kpis.products.stock_reader import read_on_air
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.kpis.reading.status import session_end, status_of
from app.kpis.timeline.marks import FOR_CLIENTS
from app.kpis.windows.hosts import HostWindow, windows_of
from app.kpis.windows.stays import StaysOfMinute, stays_by_minute
from app.problems import ProblemError
from app.storage.database import Connection, Database
from app.storage.kpis import hosts, marks, stays
from app.storage.kpis.marks import MarkRow
from app.storage.kpis.reads import SessionHead
from app.storage.kpis.session_status import SessionStatus

LIMITS_SECONDS = (60, 180, 300, 600, 1800)
"""Lengths of a stay: one, three, five, ten and thirty minutes."""
MOST_MINUTES = 1_440
"""A day: a broadcast is not longer."""
MOST_LOSSES = 10
"""Minutes that lost most viewers."""
MOST_MARKS = 200
_SLOT_SECONDS = 10.0
_MINUTE = timedelta(minutes=1)
_MICROSECOND = timedelta(microseconds=1)


class OnAir(NamedTuple):
    """What happened in a session besides entries and exits."""

    showcases: Sequence[Showcase] = ()
    hosts: Sequence[HostWindow] = ()
    marks: Sequence[MarkRow] = ()


class Retention(NamedTuple):
    """Entries and exits of a broadcast by the minute."""

    head: SessionHead
    as_of: datetime
    begin: datetime | None
    end: datetime | None
    """The minutes of the broadcast; None before it began."""
    omitted: int
    """Minutes of the broadcast past the first day."""
    minutes: Sequence[StaysOfMinute]
    on_air: OnAir


@asynccontextmanager
async def _slot(database: Database) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_SLOT_SECONDS):
            await database.log_scans.acquire()
    except TimeoutError:
        detail = "other requests read logs of sessions; send the request again later"
        raise ProblemError(503, detail, headers={"Retry-After": "5"}) from None
    try:
        yield
    finally:
        database.log_scans.release()


async def read_retention(database: Database, asked: SessionQuery) -> Document:
    """Return the retention document (`RetentionDocument`); made of all entries and exits, one of a process at a time.

    Raises:
        ProblemError: 404, also for another brand's session; 503 when too many readers wait.
    """
    found = await _read_apart(database, asked)
    return await compute(len(found.minutes), retention_document, found, for_client=asked.client)


async def read_retention_of_report(database: Database, asked: SessionQuery) -> Retention | None:
    """Return what a report tells of the session's log, which is read as for `read_retention`; None without an exit, unread.

    Raises:
        ProblemError: as `read_retention`.
    """
    async with database.acquire() as connection:
        any_exits = await stays.has_exits(connection, asked.session)
    return await _read_apart(database, asked) if any_exits else None


async def retention_of_report_on(connection: Connection, asked: SessionQuery) -> Retention | None:
    """Return the same, read on this connection."""
    return await retention_on(connection, asked) if await stays.has_exits(connection, asked.session) else None


async def _read_apart(database: Database, asked: SessionQuery) -> Retention:
    """Read a log in turn; who waits holds no connection, and who reads holds none that other requests wait for."""
    async with _slot(database), snapshot(database.background(), asked.brand) as connection:
        return await retention_on(connection, asked)


async def retention_on(connection: Connection, asked: SessionQuery) -> Retention:
    """Return the entries and exits of a session, read on this connection."""
    head = await read_head(connection, asked)
    status = status_of(head)
    end = session_end(head, status, asked.now)
    if head.started_at is None or end is None or end <= head.started_at:
        return Retention(head, asked.now, None, None, 0, [], OnAir())
    begin = head.started_at.replace(second=0, microsecond=0)
    length = -((begin - end) // _MINUTE)
    until = begin + min(length, MOST_MINUTES) * _MINUTE
    rows = await stays_by_minute(connection, head.id, [1000 * limit for limit in LIMITS_SECONDS], begin, until)
    changes = await read_on_air(connection, head.id)
    shown = await compute(len(changes), showcases_of, changes, end, live=status is SessionStatus.LIVE)
    presented = windows_of(head.host, await hosts.changes(connection, head.id), head.started_at, end)
    found, _ = await marks.of_session(connection, head.id, begin, until, MOST_MARKS)
    return Retention(head, asked.now, begin, until, max(0, length - MOST_MINUTES), rows, OnAir(shown, presented, found))


def retention_document(found: Retention, *, for_client: bool) -> Document:
    """Return the document; minutes without an entry or an exit are left out. Nothing in it names a person."""
    head, rows = found.head, found.minutes
    exits = sum(row.exits for row in rows)
    return {
        "session": str(head.id),
        "as_of": local(found.as_of, head.time_zone),
        "from": local(found.begin, head.time_zone),
        "to": local(found.end, head.time_zone),
        "limits_seconds": list(LIMITS_SECONDS),
        "total": _cohort(together(rows)),
        "minutes": [{"minute": local(row.minute, head.time_zone), **_cohort(row)} for row in rows],
        "omitted": found.omitted,
        "losses": [_loss(row, found, for_client=for_client) for row in worst(rows)] if exits else [],
    }


def worst(rows: Sequence[StaysOfMinute]) -> list[StaysOfMinute]:
    """Return the minutes in which more viewers left than entered, the greatest difference first."""
    losing = [row for row in rows if row.exits > row.entries]
    return sorted(losing, key=lambda row: (row.entries - row.exits, row.minute))[:MOST_LOSSES]


def together(rows: Sequence[StaysOfMinute]) -> StaysOfMinute | None:
    """Return minutes together, under the first of them; None without one."""
    if not rows:
        return None
    columns = list(zip(*(row[1:7] for row in rows), strict=True))
    stayed = [sum(part) for part in zip(*(row.stayed for row in rows), strict=True)]
    return StaysOfMinute._make((rows[0].minute, *map(sum, columns), stayed))


def _cohort(row: StaysOfMinute | None) -> Document:
    """Return the figures of one minute, or of all; lengths are null where no stay has a known end."""
    if row is None:
        counts = dict.fromkeys(("entries", "first_entries", "came_back", "exits", "stays"), 0)
        return {**counts, "average_seconds": None, "stayed": [None] * len(LIMITS_SECONDS)}
    return {
        "entries": row.entries,
        "first_entries": row.first_entries,
        "came_back": row.came_back,
        "exits": row.exits,
        "stays": row.stays,
        "average_seconds": number(row.ms, row.stays * 1000) if row.stays else None,
        "stayed": [number(one, row.stays) if row.stays else None for one in row.stayed],
    }


def _loss(row: StaysOfMinute, found: Retention, *, for_client: bool) -> Document:
    begin, end = row.minute, row.minute + _MINUTE
    product = _longest([(one.product, one.begin, one.end) for one in found.on_air.showcases], begin, end)
    host = _longest([(one.host, one.begin, one.end) for one in found.on_air.hosts if one.host is not None], begin, end)
    running = [one for one in found.on_air.marks if one.kind == "mark" and one.at < end]
    set_marks = [one.name for one in running if one.at >= begin or (one.until is not None and one.until > begin)]
    return {
        "minute": local(begin, found.head.time_zone),
        "entries": row.entries,
        "exits": row.exits,
        "lost": row.exits - row.entries,
        "product": product,
        "host": host,
        "marks": [name for name in set_marks if not for_client or name in FOR_CLIENTS],
    }


def _longest(ranges: Sequence[tuple[str, datetime, datetime]], begin: datetime, end: datetime) -> str | None:
    """Return what was there for the longest part of a time range."""
    lengths: dict[str, int] = {}
    for name, since, until in ranges:
        shared = (min(end, until) - max(begin, since)) // _MICROSECOND
        if shared > 0:
            lengths[name] = lengths.get(name, 0) + shared
    return max(sorted(lengths), key=lambda name: lengths[name], default=None)
