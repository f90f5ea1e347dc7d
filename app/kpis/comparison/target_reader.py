"""Reads a session's targets, and how the brand's earlier sessions got to their figures.

In: the database, a session, the present moment. Out: targets, history, documents. Never here: formulas, SQL.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from app.kpis.comparison.comparison import comparable, read_earlier
from app.kpis.comparison.percentile import median
from app.kpis.comparison.targets import (
    COURSES,
    NO_HISTORY,
    NO_TARGETS,
    STEPS,
    Course,
    History,
    SessionTargets,
    course_of,
    targets_document,
)
from app.kpis.documents.kpi_reader import read_evaluation
from app.kpis.documents.render import Document
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.evaluation.metrics import BY_SLUG
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, snapshot
from app.storage.database import Connection, Database
from app.storage.kpis import targets as rows
from app.storage.kpis.session_status import SessionStatus
from app.storage.kpis.targets import Broadcasted, Steps

_KEPT_FOR = timedelta(minutes=1)
_MOST_KEPT = 1_000


async def read_targets(connection: Connection, session: UUID) -> SessionTargets:
    """Return what a session aims at; a slug that is no KPI any more is left out."""
    row = await rows.targets(connection, session)
    if row is None:
        return NO_TARGETS
    known = {slug: value for slug, value in row.targets.items() if slug in BY_SLUG}
    return SessionTargets(known, row.planned_minutes, row.shared)


async def read_history(connection: Connection, evaluation: Evaluation, targets: SessionTargets) -> History:
    """Return the brand's earlier sessions; nothing is read unless the session is on air and a pace depends on them."""
    slugs = [slug for slug in targets.values if slug in COURSES]
    if evaluation.status is not SessionStatus.LIVE or not slugs:
        return NO_HISTORY
    earlier = [
        one for one in await read_earlier(connection, evaluation) if one.status is not SessionStatus.LIVE and one.duration_us
    ]
    if not earlier:
        return NO_HISTORY
    heads = {one.head.id: one.head for one in earlier}
    broadcasts = [
        Broadcasted(session, head.started_at, head.ended_at)
        for session, head in heads.items()
        if head.started_at is not None and head.ended_at is not None
    ]
    metrics = sorted({COURSES[slug] for slug in slugs})
    counted = await rows.counted_steps(connection, broadcasts, metrics)
    sampled = await rows.sampled_steps(connection, broadcasts, metrics)
    length = median([Fraction(one.duration_us) for one in earlier if one.duration_us])
    courses = await compute(len(counted) + len(sampled), _courses, slugs, evaluation, earlier, counted, sampled)
    return History(length, courses)


def _courses(
    slugs: Sequence[str], evaluation: Evaluation, earlier: Sequence[Evaluation], counted: Steps, sampled: Steps
) -> Mapping[str, Course]:
    found = {}
    for slug in slugs:
        peers = [one for one in earlier if comparable(BY_SLUG[slug], evaluation, one)]
        gained = [steps for one in peers if (steps := _gained(one, COURSES[slug], counted, sampled)) is not None]
        course = course_of(gained)
        if course is not None:
            found[slug] = course
    return found


def _gained(one: Evaluation, metric: str, counted: Steps, sampled: Steps) -> list[int] | None:
    """Return what a session gained in each step; None if the course of its figure is not known."""
    found = [0] * (STEPS + 1)
    for platform, values in one.by_platform.items():
        basis = values[metric][2]
        if basis == "absent":
            continue
        steps = {"counted": counted, "reported": sampled}.get(basis, {}).get((one.head.id, platform, metric))
        if steps is None:
            if values[metric][0]:
                return None
            continue
        for step, value in steps.items():
            found[step] += value
    return found if any(found) else None


class HistoryCache:
    """Histories of sessions on air, each kept for a minute: earlier sessions hardly change, and figures do every second."""

    def __init__(self) -> None:
        """Start empty."""
        self._kept: dict[UUID, tuple[datetime, SessionTargets, History]] = {}

    async def of(self, connection: Connection, evaluation: Evaluation, targets: SessionTargets) -> History:
        """Return the history of a session's targets."""
        session, now = evaluation.head.id, evaluation.as_of
        read_at, of, history = self._kept.get(session, (None, None, NO_HISTORY))
        if read_at is not None and of == targets and abs(now - read_at) < _KEPT_FOR:
            return history
        history = await read_history(connection, evaluation, targets)
        if history is not NO_HISTORY:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[session] = (now, targets, history)
        return history


async def targets_on(connection: Connection, asked: SessionQuery) -> Document:
    """Return the targets document, read on this connection."""
    _, evaluation = await read_evaluation(connection, asked)
    targets = await read_targets(connection, evaluation.head.id)
    history = await read_history(connection, evaluation, targets)
    return targets_document(evaluation, targets, history, client=asked.client)


async def read_targets_document(database: Database, asked: SessionQuery) -> Document:
    """Return the targets document.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with snapshot(database, asked.brand) as connection:
        return await targets_on(connection, asked)
