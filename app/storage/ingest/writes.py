"""Queries of the write side, one method each, on a connection inside its transaction.

In: rows in columns. Out: the rows that were new. Never here: what the rows mean, commits.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from app.events.contributions import ForgottenBuyers
from app.storage.database import Connection
from app.storage.ingest.claim_writes import (
    ClaimOutcome,
    ClaimQueries,
    Claims,
    Ranked,
    Ranks,
    claimed_members,
    customer_columns,
    member_columns,
    rank_columns,
    ranked,
    span_columns,
)
from app.storage.ingest.new_events import NewEvents
from app.storage.joined import SEPARATOR, columns, indexed, joined
from app.storage.queries import queries, statement

_MINUTE = timedelta(minutes=1)
_FOLD = queries("ingest/fold")
_VALUES = queries("ingest/session_values")
_VOIDS = queries("ingest/voids")
_APPEND = statement("ingest/append", "append_events")
_APPEND_NEW = replace(_APPEND, sql=_APPEND.sql.replace("ON CONFLICT (session_id, event_key) DO NOTHING\n", ""))
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

    claimed: ClaimOutcome | None
    """The outcome of the claims; None, and nothing was claimed, unless all events were new and each statement the first."""
    new: set[bytes] | None = None
    """Key and session, as bytes, of the events that were new; None if all were."""
    ranked: Ranked | None = None
    """The outcome of the ranks; None if each statement was the first, or nothing was ranked because an event was a duplicate."""


class WriteQueries(ClaimQueries):
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

    async def forgotten_orders(self, brand_id: UUID) -> Mapping[UUID, Mapping[tuple[str, str], ForgottenBuyers]]:
        """Return session → platform and order → what is left of the order's buyers."""
        found: dict[UUID, dict[tuple[str, str], dict[str, frozenset[str]]]] = {}
        for session, platform, order, buyer, elsewhere in await self.connection.fetch(_FOLD["forgotten_orders"], brand_id):
            found.setdefault(session, {}).setdefault((platform, order), {})[buyer] = frozenset(elsewhere)
        return found

    async def append_events(
        self, remembered: list[tuple[UUID, str]], new: NewEvents, ranks: Ranks, claims: Claims, received_at: datetime
    ) -> Appended | None:
        """Append to the log, rank statements and claim.

        None, and nothing is written, if the version of a session differs from the cached one or the session is locked.

        Raises:
            asyncpg.UniqueViolationError: an event that was expected to be new is in the log already.
        """
        sessions, versions = columns(remembered, 2)
        kind_sessions, kind_sources, kind_types, kind_platforms, kind_rooms, kind_owners = columns(new.kinds, 6)
        count = len(new.key)
        append = (_APPEND_NEW if self._expect_new else _APPEND)(
            sessions=sessions, versions=versions, received_at=received_at, count=count,
            kind_sessions=kind_sessions, kind_sources=kind_sources, kind_types=kind_types, kind_platforms=kind_platforms,
            kind_rooms=kind_rooms, kind_owners=kind_owners,
            kinds=joined(new.kind), keys=b"".join(new.key), ids=SEPARATOR.join(new.id), occurred_at=joined(new.at),
            data=SEPARATOR.encode().join(new.data).decode(), digests=b"".join(new.digest),
            sent_times=SEPARATOR.join(str(new.sent.get(n, "")) for n in range(count)) if new.sent else "",
            attributes=SEPARATOR.join(new.attributes.get(n, "") for n in range(count)) if new.attributes else "",
            stated=ranks.statements, **rank_columns(ranks.newest),
            **member_columns(claims.members), **customer_columns(claims.customers), **span_columns(claims.spans),
        )  # fmt: skip
        found = await self.connection.fetchrow(*append)
        assert found is not None
        held, first, fresh, stated, *claimed, bought, lasted = found
        if not held:
            return None
        if fresh is not None:
            return Appended(None, set(fresh))
        if not first:
            return Appended(None, ranked=ranked(stated))
        return Appended(ClaimOutcome(claimed_members(claims.members, *claimed), bought, lasted))

    async def session_values(self, rows: list[SessionValue]) -> KnownValues:
        """Return what is known of the sessions' distinct values, as far as the given values are concerned."""
        sessions, kinds, values = columns(rows, 3)
        found = await self.connection.fetch(
            _VALUES["session_values"], sorted(set(sessions)), sorted(set(kinds)), sorted(set(values))
        )
        counts = {(session, kind): known for session, kind, known, _ in found}
        present = {(session, kind, value) for session, kind, _, values in found for value in values or ()}
        return KnownValues(counts, present)

    async def add_session_values(self, rows: list[SessionValue]) -> None:
        """Add distinct values of sessions."""
        await self.connection.execute(_VALUES["add_session_values"], *columns(rows, 3))

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

    async def drop_empty(self, keys: list[tuple[Any, ...]]) -> None:
        """Delete those of these sums that have no contribution left: (session, grain, key, bucket, platform, metric)."""
        dropped = await self.connection.fetch(_FOLD["drop_empty"], *columns(keys, 6))
        if former := [(*row[:5], row[2] + _MINUTE) for row in dropped if row[5]]:
            await self.connection.fetch(_FOLD["drop_former_seconds"], *columns(former, 6))

    async def set_session_clocks(self, rows: list[tuple[UUID, datetime | None, datetime | None]]) -> None:
        """Extend the start and the end of sessions."""
        await self.connection.execute(_FOLD["set_session_clock"], *columns(rows, 3))

    async def void_imports(self, sessions: list[UUID]) -> set[tuple[UUID, UUID]]:
        """Return (session, import) of the imports that are void."""
        return {(row[0], row[1]) for row in await self.connection.fetch(_VOIDS["void_imports"], sessions)}

    async def record_imports(self, rows: list[tuple[UUID, UUID, bytes]]) -> set[tuple[UUID, UUID]]:
        """Record what imports brought, as (session, import, key); return (session, import) of those that are void."""
        sessions, imports, keys = columns(rows, 3)
        pairs, places = indexed(zip(sessions, imports, strict=True))
        void = await self.connection.fetch(_VOIDS["record_imports"], *columns(pairs, 2), places, b"".join(keys))
        return {(row[0], row[1]) for row in void}

    async def validate_imported(self, rows: list[tuple[UUID, UUID, bytes]]) -> list[tuple[UUID, bytes]]:
        """Take back what voids of other imports did to these events; return those that are valid again, as (session, key)."""
        brought: dict[tuple[UUID, UUID], list[bytes]] = {}
        for session, import_id, key in rows:
            brought.setdefault((session, import_id), []).append(key)
        # A flush of an import has one of both.
        freed = {
            (row[0], row[1])
            for (session, import_id), keys in sorted(brought.items())
            for row in await self.connection.fetch(_VOIDS["unmark_imported"], session, import_id, sorted(keys))
        }
        if not freed:
            return []
        still = await self.connection.fetch(_VOIDS["still_void"], *columns(sorted(freed), 2))
        return sorted(freed - {(row[0], row[1]) for row in still})
