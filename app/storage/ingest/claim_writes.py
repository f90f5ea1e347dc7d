"""Queries that write what only one event may own, or what several events bound: members, customers, durations.

In: rows in columns. Out: what the writes changed. Never here: what the rows mean, commits.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any, NamedTuple
from uuid import UUID

from app.storage.ingest.merge_writes import MergeQueries
from app.storage.joined import SEPARATOR, columns, indexed, joined, joined_keys, joined_optional
from app.storage.queries import queries, statement

_SQL = queries("ingest/claims")
_MEMBERS = statement("ingest/claims", "claim_members")
_STATEMENTS = statement("ingest/claims", "claim_statements")
_CUSTOMERS = statement("ingest/claims", "claim_customers")
_SPANS = statement("ingest/claims", "merge_spans")
_MEMBER_BYTES = 16

Claim = tuple[UUID, str, bytes, int, bytes]
"""Session, set, member (16 bytes), moment (microseconds since 1970) and event (16 bytes)."""
Rank = tuple[UUID, bytes, bytes]
"""Session, member (16 bytes) that a statement is about, and its rank (any length)."""
Ranked = dict[tuple[UUID, bytes], bytes | None]
"""Session and member of the statements that are newer than all before them → the rank that each replaced, if it replaced one."""
Claimed = tuple[UUID, str, bytes, bytes | None]
"""Session, set, member, and the later event that owned it before, if one did."""
CustomerClaim = tuple[UUID, bytes, UUID, int, bytes]
"""Brand, member, session, moment (microseconds since 1970) and event."""
ClaimedCustomer = tuple[bytes, UUID, UUID | None, bytes | None]
"""Member and session, and the session and the event that owned the member before, if one did."""
SpanColumns = tuple[UUID, str, bytes, str, int | None, int | None, bytes | None, int | None]
"""Session, kind, member, platform, start and end (microseconds since 1970), key of the end, given duration (milliseconds)."""
MergedSpan = tuple[UUID, str, str, datetime | None, datetime | None, int | None, datetime | None, datetime | None, int | None]
"""Session, kind, platform, then start, end and given duration after and before the write."""


class Claims(NamedTuple):
    """What a batch claims, and the durations that it bounds. Each list is sorted by its key."""

    members: Sequence[Claim] = ()
    customers: Sequence[CustomerClaim] = ()
    spans: Sequence[SpanColumns] = ()


class Ranks(NamedTuple):
    """The statements of a batch: the newest about each order, sorted, and how many it has at all."""

    newest: Sequence[Rank] = ()
    statements: int = 0


class ClaimOutcome(NamedTuple):
    """The claims that succeeded, and the durations that changed; those without an end may be left out."""

    members: Sequence[Claimed]
    customers: Sequence[ClaimedCustomer]
    spans: Sequence[MergedSpan]


class ClaimQueries(MergeQueries):
    """Writes claims too. The tables are written in one order, so that two writers lock their rows in the same order."""

    async def claim(self, claims: Claims) -> ClaimOutcome:
        """Claim members and customers, then merge durations."""
        return ClaimOutcome(
            await self.claim_members(claims.members) if claims.members else (),
            await self.claim_customers(claims.customers) if claims.customers else (),
            await self.merge_spans(claims.spans) if claims.spans else (),
        )

    async def claim_members(self, claims: Sequence[Claim]) -> list[Claimed]:
        """Return the claims that succeeded."""
        return [tuple(row) for row in await self.connection.fetch(*_MEMBERS(**member_columns(claims)))]

    async def claim_statements(self, rows: Sequence[Rank]) -> Ranked:
        """Rank statements."""
        return ranked(await self.connection.fetch(*_STATEMENTS(**rank_columns(rows))))

    async def members(self, keys: list[tuple[UUID, str, bytes]]) -> list[tuple[UUID, bytes, bytes]]:
        """Return (session, member, event key) of members by (session, set, member)."""
        return [tuple(row) for row in await self.connection.fetch(_SQL["members"], *columns(keys, 3))]

    async def claim_customers(self, rows: Sequence[CustomerClaim]) -> list[ClaimedCustomer]:
        """Return the claims of customers that succeeded."""
        return [tuple(row) for row in await self.connection.fetch(*_CUSTOMERS(**customer_columns(rows)))]

    async def merge_spans(self, rows: Sequence[SpanColumns]) -> list[MergedSpan]:
        """Merge durations; return values after and before."""
        return [tuple(row) for row in await self.connection.fetch(*_SPANS(**span_columns(rows)))]


def member_columns(claims: Sequence[Claim]) -> dict[str, Any]:
    """Return the arguments of `claim_members`."""
    sessions, sets, members, moments, events = columns(claims, 5)
    claim_sessions, places = indexed(sessions)
    return {
        "claim_sessions": claim_sessions, "claim_places": places, "sets": SEPARATOR.join(sets), "members": b"".join(members),
        "moments": joined(moments), "claim_events": b"".join(events),
    }  # fmt: skip


def rank_columns(rows: Sequence[Rank]) -> dict[str, Any]:
    """Return the arguments of `claim_statements`."""
    sessions, members, ranks = columns(rows, 3)
    rank_sessions, places = indexed(sessions)
    return {
        "rank_sessions": rank_sessions, "rank_places": places, "ranked": b"".join(members), "ranks": joined_keys(ranks),
    }  # fmt: skip


def ranked(rows: Iterable[Any]) -> Ranked:
    """Return what `claim_statements` returned."""
    return {(row[0], row[1]): row[2] for row in rows}


def customer_columns(rows: Sequence[CustomerClaim]) -> dict[str, Any]:
    """Return the arguments of `claim_customers`."""
    brands, members, sessions, moments, events = columns(rows, 5)
    customer_brands, brand_places = indexed(brands)
    customer_sessions, places = indexed(sessions)
    return {
        "customer_brands": customer_brands, "brand_places": brand_places, "customers": b"".join(members),
        "customer_sessions": customer_sessions, "customer_places": places, "customer_moments": joined(moments),
        "customer_events": b"".join(events),
    }  # fmt: skip


def span_columns(rows: Sequence[SpanColumns]) -> dict[str, Any]:
    """Return the arguments of `merge_spans`."""
    sessions, kinds, members, platforms, started, ended, keys, given = columns(rows, 8)
    pairs, scopes = indexed(zip(sessions, platforms, strict=True))
    span_sessions, span_platforms = columns(pairs, 2)
    return {
        "span_sessions": span_sessions, "span_platforms": span_platforms, "span_scopes": scopes,
        "span_kinds": SEPARATOR.join(kinds), "span_members": b"".join(members), "started_at": joined_optional(started),
        "ended_at": joined_optional(ended), "ended_keys": joined_keys(keys), "given_ms": joined_optional(given),
    }  # fmt: skip


def claimed_members(
    claims: Sequence[Claim], sessions: list[UUID] | None, sets: str | None, members: bytes | None, superseded: list[bytes] | None
) -> Sequence[Claimed]:
    """Return the claims that succeeded, from joined columns.

    `sessions` is None if the claims have one session, `superseded` if none replaced another.
    """
    if sets is None or members is None:
        return ()
    size = len(members) // _MEMBER_BYTES
    return list(
        zip(
            sessions or repeat(claims[0][0], size), sets.split(SEPARATOR),
            [members[start : start + _MEMBER_BYTES] for start in range(0, len(members), _MEMBER_BYTES)],
            superseded or repeat(None, size), strict=True,
        )
    )  # fmt: skip
