"""The read side's queries of a session's figures, one function each, on a connection.

In: a session's id, the caller's brand. Out: frozen rows. Never here: formulas, writes, JSON.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json

from app.events.contributions import CLOCK_KEY
from app.events.traffic import currency_of
from app.storage.database import Connection
from app.storage.kpis.ad_rates import Rates, WantedRate, day_of, rates_of
from app.storage.kpis.room_samples import RoomSample, reported_by
from app.storage.queries import queries

_READS = queries("kpis/reads")
_FIGURES = _READS["session_figures"]


BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
AFTER_ALL = datetime(2200, 1, 1, tzinfo=UTC)
"""Ends of a window without an end: events lie between 2000 and 2100."""


class Broadcast(NamedTuple):
    """What a room reported last: on air or not. Room "" is the session itself."""

    platform: str
    room: str
    on: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class SessionHead:
    """A session as all reads need it."""

    id: UUID
    brand_id: UUID
    brand: str
    """The brand's slug."""
    brand_name: str
    title: str
    host: str | None
    kind: str
    currency: str
    time_zone: str
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    last_telemetry: datetime | None
    """The latest sample, or the last minute in which anything was counted."""
    platforms: tuple[str, ...]
    """Platforms of the registered streams."""
    broadcasts: tuple[Broadcast, ...]
    revision: int | None = None
    """The latest revision; None before the first release."""


class AfterLive(NamedTuple):
    """What was paid after the last end of a session: orders, their amount and what of it was refunded since, in minor units."""

    day_orders: int = 0
    day_gmv: int = 0
    day_refunds: int = 0
    """Of the orders paid within 24 hours."""
    week_orders: int = 0
    week_gmv: int = 0
    week_refunds: int = 0
    """Of the orders paid within seven days."""


PlatformSums = Mapping[str, Mapping[str, int]]
"""Platform → metric → value. Money in minor units, durations in milliseconds."""


class BenchmarkSample(NamedTuple):
    """A room's latest sample of a platform's own comparison."""

    platform: str
    room: str
    key: str
    metric: str
    latest: int
    at: datetime


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """A session's own figures as its rows hold them."""

    head: SessionHead
    counted: PlatformSums
    reported: PlatformSums
    """The latest samples."""
    peaks: Mapping[str, int]
    """Platform → highest sample of concurrent viewers in one of its rooms."""
    parts: Mapping[str, Mapping[str, tuple[int, int]]]
    """Platform → metric → what is reported product by product (clicks, impressions) or campaign by campaign (ad spend), and what
    was counted of the same."""
    products_gmv: int | None
    """Counted GMV of all products, in minor units."""
    sampled_rooms: int = 1
    """Rooms, of all platforms, that sampled their viewers."""
    corrected_clocks: Mapping[str, int] = field(default_factory=dict)
    """Source → events whose time was wrong; the ten sources with the most."""
    released: Mapping[str, Any] | None = None
    """The KPI values of the latest revision (`app.kpis.documents.final`)."""
    after_live: Mapping[str, AfterLive] = field(default_factory=dict)
    """Platform → what was paid after the end; empty before the end."""
    ad_rates: Rates = field(default_factory=dict)
    """The rates of the currencies, other than the session's, in which its campaigns are paid."""
    benchmarks: Sequence[BenchmarkSample] = ()
    """The platforms' own comparisons."""

    def platforms(self) -> list[str]:
        """Return the platforms that have a stream or a figure, in order."""
        return sorted({*self.head.platforms, *self.counted, *self.reported, *self.parts})


class ConcurrencyRow(NamedTuple):
    """A room's samples of concurrent viewers in one minute."""

    minute: datetime
    platform: str
    room: str
    latest: int
    latest_at: datetime
    highest: int


class TimelineSample(NamedTuple):
    """A room's samples of one metric in one minute."""

    minute: datetime
    platform: str
    room: str
    metric: str
    latest: int
    latest_at: datetime
    highest: int


def ended_rooms(broadcasts: Iterable[Broadcast]) -> list[tuple[str, str]]:
    """Return the rooms, as (platform, room), that reported their end last."""
    return [(one.platform, one.room) for one in broadcasts if not one.on]


def _head(row: Any) -> SessionHead:
    columns = (row["room_platforms"], row["room_names"], row["room_latest"], row["room_at"])
    rooms = zip(*(column or () for column in columns), strict=True)
    broadcasts = [Broadcast(platform, room, latest == 1, at) for platform, room, latest, at in rooms]
    fields: tuple[Any, ...] = (*row[:13], tuple(row["platforms"]), tuple(broadcasts), row["revision"])
    return SessionHead(*fields)


async def session_head(connection: Connection, session: UUID, brand: UUID | None) -> SessionHead | None:
    """Return the session; None where there is none for this brand."""
    row = await connection.fetchrow(_READS["session_head"], session, brand)
    return None if row is None else _head(row)


async def session_figures(connection: Connection, session: UUID, brand: UUID | None) -> SessionFigures | None:
    """Return the session and its figures in one round trip; None where there is none for this brand."""
    row = await connection.fetchrow(_FIGURES, session, brand)
    if row is None:
        return None
    counted: dict[str, dict[str, int]] = {}
    if row["counted_platforms"]:
        for platform, metric, value in zip(row["counted_platforms"], row["counted_metrics"], row["counted_values"], strict=True):
            counted.setdefault(platform, {})[metric] = int(value)
    head = _head(row)
    columns = (row[f"sampled_{name}"] or () for name in ("platforms", "rooms", "metrics", "latest", "at", "highest"))
    reported = reported_by(map(RoomSample._make, zip(*columns, strict=True)), ended_rooms(head.broadcasts))
    parts = (row[f"part_{name}"] or () for name in ("platforms", "metrics", "reported", "counted"))
    benchmarks = (row[f"benchmark_{name}"] or () for name in ("platforms", "rooms", "keys", "metrics", "latest", "at"))
    products_gmv = None if row["products_gmv"] is None else int(row["products_gmv"])
    figures = SessionFigures(
        head, counted, reported.figures, reported.peaks, parts_of(zip(*parts, strict=True)), products_gmv,
        reported.sampled_rooms, _corrected_clocks(row["corrected_keys"], row["corrected_events"]),
        None if row["released_kpis"] is None else from_json(row["released_kpis"]),
        {platform: AfterLive(*map(int, sums)) for platform, sums in zip(row["later_platforms"] or (), row["later_sums"] or (),
                                                                          strict=True)},
        benchmarks=tuple(map(BenchmarkSample._make, zip(*benchmarks, strict=True))),
    )  # fmt: skip
    return (await with_ad_rates(connection, {session: figures}))[session]


async def with_ad_rates(connection: Connection, found: dict[UUID, SessionFigures]) -> dict[UUID, SessionFigures]:
    """Return the sessions with the rates of their campaigns' currencies; one query if there are such campaigns, else none."""
    wanted = []
    for session, figures in found.items():
        currencies = {slug.partition(":")[2] for sums in figures.parts.values() for slug in sums if slug.startswith("ad_spend:")}
        if currencies:
            head = figures.head
            day = day_of(head.started_at or head.scheduled_at or datetime.now(UTC), head.time_zone)
            wanted += [WantedRate(session, currency, head.currency, day) for currency in sorted(currencies)]
    if not wanted:
        return found
    rates = await rates_of(connection, wanted)
    return found | {session: replace(found[session], ad_rates=of_session) for session, of_session in rates.items()}


def parts_of(rows: Iterable[tuple[str, str, str, str]]) -> dict[str, dict[str, tuple[int, int]]]:
    """Return `SessionFigures.parts` of rows (platform, sampled metric, reported, counted).

    What campaigns cost in another currency stands under `ad_spend:` and its code, in units of 10^-4. Nothing in any currency is
    nothing in the session's: it needs no rate.
    """
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for platform, metric, reported, counted in rows:
        # A product's sample names its impressions as the room's sample does; here they are apart.
        slug = "product_impressions" if metric == "impressions" else metric
        if slug.startswith("ad_spend:"):
            slug = f"ad_spend:{currency_of(int(slug.partition(':')[2]))}" if int(reported) else "ad_spend"
        sums = found.setdefault(platform, {})
        before = sums.get(slug, (0, 0))
        sums[slug] = (before[0] + int(reported), before[1] + int(counted))
    return found


def _corrected_clocks(keys: list[str] | None, events: list[str] | None) -> dict[str, int]:
    if keys is None or events is None:
        return {}
    return {key.removeprefix(CLOCK_KEY): int(number) for key, number in zip(keys, events, strict=True)}


async def restrict_to_brand(connection: Connection, brand: UUID) -> None:
    """Let row-level security hide all other brands until the end of the transaction, if the database has the role for it."""
    await connection.execute(_READS["restrict_to_brand"], str(brand))


async def concurrency(connection: Connection, session: UUID) -> list[ConcurrencyRow]:
    """Return the samples of concurrent viewers by minute, in order."""
    return [ConcurrencyRow(*row) for row in await connection.fetch(_READS["concurrency"], session)]


async def timeline_extent(connection: Connection, session: UUID, key: str) -> tuple[datetime, datetime] | None:
    """Return the first and the last minute with any figure of the session (key "") or a product; None without one."""
    row = await connection.fetchrow(_READS["timeline_extent"], session, key)
    return None if row is None or row[0] is None else (row[0], row[1])


async def timeline_last_before(connection: Connection, session: UUID, key: str, limit: datetime) -> datetime | None:
    """Return the last minute with any figure, up to a limit."""
    found: datetime | None = await connection.fetchval(_READS["timeline_last_before"], session, key, limit)
    return found


async def timeline_first_after(connection: Connection, session: UUID, key: str, limit: datetime) -> datetime | None:
    """Return the first minute with any figure, from a limit on."""
    found: datetime | None = await connection.fetchval(_READS["timeline_first_after"], session, key, limit)
    return found


async def timeline_counts(
    connection: Connection,
    session: UUID,
    key: str,
    metrics: Sequence[str],
    begin: datetime,
    end: datetime,
    step_seconds: int,
    platform: str | None,
) -> dict[str, dict[int, int]]:
    """Return metric → number of the bucket → sum."""
    rows = await connection.fetch(_READS["timeline_counts"], session, key, list(metrics), begin, end, step_seconds, platform)
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for number, metric, total in rows:
        found[metric][number] = int(total)
    return found


async def timeline_samples(
    connection: Connection,
    session: UUID,
    key: str,
    metrics: Sequence[str],
    begin: datetime,
    end: datetime,
    platform: str | None,
) -> list[TimelineSample]:
    """Return the samples of a window by minute, in order."""
    rows = await connection.fetch(_READS["timeline_samples"], session, key, list(metrics), begin, end, platform)
    return [TimelineSample(*row) for row in rows]


async def arrivals(connection: Connection, session: UUID, window: tuple[datetime, datetime] | None) -> dict[str, int]:
    """Return arrivals by `source|fan_level`, of the whole session or of a half-open window of full seconds."""
    if window is None:
        rows = await connection.fetch(_READS["arrivals"], session)
    else:
        rows = await connection.fetch(_READS["arrivals_between"], session, *window)
    return {key: int(total) for key, total in rows}
