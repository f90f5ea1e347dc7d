"""Queries of the write side, one method each, on a connection inside its transaction.

In: rows in columns. Out: the rows that were new. Never here: what the rows mean, commits.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json

from app.storage.database import Connection
from app.storage.queries import queries

_FOLD = queries("fold")
_ORDER_FACTS = queries("order_facts")
_UNPROCESSED = queries("unprocessed")
_VOIDS = queries("voids")


_NO_DIGEST = bytes(8)


class SessionRow(NamedTuple):
    """The columns of a session that the fold uses."""

    id: UUID
    brand_id: UUID
    currency: str
    catalogue_version: int
    platforms: list[str]
    rooms: list[str]
    rebuilding: bool
    """A rebuild is under way: new events are noted for it."""
    version: str
    """Differs after any change of the columns above."""


class LoggedEvent(NamedTuple):
    """An event of the log; `data` is JSON text."""

    session_id: UUID
    event_key: bytes
    id: str
    source: str
    type: str
    platform: str
    room: str
    occurred_at: datetime
    sent_time: datetime | None
    """The sender's time, if it was wrong and the event stands at its arrival instead."""
    data: str


class NewEvents:
    """Events for the log, by column; the values that events share are stored once, as their kind."""

    def __init__(self) -> None:
        """Start empty."""
        self.kinds: dict[tuple[UUID, str, str, str, str, str], int] = {}
        self.kind: list[int] = []
        self.key: list[bytes] = []
        self.id: list[str] = []
        self.at: list[int] = []
        self.data: list[bytes] = []
        self.digest: list[bytes] = []
        self.attributes: dict[int, str] = {}
        """Number of the event, from 0 → its extension attributes as JSON, if it has any."""
        self.sent: dict[int, int] = {}
        """Number of the event, from 0 → the time that its sender gave, where that was wrong."""

    def kind_of(self, session: UUID, source: str, type: str, platform: str, room: str, owner: str) -> int:
        """Return the number of a kind; `owner` is the brand that the sender is bound to, or empty."""
        return self.kinds.setdefault((session, source, type, platform, room, owner), len(self.kinds) + 1)

    def add(
        self,
        kind: int,
        key: bytes,
        id: str,
        at: int,
        data: bytes,
        digest: bytes | None,
        attributes: dict[str, Any] | None,
        sent: int | None = None,
    ) -> None:
        """Add an event: kind, 16 bytes, CloudEvents' id, microseconds since 1970, JSON, 8 bytes, attributes, wrong time."""
        if attributes is not None:
            self.attributes[len(self.key)] = to_json(attributes).decode()
        self.digest.append(digest or _NO_DIGEST)
        if sent is not None:
            self.sent[len(self.key)] = sent
        self.kind.append(kind)
        self.key.append(key)
        self.id.append(id)
        self.at.append(at)
        self.data.append(data)


Claim = tuple[UUID, str, bytes, int, bytes]
"""Session, set, member (16 bytes), moment (microseconds since 1970) and event (16 bytes)."""
Claimed = tuple[UUID, str, bytes, bytes | None]
"""Session, set, member, and the later event that owned it before, if one did."""


SessionValue = tuple[UUID, str, str]
"""Session, kind of a value (product, source, room, promotion, minute) and the value."""


class KnownValues(NamedTuple):
    """Distinct values of sessions."""

    counts: dict[tuple[UUID, str], int]
    """Session and kind → number of values."""
    present: set[SessionValue]
    """Those of the requested values that exist."""


class ParkedEvent(NamedTuple):
    """A parked event's digest, and whether it was parked just now."""

    digest: bytes | None
    new: bool


class Appended(NamedTuple):
    """The outcome of appending events to the log."""

    claimed: list[Claimed] | None
    """The claims that succeeded; None if an event was a duplicate, so that nothing was claimed."""
    new: set[bytes]
    """In that case: key and session, as bytes, of the events that were new."""


_SEPARATOR = "\x1f"
"""Separates the values of a column that is sent as one text. The driver takes 0.3 to 0.8 µs per array element, which is more
than the fold takes; joining takes a tenth of that. No field may contain this character, and JSON escapes it."""


def _joined(numbers: Iterable[int]) -> str:
    return _SEPARATOR.join(map(str, numbers))


def columns(rows: Iterable[Sequence[Any]], width: int) -> list[tuple[Any, ...]]:
    """Turn rows into columns, for unnest."""
    return list(zip(*rows, strict=True)) or [()] * width


class WriteQueries:
    """Writes the contributions of a batch. Rows are sorted by key, so that two writers lock them in the same order."""

    def __init__(self, connection: Connection) -> None:
        """Write on this connection."""
        self.connection = connection

    async def find_sessions(self, ids: list[UUID], platforms: list[str], rooms: list[str]) -> list[SessionRow]:
        """Return the sessions named by id or by stream; they are not locked."""
        rows = await self.connection.fetch(_FOLD["find_sessions"], ids, platforms, rooms)
        return [SessionRow(*row) for row in rows]

    async def lock_sessions(self, ids: list[UUID]) -> dict[UUID, str]:
        """Return session → currency; the rows are locked until the commit."""
        return {row[0]: row[1] for row in await self.connection.fetch(_FOLD["lock_sessions"], ids)}

    async def unavailable_sessions(self, ids: list[UUID]) -> set[UUID]:
        """Return the sessions that another transaction has locked for an update or a deletion."""
        rows = await self.connection.fetch(_FOLD["available_sessions"], ids)
        return set(ids) - {row[0] for row in rows}

    async def brand_aliases(self, brand_id: UUID) -> dict[str, str]:
        """Return alias → code."""
        return {row[0]: row[1] for row in await self.connection.fetch(_FOLD["brand_aliases"], brand_id)}

    async def append_events(
        self, remembered: list[tuple[UUID, str]], new: NewEvents, claims: list[Claim], received_at: datetime
    ) -> Appended | None:
        """Append to the log and claim members.

        None, and nothing is written, if the version of a session differs from the cached one or the session is locked.
        """
        sessions, sets, members, moments, events = columns(claims, 5)
        known: dict[UUID, int] = {}
        *common, owners = columns(new.kinds, 6)
        found = await self.connection.fetchrow(
            _FOLD["append_events"],
            *columns(remembered, 2), *common, received_at,
            len(new.key), _joined(new.kind), b"".join(new.key), _SEPARATOR.join(new.id), _joined(new.at),
            _SEPARATOR.encode().join(new.data).decode(),
            _joined([known.setdefault(session, len(known) + 1) for session in sessions]), list(known), _SEPARATOR.join(sets),
            b"".join(members), _joined(moments), b"".join(events),
            _SEPARATOR.join(str(new.sent.get(n, "")) for n in range(len(new.key))) if new.sent else "", owners,
            b"".join(new.digest),
            _SEPARATOR.join(new.attributes.get(n, "") for n in range(len(new.key))) if new.attributes else "",
        )  # fmt: skip
        assert found is not None
        held, logged, fresh, *claimed = found
        if not held:
            return None
        if logged < len(new.key):
            return Appended(None, set(fresh))
        return Appended(list(zip(*claimed, strict=True)) if claimed[0] else [], set())

    async def session_values(self, rows: list[SessionValue]) -> KnownValues:
        """Return what is known of the sessions' distinct values, as far as the given values are concerned."""
        sessions, kinds, values = columns(rows, 3)
        found = await self.connection.fetch(
            _FOLD["session_values"], sorted(set(sessions)), sorted(set(kinds)), sorted(set(values))
        )
        counts = {(session, kind): known for session, kind, known, _ in found}
        present = {(session, kind, value) for session, kind, _, values in found for value in values or ()}
        return KnownValues(counts, present)

    async def add_session_values(self, rows: list[SessionValue]) -> None:
        """Add distinct values of sessions."""
        await self.connection.execute(_FOLD["add_session_values"], *columns(rows, 3))

    async def claim_members(self, rows: list[tuple[Any, ...]]) -> list[Claimed]:
        """Return the claims that succeeded; the columns of `Claim`, moments as such."""
        return [tuple(row) for row in await self.connection.fetch(_FOLD["claim_members"], *columns(rows, 5))]

    async def members(self, keys: list[tuple[UUID, str, bytes]]) -> list[tuple[UUID, bytes, bytes]]:
        """Return (session, member, event key) of members by (session, set, member)."""
        return [tuple(row) for row in await self.connection.fetch(_FOLD["members"], *columns(keys, 3))]

    async def claim_customers(
        self, rows: list[tuple[UUID, bytes, UUID, datetime, bytes]]
    ) -> list[tuple[bytes, UUID, UUID | None, bytes | None]]:
        """Return (member, session, superseded session, superseded event) of the claims that succeeded."""
        return [tuple(row) for row in await self.connection.fetch(_FOLD["claim_customers"], *columns(rows, 5))]

    async def logged_digests(self, keys: list[tuple[UUID, bytes]]) -> dict[bytes, bytes | None]:
        """Return the digests of the content of logged events by key and session; None for an event of a former version."""
        rows = await self.connection.fetch(_FOLD["logged_digests"], *columns(keys, 2))
        return {row["event_key"] + row["session_id"].bytes: row["digest"] for row in rows}

    async def logged_events(self, keys: list[tuple[UUID, bytes]]) -> list[LoggedEvent]:
        """Return events of the log by (session, key)."""
        rows = await self.connection.fetch(_FOLD["logged_events"], *columns(keys, 2))
        return [LoggedEvent(*row) for row in rows]

    async def add_counters(self, rows: list[tuple[UUID, int, str, int, str, str, int, int]]) -> None:
        """Add to sums: (session, grain, key, bucket in microseconds since 1970, platform, metric, value, contributions)."""
        sessions, grains, keys, buckets, platforms, metrics, values, contributions = columns(rows, 8)
        scopes: dict[tuple[UUID, str], int] = {}
        scope = [scopes.setdefault(pair, len(scopes) + 1) for pair in zip(sessions, platforms, strict=True)]
        # The prefix distinguishes one empty key from no key.
        keyed = "=" + f"{_SEPARATOR}=".join(keys)
        await self.connection.execute(
            _FOLD["add_counters"], *columns(scopes, 2),
            _joined(scope), _joined(grains), keyed, _joined(buckets), _SEPARATOR.join(metrics), _joined(values),
            _joined(contributions),
        )  # fmt: skip

    async def drop_empty(self, keys: list[tuple[Any, ...]]) -> None:
        """Delete those of these sums that have no contribution left: (session, grain, key, bucket, platform, metric)."""
        await self.connection.fetch(_FOLD["drop_empty"], *columns(keys, 6))

    async def merge_samples(self, rows: list[tuple[Any, ...]]) -> None:
        """Merge samples: (session, grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest)."""
        await self.connection.execute(_FOLD["merge_samples"], *columns(rows, 11))

    async def merge_orders(self, rows: list[tuple[Any, ...]]) -> None:
        """Merge orders; 19 columns, as in fold.sql."""
        await self.connection.execute(_FOLD["merge_orders"], *columns(rows, 19))

    async def merge_spans(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Merge spans; return them with their values after and before."""
        return [tuple(row) for row in await self.connection.fetch(_FOLD["merge_spans"], *columns(rows, 8))]

    async def add_refunds(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Merge refunds, 11 columns as in order_facts.sql.

        Returns the key, then single, total, total_at, first_at after the change, then the same before it.
        """
        return [tuple(row) for row in await self.connection.fetch(_ORDER_FACTS["add_refunds"], *columns(rows, 11))]

    async def drop_empty_refunds(self, keys: Sequence[Sequence[Any]]) -> None:
        """Remove those of these rows, (session, platform, order, product), from which all was taken back."""
        await self.connection.fetch(_ORDER_FACTS["drop_empty_refunds"], *columns(keys, 4))

    async def add_parcels(self, rows: list[tuple[Any, ...]]) -> None:
        """Merge parcels: (session, platform, order, digest, carrier, tracking, shipped_at)."""
        await self.connection.execute(_ORDER_FACTS["add_parcels"], *columns(rows, 7))

    async def set_session_clocks(self, rows: list[tuple[UUID, datetime | None, datetime | None]]) -> None:
        """Extend the start and the end of sessions."""
        await self.connection.execute(_FOLD["set_session_clock"], *columns(rows, 3))

    async def void_imports(self, pairs: list[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
        """Return those of (session, import) that are void."""
        return {(row[0], row[1]) for row in await self.connection.fetch(_VOIDS["void_imports"], *columns(pairs, 2))}

    async def record_imports(self, rows: list[tuple[UUID, UUID, bytes]]) -> list[tuple[UUID, bytes]]:
        """Record what imports brought, as (session, import, key); return the events, as (session, key), that are valid again."""
        await self.connection.execute(_VOIDS["record_imports"], *columns(rows, 3))
        freed = {(row[0], row[1]) for row in await self.connection.fetch(_VOIDS["unmark_imported"], *columns(rows, 3))}
        if not freed:
            return []
        still = await self.connection.fetch(_VOIDS["still_void"], *columns(sorted(freed), 2))
        return sorted(freed - {(row[0], row[1]) for row in still})

    async def lock_rooms(self, rooms: list[str]) -> None:
        """Lock `platform:room` names against a registration until the commit."""
        await self.connection.execute(_UNPROCESSED["lock_rooms"], rooms)

    async def rooms_parked_by(self, origins: Collection[str], rooms: Collection[str]) -> dict[str, tuple[int, set[str]]]:
        """Return for each sender its number of rooms with parked events, and those of these `platform:room` among them."""
        rows = await self.connection.fetch(_UNPROCESSED["rooms_parked_by"], sorted(origins), sorted(rooms))
        return {origin: (count, set(known or ())) for origin, count, known in rows}

    async def park_events(
        self, rows: list[tuple[str, str, str, bytes, str, str, bytes | None]], received_at: datetime
    ) -> dict[tuple[str, str, str, bytes], ParkedEvent]:
        """Park (platform, room, owner, key, origin, event JSON, digest); return what is stored, by the first four."""
        platform, room, owner, key, origin, event, digest = columns(rows, 7)
        found = await self.connection.fetch(
            _UNPROCESSED["park_events"], platform, room, owner, key, origin, received_at, event, digest
        )
        counts = Counter((row[0], row[1], row[2], row[4]) for row in found)
        if counts:
            await self.count_parked([(*place, counts[place]) for place in sorted(counts)], received_at)
        stored = {(row[0], row[1], row[2], row[3]): ParkedEvent(row["digest"], new=True) for row in found}
        if known := [row[:4] for row in rows if row[:4] not in stored]:
            present = await self.connection.fetch(_UNPROCESSED["parked_digests"], *columns(known, 4))
            stored |= {(row[0], row[1], row[2], row[3]): ParkedEvent(row["digest"], new=False) for row in present}
        return stored

    async def count_parked(self, rows: list[tuple[str, str, str, str, int]], received_at: datetime) -> None:
        """Add to the numbers of parked events: (platform, room, owner, origin, events)."""
        await self.connection.execute(_UNPROCESSED["count_parked"], *columns(rows, 5), received_at)

    async def store_dead_letters(self, rows: list[tuple[Any, ...]], received_at: datetime) -> None:
        """Keep (id, digest, brand, origin, type, subject, errors JSON, sealed body)."""
        await self.connection.execute(_UNPROCESSED["store_dead_letters"], *columns(rows, 8)[:8], received_at)
