"""The figures of several sessions at once: as many queries for twenty sessions as for two.

In: ids of sessions, the caller's brand. Out: frozen rows. Never here: formulas, writes, JSON.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.kpis.reads import (
    AfterLive,
    Broadcast,
    ConcurrencyRow,
    SessionFigures,
    SessionHead,
    ended_rooms,
    parts_of,
    with_ad_rates,
)
from app.storage.kpis.room_samples import RoomSample, reported_by
from app.storage.queries import queries

_READS = queries("kpis/comparison")


class BrandRow(NamedTuple):
    """A brand."""

    id: UUID
    slug: str
    name: str


async def brand(connection: Connection, slug: str, allowed: UUID | None) -> BrandRow | None:
    """Return a brand; None where there is none that the caller may see."""
    row = await connection.fetchrow(_READS["brand"], slug, allowed)
    return None if row is None else BrandRow(*row)


async def started_at(connection: Connection, session: UUID, brand_id: UUID, kind: str) -> datetime | None:
    """Return when a session of this brand and kind began; None where it did not, or is another's."""
    found: datetime | None = await connection.fetchval(_READS["started_at"], session, brand_id, kind)
    return found


async def history(
    connection: Connection, brand_id: UUID, kind: str, until: tuple[datetime, UUID] | None, limit: int
) -> list[UUID]:
    """Return the brand's sessions that began, the latest first; `until` is (started_at, id) of the last one wanted."""
    at, session = until or (None, None)
    return [row[0] for row in await connection.fetch(_READS["history"], brand_id, kind, at, session, limit)]


async def figures_of(connection: Connection, sessions: Sequence[UUID], allowed: UUID | None) -> dict[UUID, SessionFigures]:
    """Return the rows of those sessions that the caller may see."""
    heads = {row["id"]: row for row in await connection.fetch(_READS["heads"], list(sessions), allowed)}
    ids = list(heads)
    counted: dict[UUID, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    products_gmv: dict[UUID, int] = {}
    for session, platform, metric, value in await connection.fetch(_READS["counted"], ids):
        if metric == "products_gmv":
            products_gmv[session] = int(value)
        else:
            counted[session][platform][metric] = int(value)
    samples: dict[UUID, list[RoomSample]] = defaultdict(list)
    last_telemetry: dict[UUID, datetime] = {}
    broadcasts: dict[UUID, list[Broadcast]] = defaultdict(list)
    for session, platform, room, key, metric, latest, at, highest in await connection.fetch(_READS["sampled"], ids):
        if metric == "broadcast":
            broadcasts[session].append(Broadcast(platform, key, latest == 1, at))
        if key == "":
            samples[session].append(RoomSample(platform, room, metric, latest, at, highest))
            last_telemetry[session] = max(at, last_telemetry.get(session, at))
    parts: dict[UUID, list[tuple[str, str, str, str]]] = defaultdict(list)
    for session, platform, metric, reported_sum, counted_sum in await connection.fetch(_READS["parts"], ids):
        parts[session].append((platform, metric, reported_sum, counted_sum))
    later: dict[UUID, dict[str, AfterLive]] = defaultdict(dict)
    for session, platform, *sums in await connection.fetch(_READS["after_live"], ids):
        later[session][platform] = AfterLive(*map(int, sums))
    reported = {session: reported_by(samples[session], ended_rooms(broadcasts[session])) for session in heads}
    found = {
        session: SessionFigures(
            _head(row, last_telemetry.get(session), broadcasts[session]),
            {platform: dict(figures) for platform, figures in counted[session].items()},
            reported[session].figures,
            reported[session].peaks,
            parts_of(parts[session]),
            products_gmv.get(session),
            reported[session].sampled_rooms,
            after_live=later.get(session, {}),
        )
        for session, row in heads.items()
    }
    return await with_ad_rates(connection, found)


def _head(row: Any, last_telemetry: datetime | None, broadcasts: Sequence[Broadcast]) -> SessionHead:
    fields: tuple[Any, ...] = (*row[:12], last_telemetry, tuple(row["platforms"]), tuple(broadcasts), row["revision"])
    return SessionHead(*fields)


async def with_last_minutes(connection: Connection, figures: Sequence[SessionFigures]) -> dict[UUID, SessionFigures]:
    """Return the sessions with the last minute in which anything was counted: where one that is on air ends so far."""
    rows = await connection.fetch(_READS["last_minutes"], [one.head.id for one in figures])
    found: dict[UUID, datetime] = {session: minute for session, minute in rows}  # noqa: C416 - a record is no tuple
    completed = {}
    for one in figures:
        moments = [moment for moment in (one.head.last_telemetry, found.get(one.head.id)) if moment]
        completed[one.head.id] = replace(one, head=replace(one.head, last_telemetry=max(moments, default=None)))
    return completed


async def concurrency_of(connection: Connection, sessions: Sequence[UUID]) -> Mapping[UUID, Sequence[ConcurrencyRow]]:
    """Return session → samples of concurrent viewers by minute, in order."""
    found: dict[UUID, list[ConcurrencyRow]] = defaultdict(list)
    for session, *row in await connection.fetch(_READS["concurrency"], list(sessions)):
        found[session].append(ConcurrencyRow(*row))
    return found
