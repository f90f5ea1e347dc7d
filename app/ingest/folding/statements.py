"""Statements: of the events that one source sends about one thing, only those with the highest revision count.

In: events with a revision, the revisions that are known. Out: which events count, and which replace earlier ones. Never here:
the contributions of an event, commits.

The newest revision of a thing is kept in the members table, in a set of its own. The order of arrival does not matter: an event
that arrives late with an older revision never counts. If a newer revision replaces one that counts already, the session is noted
and folded again, since an order's figures cannot be subtracted alone: another order of its buyer may become the first.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from app.events import envelope  # noqa: F401  (registers the payloads)
from app.events.contributions import digest
from app.events.payload import Payload
from app.events.registry import PAYLOADS
from app.storage.ingest.claim_writes import Ranked, Ranks
from app.storage.ingest.writes import WriteQueries

STATED = frozenset(name for name, payload in PAYLOADS.items() if payload.statement is not Payload.statement)
"""The event types that can be statements. Most events are of other types, and are asked no more than that."""

_REVERSED = bytes(range(255, -1, -1))


class Statement(NamedTuple):
    """What an event states something about, and how new the statement is."""

    member: bytes
    rank: bytes
    """The smaller, the newer."""


def statement_of(source: str, platform: str, payload: Payload) -> Statement | None:
    """Return an event's statement; None if no later event replaces it."""
    found = payload.statement()
    if found is None:
        return None
    about, revision = found
    # Reversed byte by byte and closed by the highest one, so that the newest revision sorts first, as the earliest claim does.
    rank = revision.encode().translate(_REVERSED) + b"\xff"
    return Statement(digest(source, platform, payload.type, about), rank)


Stated = tuple[UUID, bytes, Statement]
"""Session, key and statement of an event."""
NO_RANKS = Ranks()


class StatementOutcome(NamedTuple):
    """What became of statements."""

    outdated: set[tuple[UUID, bytes]]
    """Session and key of events that a newer statement keeps out of the figures."""
    corrections: set[tuple[UUID, bytes]]
    """Session and key of events that replace an earlier statement."""


NO_STATEMENTS = StatementOutcome(set(), set())


def ranks_of(stated: Sequence[Stated]) -> Ranks:
    """Return the newest statements, as they are ranked."""
    return Ranks([(*who, rank) for who, rank in sorted(_newest(stated).items())], len(stated)) if stated else NO_RANKS


async def rank_statements(writes: WriteQueries, stated: Iterable[Stated], claimed: Ranked | None = None) -> StatementOutcome:
    """Keep the newest revisions, and return what follows for the events; `claimed` if they are ranked already."""
    stated = list(stated)
    newest = _newest(stated)
    if claimed is None:
        claimed = await writes.claim_statements(ranks_of(stated).newest)
    lost = [(session, "statement", member) for session, member in sorted(newest) if (session, member) not in claimed]
    for session, member, rank in await writes.members(lost) if lost else ():
        newest[session, member] = rank
    outdated = {(session, key) for session, key, (member, rank) in stated if rank > newest[session, member]}
    corrections = {
        (session, key)
        for session, key, (member, _) in stated
        if claimed.get((session, member)) is not None and (session, key) not in outdated
    }
    return StatementOutcome(outdated, corrections)


def _newest(stated: Iterable[Stated]) -> dict[tuple[UUID, bytes], bytes]:
    newest: dict[tuple[UUID, bytes], bytes] = {}
    for session, _, (member, rank) in stated:
        newest[session, member] = min(rank, newest.get((session, member), rank))
    return newest
