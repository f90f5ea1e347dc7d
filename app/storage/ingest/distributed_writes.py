"""The writes of a flush on Citus: for each session, statements that its node takes as they are.

In: rows, as `WriteQueries` takes them. Out: the rows that were new, in fewer round trips. Never here: how rows merge, which
`claims.sql` and `fold.sql` say.

Citus cannot send `INSERT … SELECT … FROM unnest(…)` to a node: its coordinator computes the rows, copies them to the nodes, and
runs the INSERT there from the copies; what a CTE writes is copied back as well. `INSERT … VALUES` whose key is one parameter is
one statement for one node, and PostgreSQL expands arrays in a row of VALUES too. Nothing else may be computed in that row: Citus
computes before it sends, and would find a set where it expects a value.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from sqlalchemy import JSON, BigInteger, Boolean, DateTime, LargeBinary, Numeric, SmallInteger, Uuid

from app.storage import session_locks
from app.storage.database import Connection, Database
from app.storage.ingest.claim_writes import (
    Claim,
    Claimed,
    ClaimedCustomer,
    Claims,
    CustomerClaim,
    MergedSpan,
    Rank,
    Ranked,
    Ranks,
    SpanColumns,
    ranked,
)
from app.storage.ingest.merge_writes import CounterColumns, SampleColumns
from app.storage.ingest.movement_writes import MovementColumns
from app.storage.ingest.new_events import NewEvents
from app.storage.ingest.order_writes import OrderColumns
from app.storage.ingest.writes import Appended, SessionValue, WriteQueries
from app.storage.joined import columns
from app.storage.queries import queries
from app.storage.tables import metadata

_SQL = queries("ingest/fold") | queries("ingest/claims") | queries("ingest/order_facts") | queries("ingest/session_values")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ARRAYS = (
    (Uuid, "uuid[]"), (LargeBinary, "bytea[]"), (DateTime, "timestamptz[]"), (SmallInteger, "smallint[]"),
    (Boolean, "boolean[]"),
    # As text: the driver makes no number without a bound of an integer, and no JSON of text.
    (BigInteger, "bigint[]"), (Numeric, "text[]::numeric[]"), (JSON, "text[]::json[]"),
)  # fmt: skip
_LOCKS = queries("session_locks")
_EVENT = (
    "session_id", "event_key", "id", "source", "type", "platform", "room", "occurred_at", "received_at", "sent_time", "data",
    "owner", "digest", "attributes",
)  # fmt: skip


class Insert(NamedTuple):
    """An INSERT of rows of one key."""

    sql: str
    moments: frozenset[int]
    """The columns that are times."""
    numbers: frozenset[int]
    """The columns that are sent as text, though they are numbers."""

    def columns(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Return the arguments: the key, and the other columns."""
        found: list[Any] = columns(rows, 0)
        for place in self.moments:
            found[place] = [_moment(value) for value in found[place]]
        for place in self.numbers:
            found[place] = [None if value is None else str(value) for value in found[place]]
        return [rows[0][0], *found[1:]]


def _moment(value: datetime | int | None) -> datetime | None:
    return _EPOCH + timedelta(microseconds=value) if isinstance(value, int) else value


def into(table: str, names: Sequence[str], merge: str, alias: str = "t") -> Insert:
    """Return the INSERT into these columns, of which the first is the key."""
    types = [metadata.tables[table].c[name].type for name in names]
    arrays = [next((array for kind, array in _ARRAYS if isinstance(type, kind)), "text[]") for type in types]
    values = ", ".join(["$1::uuid", *(f"unnest(${number}::{array})" for number, array in enumerate(arrays[1:], 2))])
    return Insert(
        f"INSERT INTO {table} AS {alias} ({', '.join(names)}) VALUES ({values})\n{merge}",  # noqa: S608 - names of our tables
        frozenset(place for place, type in enumerate(types) if isinstance(type, DateTime)),
        frozenset(place for place, type in enumerate(types) if isinstance(type, Numeric)),
    )


_STATEMENT = re.compile(
    r"^INSERT INTO (?P<table>\w+)( AS (?P<alias>\w+))? \((?P<names>[^)]*)\)\nSELECT .*?^(?P<merge>ON CONFLICT [^;]*);",
    re.DOTALL | re.MULTILINE,
)


@cache
def merging(name: str) -> Insert:
    """Return the INSERT that merges rows as the statement of the fold with this name does."""
    found = _STATEMENT.search(_SQL[name])
    assert found is not None, f"{name} is no INSERT … SELECT … ON CONFLICT …"
    return into(found["table"], re.split(r",\s*", found["names"]), found["merge"], found["alias"] or "t")


_APPEND_NEW = into("events", _EVENT, "RETURNING event_key")
_APPEND = into("events", _EVENT, "ON CONFLICT (session_id, event_key) DO NOTHING RETURNING event_key")
_ADD_MOVEMENTS = into(
    "movements", ("session_id", "part", "event_key", "entries", "exits"), "ON CONFLICT (session_id, event_key, part) DO NOTHING"
)
_RECORD_IMPORTS = into(
    "import_events", ("session_id", "import_id", "event_key"), "ON CONFLICT (session_id, import_id, event_key) DO NOTHING"
)


class DistributedWrites(WriteQueries):
    """Writes the contributions of a batch, session by session."""

    async def _insert(self, statement: Insert, rows: Iterable[Sequence[Any]]) -> list[Record]:
        """Insert rows, which are in the order of their keys."""
        found: list[Record] = []
        for _, some in groupby(rows, itemgetter(0)):
            found += await self.connection.fetch(statement.sql, *statement.columns(list(some)))
        return found

    async def lock_sessions(self, ids: list[UUID]) -> dict[UUID, str]:
        """Return session → currency; nothing excludes this flush from them until the commit."""
        await session_locks.hold(self.connection, ids)
        return {row[0]: row[1] for row in await self.connection.fetch(_LOCKS["currencies"], ids)}

    async def unavailable_sessions(self, ids: list[UUID]) -> set[UUID]:
        """Return the sessions from which another transaction excludes flushes."""
        return set(ids) - await session_locks.try_hold(self.connection, ids)

    async def append_events(
        self, remembered: list[tuple[UUID, str]], new: NewEvents, ranks: Ranks, claims: Claims, received_at: datetime
    ) -> Appended | None:
        """Append to the log, then rank and claim."""
        ids, versions = columns(remembered, 2)
        # Two statements: a version that was read before the lock was taken may be out of date.
        if len(await session_locks.try_hold(self.connection, ids)) < len(ids):
            return None
        if len(await self.connection.fetch(_LOCKS["current"], ids, versions)) < len(ids):
            return None
        rows = sorted(_rows(new, received_at), key=itemgetter(0, 1))
        logged: set[bytes] = set()
        for session, some in groupby(rows, itemgetter(0)):
            for row in await self._insert(_APPEND_NEW if self._expect_new else _APPEND, some):
                logged.add(row[0] + session.bytes)
        if len(logged) < len(new.key):
            return Appended(None, logged)
        found = await self.claim_statements(ranks.newest) if ranks.newest else {}
        first = list(found.values()).count(None) == ranks.statements
        return Appended(await self.claim(claims) if first else None, ranked=found)

    async def record_imports(self, rows: list[tuple[UUID, UUID, bytes]]) -> set[tuple[UUID, UUID]]:
        """Record what imports brought, as (session, import, key); return (session, import) of those that are void."""
        await self._insert(_RECORD_IMPORTS, rows)
        return await self.void_imports(sorted({session for session, _, _ in rows}))

    async def add_session_values(self, rows: list[SessionValue]) -> None:
        """Add distinct values of sessions."""
        await self._insert(merging("add_session_values"), rows)

    async def claim_members(self, claims: Sequence[Claim]) -> list[Claimed]:
        """Return the claims that succeeded."""
        return [tuple(row) for row in await self._insert(merging("claim_members"), claims)]

    async def claim_statements(self, rows: Sequence[Rank]) -> Ranked:
        """Rank statements."""
        claims = [(session, "statement", member, 0, rank) for session, member, rank in rows]
        return ranked(await self._insert(merging("claim_statements"), claims))

    async def claim_customers(self, rows: Sequence[CustomerClaim]) -> list[ClaimedCustomer]:
        """Return the claims of customers that succeeded, brand by brand."""
        return [tuple(row) for row in await self._insert(merging("claim_customers"), rows)]

    async def merge(
        self,
        orders: Sequence[OrderColumns],
        samples: Sequence[SampleColumns],
        counters: Sequence[CounterColumns],
        movements: Sequence[MovementColumns] = (),
    ) -> None:
        """Merge rows of these tables, sums last; movements are added."""
        await self.add_movements(movements)
        await self.merge_orders(orders)
        await self.merge_samples(samples)
        await self.add_counters(counters)

    async def add_movements(self, rows: Sequence[MovementColumns]) -> None:
        """Add the entries and exits that were appended to the log."""
        await self._insert(_ADD_MOVEMENTS, rows)

    async def add_counters(self, rows: Sequence[CounterColumns]) -> None:
        """Add to sums."""
        await self._insert(merging("add_counters"), rows)

    async def merge_samples(self, rows: Sequence[SampleColumns]) -> None:
        """Merge samples."""
        await self._insert(merging("merge_samples"), rows)

    async def merge_orders(self, rows: Sequence[OrderColumns]) -> None:
        """Merge orders, whose buyers are looked up first: a row of VALUES cannot."""
        entrants: dict[UUID, set[bytes]] = {}
        for session, *_, entrant, _ in rows:
            if entrant is not None:
                entrants.setdefault(session, set()).add(entrant)
        arrivals: dict[tuple[UUID, bytes | None], str] = {}
        for session, some in entrants.items():
            for member, arrival in await self.connection.fetch(_SQL["first_entries"], session, sorted(some)):
                arrivals[session, member] = arrival
        await self._insert(merging("merge_orders"), [(*row[:-2], arrivals.get((row[0], row[-2])), row[-1]) for row in rows])

    async def merge_spans(self, rows: Sequence[SpanColumns]) -> list[MergedSpan]:
        """Merge durations; return values after and before."""
        return [tuple(row) for row in await self._insert(merging("merge_spans"), rows)]

    async def add_refunds(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Merge refunds; return values after and before."""
        return [tuple(row) for row in await self._insert(merging("add_refunds"), rows)]

    async def add_parcels(self, rows: list[tuple[Any, ...]]) -> None:
        """Merge parcels."""
        await self._insert(merging("add_parcels"), rows)


async def limit_locks_on_nodes(connection: Connection, seconds: float) -> None:
    """Limit how long a node waits for a lock in this transaction of `Database.flush_connection`.

    The limit of the connection is the coordinator's alone: a node would wait until the statement's time is over, and all sessions
    of the flush with it. The coordinator sends this with the BEGIN of each node.
    """
    await connection.execute(f"SET LOCAL lock_timeout = '{round(seconds * 1000)}ms'")


def writes_of(database: Database) -> type[WriteQueries]:
    """Return what writes to a database what events add."""
    return DistributedWrites if database.distributed else WriteQueries


def _rows(new: NewEvents, received_at: datetime) -> Iterator[tuple[Any, ...]]:
    """Yield events of the log with the columns of `_EVENT`."""
    kinds = list(new.kinds)
    for place, (kind, key, id, at, data, digest) in enumerate(
        zip(new.kind, new.key, new.id, new.at, new.data, new.digest, strict=True)
    ):
        session, source, type, platform, room, owner = kinds[kind - 1]
        yield (
            session, key, id, source, type, platform, room, at, received_at, new.sent.get(place), data.decode(), owner,
            digest if any(digest) else None, new.attributes.get(place),
        )  # fmt: skip
