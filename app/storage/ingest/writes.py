"""Queries of the write side, one method each, on a connection inside its transaction.

In: rows in columns. Out: the rows that were new. Never here: what the rows mean, commits.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from app.events.contributions import ForgottenOrder
from app.storage.database import Connection
from app.storage.ingest.new_events import NewEvents
from app.storage.ingest.unprocessed_writes import UnprocessedQueries
from app.storage.joined import SEPARATOR, columns, indexed, joined, joined_keys, joined_optional
from app.storage.queries import queries

_FOLD = queries("ingest/fold")
_ORDER_FACTS = queries("ingest/order_facts")
_VOIDS = queries("ingest/voids")
_APPEND = _FOLD["append_events"]
_APPEND_NEW = _APPEND.replace("ON CONFLICT (session_id, event_key) DO NOTHING\n", "")
"""The same for events that are expected to be new. With ON CONFLICT, PostgreSQL locks and marks each row twice: it takes longer
by a third."""


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
    log_dropped: bool
    """The session takes in no event any more."""
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


class Appended(NamedTuple):
    """The outcome of appending events to the log."""

    claimed: list[Claimed] | None
    """The claims that succeeded; None if an event was a duplicate, so that nothing was claimed."""
    new: set[bytes]
    """In that case: key and session, as bytes, of the events that were new."""


class WriteQueries(UnprocessedQueries):
    """Writes the contributions of a batch. Rows are sorted by key, so that two writers lock them in the same order."""

    def __init__(self, connection: Connection, *, expect_new: bool = False) -> None:
        """Write on this connection; `expect_new` if the events of the batch are probably not in the log."""
        super().__init__(connection)
        self._expect_new = expect_new

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

    async def forgotten_orders(self, brand_id: UUID) -> dict[UUID, dict[tuple[str, str], ForgottenOrder]]:
        """Return session → platform and order → what is left of the order's buyer."""
        found: dict[UUID, dict[tuple[str, str], ForgottenOrder]] = {}
        for session, platform, order, buyer, elsewhere in await self.connection.fetch(_FOLD["forgotten_orders"], brand_id):
            found.setdefault(session, {})[platform, order] = ForgottenOrder(buyer, frozenset(elsewhere))
        return found

    async def append_events(
        self, remembered: list[tuple[UUID, str]], new: NewEvents, claims: list[Claim], received_at: datetime
    ) -> Appended | None:
        """Append to the log and claim members.

        None, and nothing is written, if the version of a session differs from the cached one or the session is locked.

        Raises:
            asyncpg.UniqueViolationError: an event that was expected to be new is in the log already.
        """
        sessions, sets, members, moments, events = columns(claims, 5)
        known, places = indexed(sessions)
        *common, owners = columns(new.kinds, 6)
        found = await self.connection.fetchrow(
            _APPEND_NEW if self._expect_new else _APPEND,
            *columns(remembered, 2), *common, received_at,
            len(new.key), joined(new.kind), b"".join(new.key), SEPARATOR.join(new.id), joined(new.at),
            SEPARATOR.encode().join(new.data).decode(),
            places, known, SEPARATOR.join(sets),
            b"".join(members), joined(moments), b"".join(events),
            SEPARATOR.join(str(new.sent.get(n, "")) for n in range(len(new.key))) if new.sent else "", owners,
            b"".join(new.digest),
            SEPARATOR.join(new.attributes.get(n, "") for n in range(len(new.key))) if new.attributes else "",
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

    async def claim_members(self, claims: Sequence[Claim]) -> list[Claimed]:
        """Return the claims that succeeded."""
        sessions, sets, members, moments, events = columns(claims, 5)
        found = await self.connection.fetch(
            _FOLD["claim_members"], *indexed(sessions), SEPARATOR.join(sets), b"".join(members), joined(moments), b"".join(events)
        )
        return [tuple(row) for row in found]

    async def claim_statements(self, name: str, rows: list[tuple[UUID, bytes, bytes]]) -> dict[tuple[UUID, bytes], bytes | None]:
        """Claim (session, member, rank) in a set; return (session, member) → superseded rank of the claims that succeeded."""
        sessions, members, ranks = columns(rows, 3)
        found = await self.connection.fetch(
            _FOLD["claim_statements"], *indexed(sessions), b"".join(members), name, joined_keys(ranks)
        )
        return {(row[0], row[1]): row[2] for row in found}

    async def members(self, keys: list[tuple[UUID, str, bytes]]) -> list[tuple[UUID, bytes, bytes]]:
        """Return (session, member, event key) of members by (session, set, member)."""
        return [tuple(row) for row in await self.connection.fetch(_FOLD["members"], *columns(keys, 3))]

    async def claim_customers(
        self, rows: list[tuple[UUID, bytes, UUID, int, bytes]]
    ) -> list[tuple[bytes, UUID, UUID | None, bytes | None]]:
        """Claim (brand, member, session, microseconds since 1970, event).

        Returns (member, session, superseded session, superseded event) of the claims that succeeded.
        """
        brands, members, sessions, moments, events = columns(rows, 5)
        found = await self.connection.fetch(
            _FOLD["claim_customers"], *indexed(brands), b"".join(members), *indexed(sessions), joined(moments), b"".join(events)
        )
        return [tuple(row) for row in found]

    async def logged_digests(self, keys: list[tuple[UUID, bytes]]) -> dict[bytes, bytes | None]:
        """Return the digests of the content of logged events by key and session; None for an event of a former version."""
        found: dict[bytes, bytes | None] = {}
        for session, some in groupby(sorted(keys), itemgetter(0)):
            rows = await self.connection.fetch(_FOLD["logged_digests"], session, [key for _, key in some])
            found |= {key + session.bytes: digest for key, digest in rows}
        return found

    async def logged_events(self, keys: list[tuple[UUID, bytes]]) -> list[LoggedEvent]:
        """Return events of the log by (session, key)."""
        found: list[LoggedEvent] = []
        for session, some in groupby(sorted(keys), itemgetter(0)):
            rows = await self.connection.fetch(_FOLD["logged_events"], session, [key for _, key in some])
            found += [LoggedEvent(*row) for row in rows]
        return found

    async def add_counters(self, rows: list[tuple[UUID, int, str, int, str, str, int, int]]) -> None:
        """Add to sums: (session, grain, key, bucket in microseconds since 1970, platform, metric, value, contributions)."""
        sessions, grains, keys, buckets, platforms, metrics, values, contributions = columns(rows, 8)
        scopes, scope = indexed(zip(sessions, platforms, strict=True))
        # The prefix distinguishes one empty key from no key.
        keyed = "=" + f"{SEPARATOR}=".join(keys)
        await self.connection.execute(
            _FOLD["add_counters"], *columns(scopes, 2),
            scope, joined(grains), keyed, joined(buckets), SEPARATOR.join(metrics), joined(values),
            joined(contributions),
        )  # fmt: skip

    async def drop_empty(self, keys: list[tuple[Any, ...]]) -> None:
        """Delete those of these sums that have no contribution left: (session, grain, key, bucket, platform, metric)."""
        await self.connection.fetch(_FOLD["drop_empty"], *columns(keys, 6))

    async def merge_samples(self, rows: list[tuple[Any, ...]]) -> None:
        """Merge samples: (session, grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest)."""
        await self.connection.execute(_FOLD["merge_samples"], *columns(rows, 11))

    async def merge_orders(self, rows: list[tuple[Any, ...]]) -> None:
        """Merge orders: 21 columns in the order of fold.sql, moments in microseconds since 1970."""
        (
            sessions, platforms, orders, ranks, told_at, told_keys, buyers, amounts, lines, refunded, placed, paid, cancelled,
            refunded_at, shipped, shipped_keys, carriers, trackings, delivered, arrivals, counted,
        ) = columns(rows, 21)  # fmt: skip
        scopes, scope = indexed(zip(sessions, platforms, strict=True))
        # The prefix distinguishes one empty key from no key.
        told = "=" + f"{SEPARATOR}=".join(key.hex() for key in told_keys)
        await self.connection.execute(
            _FOLD["merge_orders"], *columns(scopes, 2), scope, orders, joined(ranks), joined(told_at), told, buyers,
            joined_optional(amounts), SEPARATOR.join(text or "" for text in lines), joined(refunded), joined_optional(placed),
            joined_optional(paid), joined_optional(cancelled), joined_optional(refunded_at), joined_optional(shipped),
            joined_keys(shipped_keys), carriers, trackings, joined_optional(delivered), arrivals,
            counted,
        )  # fmt: skip

    async def merge_spans(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Merge (session, kind, member, platform, start, end, key of the end, given duration); return values after and before."""
        sessions, kinds, members, platforms, started, ended, keys, given = columns(rows, 8)
        scopes, scope = indexed(zip(sessions, platforms, strict=True))
        found = await self.connection.fetch(
            _FOLD["merge_spans"], *columns(scopes, 2), scope, SEPARATOR.join(kinds), b"".join(members),
            joined_optional(started), joined_optional(ended), joined_keys(keys), joined_optional(given),
        )  # fmt: skip
        return [tuple(row) for row in found]

    async def add_refunds(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Merge refunds, 11 columns as in order_facts.sql.

        Returns the key, then single, total, total_at, first_at after the change, then the same before it.
        """
        return [tuple(row) for row in await self.connection.fetch(_ORDER_FACTS["add_refunds"], *columns(rows, 11))]

    async def drop_empty_refunds(self, keys: Sequence[Sequence[Any]]) -> None:
        """Remove those of these rows, (session, platform, order, product), from which all was taken back."""
        await self.connection.fetch(_ORDER_FACTS["drop_empty_refunds"], *columns(keys, 4))

    async def add_parcels(self, rows: list[tuple[Any, ...]]) -> None:
        """Merge parcels: (session, platform, order, digest, carrier, tracking, shipped_at, accepted_at)."""
        await self.connection.execute(_ORDER_FACTS["add_parcels"], *columns(rows, 8))

    async def set_session_clocks(self, rows: list[tuple[UUID, datetime | None, datetime | None]]) -> None:
        """Extend the start and the end of sessions."""
        await self.connection.execute(_FOLD["set_session_clock"], *columns(rows, 3))

    async def void_imports(self, sessions: list[UUID]) -> set[tuple[UUID, UUID]]:
        """Return (session, import) of the imports that are void."""
        return {(row[0], row[1]) for row in await self.connection.fetch(_VOIDS["void_imports"], sessions)}

    async def record_imports(self, rows: list[tuple[UUID, UUID, bytes]]) -> None:
        """Record what imports brought, as (session, import, key)."""
        sessions, imports, keys = columns(rows, 3)
        pairs, places = indexed(zip(sessions, imports, strict=True))
        await self.connection.execute(_VOIDS["record_imports"], *columns(pairs, 2), places, b"".join(keys))

    async def validate_imported(self, rows: list[tuple[UUID, UUID, bytes]]) -> list[tuple[UUID, bytes]]:
        """Take back what voids of other imports did to these events; return those that are valid again, as (session, key)."""
        freed = {(row[0], row[1]) for row in await self.connection.fetch(_VOIDS["unmark_imported"], *columns(rows, 3))}
        if not freed:
            return []
        still = await self.connection.fetch(_VOIDS["still_void"], *columns(sorted(freed), 2))
        return sorted(freed - {(row[0], row[1]) for row in still})
