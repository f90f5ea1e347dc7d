"""Imports of tracking numbers: a carrier's export becomes shipped orders.

In: a file, which column is what, the caller. Out: `live.order.shipped` events, and what became of every row. Never here: the
reading of cells (`imports.tracking_import`).

Idempotent: an event's id is made of what the row states. A row whose order the session does not have is refused by name; nothing
of it is stored, since a mistyped number would become an order that nothing else knows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from pydantic_core import from_json, to_json

from app.adapters.event_collector import cloud_event
from app.adapters.protocol import Event
from app.adapters.signatures import key_of
from app.catalogue.access import Principal
from app.catalogue.brands.session_access import session_ref
from app.imports.csv_cells import BadCell
from app.ingest.flushing.subjects import parse_subject
from app.ingest.rebuilding.rebuild_requests import rebuild_or_enqueue_all
from app.platforms.file_imports import import_log
from app.platforms.file_imports.import_preview import ImportPreviewer
from app.platforms.file_imports.import_report import ImportBatch, ImportTally
from app.platforms.file_imports.imports import SOURCE, Importer, submission_of
from app.problems import invalid
from app.settings import Settings
from app.storage import audit
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("backoffice/tracking")
DIRECT = "direct"
"""The platform of events that name a session of several platforms, or of none."""


async def take(
    database: Database, settings: Settings, importer: Importer, principal: Principal, file: BinaryIO, options: dict[str, Any],
    now: datetime, file_name: str | None = None,
) -> bytes:  # fmt: skip
    """Store the parcels of a file, and return an `ImportReport` as JSON.

    `file` must have a file descriptor.

    Raises:
        ProblemError: 404 for a session of another brand; 422 for options or a file that cannot be used; 503 if too many wait.
        QueueFullError, NotCommittedError: a part of the file is not stored; sending it again is safe.
    """
    session = _session_of(options)
    async with database.read() as connection:
        ref = await session_ref(connection, principal, session)
    import_id = uuid4()
    audit.about(import_id, session=ref.id, brand=ref.brand_id)
    tally = ImportTally()
    async with importer.reading(file, options, now) as reading:
        await import_log.begin(database, import_id, principal, options, file_name, now)
        async for rows, body in reading.batches():
            events = await _events(database, session, rows, from_json(body), now)
            batch = ImportBatch(rows, submission_of(to_json(events), principal, import_id, now))
            tally.add(await importer.store(batch) if events else batch)
    rebuilds = await rebuild_or_enqueue_all(database, settings, tally.replaced_sessions)
    await import_log.finish(database, import_id, tally, reading.facts, now)
    return tally.document(import_id, options["kind"], reading.facts, rebuilds)


async def preview(
    previewer: ImportPreviewer, principal: Principal, file: BinaryIO, options: dict[str, Any], now: datetime
) -> bytes:
    """Return what `take` would change, as an `ImportPreview`; nothing is stored.

    Raises:
        ProblemError: as `take`.
    """
    session = _session_of(options)

    async def events(rows: list[list[Any]], body: bytes) -> bytes:
        return to_json(await _events(previewer.database, session, rows, from_json(body), now))

    return await previewer.preview(principal, file, options, now, events)


def _session_of(options: Mapping[str, Any]) -> UUID:
    subject = options.get("subject")
    named = parse_subject(subject) if isinstance(subject, str) else None
    if not isinstance(named, UUID):
        raise invalid("/options/subject", "must be the session's id", "session_needed")
    return named


async def _events(
    database: Database, session: UUID, rows: Sequence[list[Any]], records: Sequence[dict[str, str]], now: datetime
) -> list[Event]:
    """Return the events of a batch; a row whose order is unknown is marked as failed."""
    found: dict[str, list[tuple[str, str | None]]] = {}
    async with database.acquire() as connection:
        numbers = sorted({record["order"] for record in records})
        for order, platform, room in await connection.fetch(_SQL["orders_by_number"], session, numbers):
            found.setdefault(order, []).append((platform, room))
        platforms = [row[0] for row in await connection.fetch(_SQL["session_platforms"], session)]
    events, left = [], iter(records)
    for row in rows:
        if not row[1]:
            continue
        record = next(left)
        try:
            subject = _subject(session, record["order"], found.get(record["order"], []), platforms)
        except BadCell as error:
            row[1:3], row[4:7] = (False, 0), (f"order {record['order']}: {error}"[:300], error.code, error.params)
        else:
            events.append(_event(session, subject, record, now))
    return events


def _subject(session: UUID, order: str, places: Sequence[tuple[str, str | None]], platforms: Sequence[str]) -> str:
    """Return a subject under which an event reaches the order.

    Raises:
        BadCell: there is none.
    """
    if not places:
        raise BadCell("is no order of this session", "unknown_order", order=order)
    if len(places) > 1:
        raise BadCell("is a number of orders on several platforms", "order_on_several_platforms", order=order)
    platform, room = places[0]
    if room is not None:
        return f"{platform}:{room}"
    if platform != (platforms[0] if len(platforms) == 1 else DIRECT):
        raise BadCell(f"belongs to {platform}, of which the session has no stream", "order_without_stream", platform=platform)
    return str(session)


def _event(session: UUID, subject: str, record: Mapping[str, str], now: datetime) -> Event:
    data = {name: record[name] for name in ("order", "carrier", "tracking", "accepted_at") if name in record}
    shipped = record.get("shipped_at") or record.get("accepted_at")
    time = now if shipped is None else datetime.fromisoformat(shipped)
    stated = key_of(str(session), to_json(data), shipped or "")
    return cloud_event(SOURCE, "live.order.shipped", f"tracking/{stated}", subject, time, data)
