"""Parked events: events of a room that no session of their sender has registered.

In: a new or confirmed registration. Out: the parked events, folded into the session. Never here: raw ids; they were hashed when
the events were parked.
"""

from datetime import UTC, datetime
from uuid import UUID

from pydantic_core import from_json

from app.events.envelope import EVENT, Event, event_key
from app.events.fields import LOGGED
from app.ingest.rebuild_requests import settle_all
from app.ingest.submission import Submission, SubmittedEvent
from app.ingest.writer import Writer
from app.settings import Settings
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("unprocessed")
PARKED = "parked"
"""The origin of submissions of parked events."""

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
            await settle_all(database, settings, replaced)
            return total
        groups: dict[tuple[str, str | None], list[tuple[bytes, Event, datetime | None, bytes | None]]] = {}
        for key, brand, text, digest in rows:
            sent_time, import_id = _extensions(text)
            groups.setdefault((brand, import_id), []).append((key, _event(text), sent_time, digest))
        for (brand, import_id), chosen in groups.items():
            # An event without a time got its time of arrival when it was parked.
            submission = Submission(UUID(brand) if brand else None, PARKED, datetime.now(UTC), pseudonymous=True)
            submission.import_id = None if import_id is None else UUID(import_id)
            for index, (_, event, sent_time, digest) in enumerate(chosen):
                item = SubmittedEvent(event, event_key(event.source, event.id), index, submission, digest=digest)
                item.sent_time = sent_time
                submission.items.append(item)
            await writer.submit(submission)
            replaced |= submission.replaced_sessions
            async with database.acquire() as connection:
                await connection.fetch(_SQL["delete_parked"], platform, room, brand, [key for key, *_ in chosen])
        total += len(rows)
        after = (rows[-1]["event_key"], rows[-1]["owner"])


def _event(text: str) -> Event:
    event = EVENT.validate_json(text, context=LOGGED)
    for name in ("senttime", "importid"):
        (event.model_extra or {}).pop(name, None)
    return event


def _extensions(text: str) -> tuple[datetime | None, str | None]:
    """Return the attributes that the flush added to a parked event: the sender's wrong time, and the import that brought it."""
    if "senttime" not in text and "importid" not in text:
        return None, None
    event = from_json(text)
    sent_time = event.get("senttime")
    return None if sent_time is None else datetime.fromisoformat(sent_time), event.get("importid")
