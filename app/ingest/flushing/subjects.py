"""Subject resolution: from an event's subject to its session.

In: subjects. Out: sessions with the facts that the fold needs. Never here: events, writes.

Each process caches resolved sessions. The cache may be stale, since other processes change sessions, streams and catalogues. The
write statement compares the cached version with the session's row and writes nothing if they differ.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from app.currency import digits_of
from app.events.contributions import NONE_FORGOTTEN, ForgottenBuyers
from app.ingest.folding import fold
from app.storage.ingest.writes import SessionRow, WriteQueries

_CACHED = 10_000
"""Subjects that a process caches."""
_PLATFORM = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")

UNCONFIRMED = "?"
"""Begins a room in `SessionRow.rooms` whose registration is not confirmed."""
DIRECT = "direct"
"""The platform of events that are addressed to a session which has no stream, or streams of several platforms."""


def parse_subject(subject: str) -> UUID | tuple[str, str] | None:
    """Return the session's id, or platform and room of a stream, or None for anything else."""
    platform, colon, room = subject.partition(":")
    if colon:
        return (platform, room) if room and _PLATFORM.fullmatch(platform) else None
    try:
        return UUID(subject)
    except ValueError:
        return None


class ResolvedSession(NamedTuple):
    """A session at the time when its row was read."""

    row: SessionRow
    context: fold.SessionContext
    key: bytes
    """The session's id."""
    only: str
    """The platform of all its streams; `direct` if it has none, or streams of several platforms."""

    def stream_of(self, subject: str, platform: str | None) -> tuple[str, str]:
        """Return platform and room of an event; `platform` is that of the connection that delivered it, if any."""
        named, colon, room = subject.partition(":")
        # If all streams of the session have one platform, the event belongs to it.
        return (named, room) if colon else (platform or self.only, "")


class ResolvedSubject(NamedTuple):
    """The sessions of a subject, by sender."""

    shared: ResolvedSession | None
    """The session itself, or the session with the room's confirmed registration: for unbound senders, and for its brand's own."""
    claims: Mapping[UUID, ResolvedSession]
    """Brand → session with a registration that is not confirmed: for the brand's own senders only."""

    def of(self, brand: UUID | None) -> ResolvedSession | None:
        """Return the session that takes in the events of a sender; `brand` is the one that the sender is bound to."""
        shared = self.shared
        if brand is None or (shared is not None and shared.row.brand_id == brand):
            return shared
        return self.claims.get(brand)


class _BrandFacts(NamedTuple):
    """What the fold needs of a brand, at a version of its catalogue; to forget a customer changes the version too."""

    version: int
    aliases: Mapping[str, str]
    forgotten: Mapping[UUID, Mapping[tuple[str, str], ForgottenBuyers]]


class SubjectResolver:
    """Resolves subjects, and caches the sessions."""

    def __init__(self, slow_after_ms: int) -> None:
        """Start with an empty cache: a brand's facts by the version of its catalogue, sessions by subject."""
        self._slow_after_ms = slow_after_ms
        self._brands: dict[UUID, _BrandFacts] = {}
        self._known: dict[str, ResolvedSubject] = {}

    @property
    def cached(self) -> Mapping[str, ResolvedSubject]:
        """The cached sessions by subject; each may be stale."""
        return self._known

    def invalidate(self, subjects: set[str]) -> None:
        """Remove stale subjects from the cache."""
        for subject in subjects:
            self._known.pop(subject, None)

    async def resolve(self, queries: WriteQueries, subjects: set[str]) -> dict[str, ResolvedSubject]:
        """Return the sessions of those subjects that have one; the write that uses them compares their versions."""
        ids: list[UUID] = []
        rooms: list[tuple[str, str]] = []
        for subject in subjects:
            parsed = parse_subject(subject)
            if isinstance(parsed, tuple):
                rooms.append(parsed)
            elif parsed is not None:
                ids.append(parsed)
        shared: dict[str, ResolvedSession] = {}
        claims: dict[str, dict[UUID, ResolvedSession]] = defaultdict(dict)
        for row in await queries.find_sessions(sorted(ids), [p for p, _ in rooms], [r for _, r in rooms]):
            platforms = set(row.platforms)
            only = platforms.pop() if len(platforms) == 1 else DIRECT
            resolved = ResolvedSession(row, await self._context(queries, row), row.id.bytes, only)
            shared[str(row.id)] = resolved
            for room in row.rooms:
                if room.startswith(UNCONFIRMED):
                    claims[room[1:]][row.brand_id] = resolved
                else:
                    shared[room] = resolved
        names = {subject: subject if ":" in subject else subject.lower() for subject in subjects}
        found = {
            subject: ResolvedSubject(shared.get(name), claims.get(name, {}))
            for subject, name in names.items()
            if name in shared or name in claims
        }
        if len(self._known) + len(found) > _CACHED:
            self._known.clear()
        self._known.update(found)
        return found

    async def _context(self, queries: WriteQueries, session: SessionRow) -> fold.SessionContext:
        brand = session.brand_id
        known = self._brands.get(brand)
        if known is None or known.version != session.catalogue_version:
            known = _BrandFacts(
                session.catalogue_version, await queries.brand_aliases(brand), await queries.forgotten_orders(brand)
            )
            self._brands[brand] = known
        digits = digits_of(session.currency)
        forgotten = known.forgotten.get(session.id, NONE_FORGOTTEN)
        return fold.SessionContext(brand, session.currency, digits, known.aliases, self._slow_after_ms, {}, forgotten)
