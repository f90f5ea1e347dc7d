"""Parked events: events of a room that no session of their sender has registered.

In: a new or confirmed registration. Out: the parked events, folded into the session. Never here: raw ids; they were hashed when
the events were parked.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from pydantic_core import from_json

from app.events.envelope import EVENT, Event, event_key
from app.events.fields import LOGGED
from app.ingest.group_commit.writer import Writer
from app.ingest.rebuilding.rebuild_requests import rebuild_or_enqueue_all
from app.ingest.receiving.submission import PARKED, Submission, SubmittedEvent
from app.settings import Settings
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("ingest/unprocessed")
_CHUNK = 1_000


async def replay_parked(database: Database, settings: Settings, writer: Writer, platform: str, room: str) -> int:
    """Send the parked events of a registered room through the writer; return their number, once the figures include them.

    If one of them replaces what another one stated, and the session is large, the figures include that after its rebuild.
    Events of unbound senders are sent if a registration is confirmed. Safe to repeat: an event is deleted only after it is in
    the log, and the log accepts it once.
    """
    total = 0
    replaced: set[UUID] = set()
    async with database.acquire() as connection:
        registrations = await connection.fetch(_SQL["registrations"], platform, room)
    owners = {str(row["brand_id"]) for row in registrations}
    if any(row["confirmed"] for row in registrations):
        owners.add("")
    if not owners:
        return 0
    after = (b"", "")
    while True:
        async with database.acquire() as connection:
            rows = await connection.fetch(_SQL["parked_events"], platform, room, sorted(owners), *after, _CHUNK)
        if not rows:
            # Two statements of one order may lie on different pages, or come from different imports.
            await rebuild_or_enqueue_all(database, settings, replaced)
            return total
        for submission in _submissions(rows):
            await writer.submit(submission)
            replaced |= submission.replaced_sessions
        await delete_parked(database, platform, room, [(row["owner"], row["event_key"]) for row in rows])
        total += len(rows)
        after = (rows[-1]["event_key"], rows[-1]["owner"])


async def delete_parked(database: Database, platform: str, room: str, events: Iterable[tuple[str, bytes]]) -> None:
    """Delete parked events of a room, (owner, key): they are in the log, or an operator discards them."""
    keys: dict[str, list[bytes]] = {}
    for owner, key in events:
        keys.setdefault(owner, []).append(key)
    async with database.acquire() as connection:
        for owner, of_owner in keys.items():
            await connection.fetch(_SQL["delete_parked"], platform, room, owner, of_owner)


def _submissions(rows: Iterable[asyncpg.Record]) -> list[Submission]:
    """Return the submissions of parked events, one per brand and import: an event of several imports is in several."""
    submissions: dict[tuple[str, UUID | None], Submission] = {}
    now = datetime.now(UTC)
    for row in rows:
        sent_time, first = _extensions(row["event"])
        # What came without an import counts whatever becomes of imports.
        imports: Sequence[UUID | None] = [None] if first is None else [first, *(one for one in row["imports"] if one != first)]
        for import_id in imports:
            # An event without a time got its time of arrival when it was parked.
            submission = submissions.setdefault(
                (row["owner"], import_id),
                Submission(UUID(row["owner"]) if row["owner"] else None, PARKED, now, import_id=import_id, pseudonymous=True),
            )
            event = _event(row["event"])
            item = SubmittedEvent(
                event, event_key(event.source, event.id), len(submission.items), submission, digest=row["digest"]
            )
            item.sent_time = sent_time
            submission.items.append(item)
    return list(submissions.values())


def _event(text: str) -> Event:
    event = EVENT.validate_json(text, context=LOGGED)
    for name in ("senttime", "importid"):
        (event.model_extra or {}).pop(name, None)
    return event


def _extensions(text: str) -> tuple[datetime | None, UUID | None]:
    """Return what the flush added to a parked event: the sender's wrong time, and the first import that brought it."""
    if "senttime" not in text and "importid" not in text:
        return None, None
    event = from_json(text)
    sent_time, import_id = event.get("senttime"), event.get("importid")
    return (
        None if sent_time is None else datetime.fromisoformat(sent_time),
        None if import_id is None else UUID(import_id),
    )
