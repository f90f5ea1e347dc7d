"""The queries of targets: what a session aims at, and how earlier sessions got to their figures.

In: sessions' ids and times. Out: frozen rows. Never here: formulas, JSON, commits.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json

from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("kpis/targets")


class TargetsRow(NamedTuple):
    """What a session aims at."""

    targets: Mapping[str, Any]
    planned_minutes: int | None
    shared: bool


class Broadcasted(NamedTuple):
    """A session that is over: from when to when it was on air."""

    session: UUID
    began: datetime
    ended: datetime


Steps = Mapping[tuple[UUID, str, str], Mapping[int, int]]
"""Session, platform, metric → step → what was gained in it."""


async def targets(connection: Connection, session: UUID) -> TargetsRow | None:
    """Return what a session aims at; None if there is no such session."""
    row = await connection.fetchrow(_SQL["targets"], session)
    return None if row is None else TargetsRow(from_json(row["targets"] or "{}"), row["planned_minutes"], row["targets_shared"])


async def counted_steps(connection: Connection, sessions: Sequence[Broadcasted], metrics: Sequence[str]) -> Steps:
    """Return what sessions counted in each hundredth of their time."""
    found: dict[tuple[UUID, str, str], dict[int, int]] = defaultdict(dict)
    rows = await connection.fetch(_SQL["counted_steps"], *_columns(sessions), list(metrics))
    for session, platform, metric, step, gained in rows:
        found[session, platform, metric][step] = int(gained)
    return found


async def sampled_steps(connection: Connection, sessions: Sequence[Broadcasted], metrics: Sequence[str]) -> Steps:
    """Return what the totals of sessions' rooms, which are reported, gained in each hundredth of their time."""
    found: dict[tuple[UUID, str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    rows = await connection.fetch(_SQL["sampled_steps"], *_columns(sessions), list(metrics))
    highest: dict[tuple[UUID, str, str, str], int] = defaultdict(int)
    for session, platform, room, metric, step, total in rows:
        before = highest[session, platform, room, metric]
        # A total that a platform corrects downward gained nothing.
        if total > before:
            found[session, platform, metric][step] += total - before
            highest[session, platform, room, metric] = total
    return found


def _columns(sessions: Sequence[Broadcasted]) -> tuple[list[Any], ...]:
    return tuple(list(column) for column in zip(*sessions, strict=True))
