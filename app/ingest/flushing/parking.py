"""Parking: what becomes of valid events whose subject is no session that their sender may reach.

In: events, inside the caller's transaction. Out: each event parked, a duplicate, or rejected. Never here: commits.

An event of a room without a registration is parked until a session registers the room. A sender parks events of so many rooms
only; an event of a further room, and an event of an unknown session, is rejected.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pydantic_core import from_json

from app.ingest.flushing.clocks import ClockCheck
from app.ingest.flushing.flush_result import FlushResult
from app.ingest.flushing.subjects import parse_subject
from app.ingest.folding.moments import microseconds
from app.ingest.receiving.privacy import PrivacyKeys
from app.ingest.receiving.submission import SubmittedEvent
from app.problems import FieldError
from app.settings import Settings
from app.storage.ingest.writes import WriteQueries

Place = tuple[str, str, str, bytes]
"""Platform, room, owner and key of a parked event."""


class Parking:
    """Parks events."""

    def __init__(self, privacy_keys: PrivacyKeys, settings: Settings) -> None:
        """Prepare."""
        self._privacy_keys = privacy_keys
        self._keep_text = settings.keep_comment_text
        self._max_rooms = settings.max_parked_rooms
        self._clock_tolerance = settings.clock_tolerance_seconds

    async def park(self, queries: WriteQueries, events: Sequence[SubmittedEvent], result: FlushResult, now: datetime) -> None:
        """Park events without a session; add each to the result."""
        clocks = ClockCheck(now, self._clock_tolerance)
        parked: dict[Place, SubmittedEvent] = {}
        repeated: list[tuple[Place, SubmittedEvent]] = []
        for item in events:
            parsed = parse_subject(item.event.subject)
            if not isinstance(parsed, tuple):
                _reject(result, item, "no such session; a stream is named platform:room")
                continue
            brand = item.submission.brand_id
            key = (*parsed, str(brand) if brand else "", item.key)
            at = None if item.event.time is None else microseconds(item.event.time)
            item.content_digest(self._privacy_keys, at)
            if key in parked:
                repeated.append((key, item))
                continue
            if at is not None and at > clocks.limit:
                wrong = clocks.correct(item)
                if wrong is not None:
                    result.rejections.append((item, item.rejection(wrong)))
                    continue
            parked[key] = item
        full = await self._full_rooms(queries, parked.values()) if parked else set()
        rows = []
        for key, item in sorted(parked.items(), key=lambda entry: entry[0]):
            if (item.submission.origin, item.event.subject) in full:
                detail = "no session has registered this room, and parked events of this sender exist in as many rooms as allowed"
                _reject(result, item, f"{detail} ({self._max_rooms}, TALLYLIGHT_MAX_PARKED_ROOMS)")
            else:
                rows.append((*key, item.submission.origin, self._document(item, key[0]), item.digest))
        stored = await queries.park_events(rows, now) if rows else {}
        for platform, room, owner, event_key, *_ in rows:
            place = (platform, room, owner, event_key)
            if place in stored and stored[place].new:
                result.parked.append(parked[place])
            else:
                repeated.append((place, parked[place]))
        await _note_imports(queries, repeated)
        result.compare(repeated, {place: event.digest for place, event in stored.items()})

    async def _full_rooms(self, queries: WriteQueries, items: Iterable[SubmittedEvent]) -> set[tuple[str, str]]:
        """Return (origin, subject) of the rooms that exceed their sender's cap."""
        wanted = sorted({(item.submission.origin, item.event.subject) for item in items})
        known = await queries.rooms_parked_by({origin for origin, _ in wanted}, {subject for _, subject in wanted})
        counts = {origin: count for origin, (count, _) in known.items()}
        full = set()
        for origin, subject in wanted:
            if origin in known and subject in known[origin][1]:
                continue
            counts[origin] = counts.get(origin, 0) + 1
            if counts[origin] > self._max_rooms:
                full.add((origin, subject))
        return full

    def _document(self, item: SubmittedEvent, platform: str) -> str:
        item.pseudonymize(self._privacy_keys, platform, keep_text=self._keep_text)
        moment = item.event.time or item.submission.received_at
        data = from_json(item.event.data.json_bytes())
        # An attribute of the sender that is called as ours must not be read as ours when the event is replayed.
        for name in ("senttime", "importid"):
            (getattr(item.event, "model_extra", None) or {}).pop(name, None)
        return item.document(moment, data, senttime=item.sent_time, importid=item.submission.import_id).decode()


async def _note_imports(queries: WriteQueries, repeated: Iterable[tuple[Place, SubmittedEvent]]) -> None:
    """Note which imports brought parked events again."""
    imports: dict[UUID, set[Place]] = {}
    for place, item in repeated:
        if item.submission.import_id is not None:
            imports.setdefault(item.submission.import_id, set()).add(place)
    for import_id, places in sorted(imports.items()):
        await queries.repeat_parked(sorted(places), import_id)


def _reject(result: FlushResult, item: SubmittedEvent, detail: str) -> None:
    result.rejections.append((item, item.rejection(FieldError(pointer="/subject", detail=detail))))
