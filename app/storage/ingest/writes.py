"""Queries of the write side, one method each, on a connection inside its transaction.

In: rows in columns. Out: the rows that were new. Never here: what the rows mean, commits.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby, repeat
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from app.events.contributions import ForgottenOrder
from app.storage.database import Connection
from app.storage.ingest.merge_writes import MergeQueries
from app.storage.ingest.new_events import NewEvents
from app.storage.joined import SEPARATOR, columns, indexed, joined, joined_keys, joined_optional
from app.storage.queries import queries, statement

_MINUTE = timedelta(minutes=1)
_FOLD = queries("ingest/fold")
_VALUES = queries("ingest/session_values")
_VOIDS = queries("ingest/voids")
_APPEND = statement("ingest/fold", "append_events")
_APPEND_NEW = replace(_APPEND, sql=_APPEND.sql.replace("ON CONFLICT (session_id, event_key) DO NOTHING\n", ""))
"""The same for events that are expected to be new. With ON CONFLICT, PostgreSQL locks and marks each row twice: it takes longer
by a third."""
_MERGE_SPANS = statement("ingest/fold", "merge_spans")
_MEMBER_BYTES = 16


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


class WriteQueries(MergeQueries):
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
        sessions, versions = columns(remembered, 2)
        kind_sessions, kind_sources, kind_types, kind_platforms, kind_rooms, kind_owners = columns(new.kinds, 6)
        claimed_sessions, sets, members, moments, events = columns(claims, 5)
        claim_sessions, claim_places = indexed(claimed_sessions)
        count = len(new.key)
        append = (_APPEND_NEW if self._expect_new else _APPEND)(
            sessions=sessions, versions=versions, received_at=received_at, count=count,
            kind_sessions=kind_sessions, kind_sources=kind_sources, kind_types=kind_types, kind_platforms=kind_platforms,
            kind_rooms=kind_rooms, kind_owners=kind_owners,
            kinds=joined(new.kind), keys=b"".join(new.key), ids=SEPARATOR.join(new.id), occurred_at=joined(new.at),
            data=SEPARATOR.encode().join(new.data).decode(), digests=b"".join(new.digest),
            sent_times=SEPARATOR.join(str(new.sent.get(n, "")) for n in range(count)) if new.sent else "",
            attributes=SEPARATOR.join(new.attributes.get(n, "") for n in range(count)) if new.attributes else "",
            claim_sessions=claim_sessions, claim_places=claim_places, sets=SEPARATOR.join(sets), members=b"".join(members),
            moments=joined(moments), claim_events=b"".join(events),
        )  # fmt: skip
        found = await self.connection.fetchrow(*append)
        assert found is not None
        held, logged, fresh, *claimed = found
        if not held:
            return None
        if logged < count:
            return Appended(None, set(fresh))
        return Appended(_claimed(claims, *claimed), set())

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

    async def drop_empty(self, keys: list[tuple[Any, ...]]) -> None:
        """Delete those of these sums that have no contribution left: (session, grain, key, bucket, platform, metric)."""
        dropped = await self.connection.fetch(_FOLD["drop_empty"], *columns(keys, 6))
        if former := [(*row[:5], row[2] + _MINUTE) for row in dropped if row[5]]:
            await self.connection.fetch(_FOLD["drop_former_seconds"], *columns(former, 6))

    async def merge_spans(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Merge (session, kind, member, platform, start, end, key of the end, given duration); return values after and before."""
        sessions, kinds, members, platforms, started, ended, keys, given = columns(rows, 8)
        pairs, places = indexed(zip(sessions, platforms, strict=True))
        scope_sessions, scope_platforms = columns(pairs, 2)
        merged = _MERGE_SPANS(
            sessions=scope_sessions, platforms=scope_platforms, scopes=places, kinds=SEPARATOR.join(kinds),
            members=b"".join(members), started_at=joined_optional(started), ended_at=joined_optional(ended),
            ended_keys=joined_keys(keys), given_ms=joined_optional(given),
        )  # fmt: skip
        found = await self.connection.fetch(*merged)
        return [tuple(row) for row in found]

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


def _claimed(
    claims: Sequence[Claim], sessions: list[UUID] | None, sets: str | None, members: bytes | None, superseded: list[bytes] | None
) -> list[Claimed]:
    """Return the claims that succeeded; `sessions` and `superseded` are None where the claims have one session and none is."""
    if sets is None or members is None:
        return []
    size = len(members) // _MEMBER_BYTES
    return list(
        zip(
            sessions or repeat(claims[0][0], size), sets.split(SEPARATOR),
            [members[start : start + _MEMBER_BYTES] for start in range(0, len(members), _MEMBER_BYTES)],
            superseded or repeat(None, size), strict=True,
        )
    )  # fmt: skip
