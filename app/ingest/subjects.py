"""Subject resolution: from an event's subject to its session.

In: subjects. Out: sessions with the facts that the fold needs. Never here: events, writes.

Each process caches resolved sessions. The cache may be stale, since other processes change sessions, streams and catalogues. The
write statement compares the cached version with the session's row and writes nothing if they differ.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from babel.numbers import get_currency_precision

from app.ingest import fold
from app.storage.writes import SessionRow, WriteQueries

_CACHED = 10_000
"""Subjects that a process caches."""
_PLATFORM = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")

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


class SubjectResolver:
    """Resolves subjects, and caches the sessions."""

    def __init__(self, slow_after_ms: int) -> None:
        """Start with an empty cache: a brand's aliases by the version of its catalogue, sessions by subject."""
        self._slow_after_ms = slow_after_ms
        self._aliases: dict[UUID, tuple[int, dict[str, str]]] = {}
        self._known: dict[str, ResolvedSession] = {}

    @property
    def cached(self) -> Mapping[str, ResolvedSession]:
        """The cached sessions by subject; each may be stale."""
        return self._known

    def invalidate(self, subjects: set[str]) -> None:
        """Remove stale subjects from the cache."""
        for subject in subjects:
            self._known.pop(subject, None)

    async def resolve(self, queries: WriteQueries, subjects: set[str]) -> dict[str, ResolvedSession]:
        """Return the sessions of the subjects that have one, locked until the commit."""
        ids: list[UUID] = []
        rooms: list[tuple[str, str]] = []
        for subject in subjects:
            parsed = parse_subject(subject)
            if isinstance(parsed, tuple):
                rooms.append(parsed)
            elif parsed is not None:
                ids.append(parsed)
        by_name: dict[str, ResolvedSession] = {}
        for row in await queries.lock_sessions(sorted(ids), [p for p, _ in rooms], [r for _, r in rooms]):
            platforms = set(row.platforms)
            only = platforms.pop() if len(platforms) == 1 else DIRECT
            resolved = ResolvedSession(row, await self._context(queries, row), row.id.bytes, only)
            by_name[str(row.id)] = resolved
            by_name.update(dict.fromkeys(row.rooms, resolved))
        found = {
            subject: named
            for subject in subjects
            if (named := by_name.get(subject if ":" in subject else subject.lower())) is not None
        }
        if len(self._known) + len(found) > _CACHED:
            self._known.clear()
        self._known.update(found)
        return found

    async def _context(self, queries: WriteQueries, session: SessionRow) -> fold.SessionContext:
        known = self._aliases.get(session.brand_id)
        if known is None or known[0] != session.catalogue_version:
            known = (session.catalogue_version, await queries.brand_aliases(session.brand_id))
            self._aliases[session.brand_id] = known
        digits = get_currency_precision(session.currency)
        return fold.SessionContext(session.brand_id, session.currency, digits, known[1], self._slow_after_ms, {})
