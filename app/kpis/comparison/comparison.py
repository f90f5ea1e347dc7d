"""Comparison of sessions by KPI, and the history of a brand's sessions.

In: the database, sessions or a brand, the caller's brand, the present moment. Out: documents, with the slugs and the
evaluation of `/kpis`. Never here: SQL, HTTP, sums of money in different currencies.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from app.kpis.comparison.percentile import exact, percentile_rank
from app.kpis.documents.render import Document, local, plain
from app.kpis.evaluation.evaluate import Evaluation, evaluate, several_sampled
from app.kpis.evaluation.metrics import METRICS, Metric, Unit
from app.kpis.evaluation.rounding import digits_of, money, number
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import snapshot
from app.kpis.reading.status import is_on_air
from app.problems import invalid, not_found
from app.storage.database import Connection, Database
from app.storage.kpis import comparison_reads
from app.storage.kpis.comparison_reads import BrandRow
from app.storage.kpis.reads import ConcurrencyRow, SessionFigures

FEWEST, MOST = 2, 20
"""The fewest and the most sessions of one comparison."""
EARLIER = 20
"""The number of earlier sessions that a session is compared with: five months of a weekly show."""
LONGEST = 50
"""The most sessions of one history."""


async def read_evaluations(
    connection: Connection, sessions: Sequence[UUID], brand: UUID | None, now: datetime
) -> list[Evaluation]:
    """Return the figures of those sessions that the caller may see, in the given order, in at most seven queries."""
    found = await comparison_reads.figures_of(connection, sessions, brand)
    live = [figures for figures in found.values() if is_on_air(figures.head.broadcasts)]
    if live:
        found |= await comparison_reads.with_last_minutes(connection, live)
    several = [session for session, figures in found.items() if several_sampled(figures)]
    minutes = await comparison_reads.concurrency_of(connection, several) if several else {}
    rows = len(sessions) + sum(map(len, minutes.values()))
    return await compute(rows, _evaluated, [found[session] for session in sessions if session in found], now, minutes)


def _evaluated(
    found: Sequence[SessionFigures], now: datetime, minutes: Mapping[UUID, Sequence[ConcurrencyRow]]
) -> list[Evaluation]:
    return [evaluate(figures, now, minutes.get(figures.head.id, ())) for figures in found]


def session_ids(text: str) -> list[UUID | None]:
    """Return the ids of a comma-separated list, each once; None for text that is no id.

    Raises:
        ProblemError: 422 at `/sessions` for fewer than two or more than twenty.
    """
    names = list(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if not FEWEST <= len(names) <= MOST:
        raise invalid(
            "/sessions",
            f"names {len(names)} different sessions; compare {FEWEST} to {MOST}",
            "session_count",
            fewest=FEWEST,
            most=MOST,
        )
    found: list[UUID | None] = []
    for name in names:
        try:
            found.append(UUID(name))
        except ValueError:
            found.append(None)
    return list(dict.fromkeys(found))


async def read_comparison(database: Database, text: str, brand: UUID | None, now: datetime) -> Document:
    """Return the comparison document; `text` names the sessions.

    Raises:
        ProblemError: 404 if the caller may not see one of them, 422 for too few or too many.
    """
    wanted = session_ids(text)
    sessions = [session for session in wanted if session is not None]
    if len(sessions) < len(wanted):
        raise not_found("session")
    async with snapshot(database, brand, many=True) as connection:
        evaluations = await read_evaluations(connection, sessions, brand, now)
    if len(evaluations) < len(sessions):
        raise not_found("session")
    return await compute(len(evaluations) ** 2 * len(METRICS), _comparison, evaluations, now)


def _comparison(evaluations: Sequence[Evaluation], now: datetime) -> Document:
    return {
        "as_of": local(now, evaluations[0].head.time_zone),
        "sessions": [session_document(one) for one in evaluations],
        "kpis": {metric.slug: _row(metric, evaluations) for metric in METRICS},
    }


def _row(metric: Metric, evaluations: Sequence[Evaluation]) -> Document:
    first = evaluations[0]
    values = [exact(one.total[metric.slug]) for one in evaluations]
    cells = []
    for one, value in zip(evaluations, values, strict=True):
        peers = [other for peer, other in zip(evaluations, values, strict=True) if comparable(metric, one, peer)]
        among = percentile_rank(value, peers)
        base = values[0] if comparable(metric, one, first) else None
        difference = None if value is None or base is None else value - base
        cells.append(
            {
                "session": str(one.head.id),
                "value": plain(one.total[metric.slug], metric.unit, digits_of(one.head.currency)),
                "basis": one.total[metric.slug][2],
                "difference": shown(difference, metric, one),
                "relative_difference": None if difference is None or not base else _ratio(difference / abs(base)),
                "median": shown(among.median, metric, one),
                "percentile": _ratio(among.percentile),
            }
        )
    return {"unit": metric.unit.value, "values": cells}


async def read_brand_sessions(
    connection: Connection, slug: str, brand: UUID | None, kind: str, until: UUID | None, limit: int, now: datetime
) -> tuple[BrandRow, list[Evaluation]]:
    """Return a brand, and its last `limit` sessions of a kind up to `until` in order of time.

    Raises:
        ProblemError: 404 if the caller may not see the brand, or if `until` is not in its history.
    """
    found = await comparison_reads.brand(connection, slug, brand)
    if found is None:
        raise not_found("brand")
    before = None
    if until is not None:
        started = await comparison_reads.started_at(connection, until, found.id, kind)
        if started is None:
            raise not_found("session")
        before = (started, until)
    ids = await comparison_reads.history(connection, found.id, kind, before, limit)
    return found, await read_evaluations(connection, ids[::-1], brand, now)


async def read_history(
    database: Database, slug: str, brand: UUID | None, kind: str, until: UUID | None, limit: int, now: datetime
) -> Document:
    """Return a brand's sessions of a kind in order of time, the last `limit`, each compared with the sessions before it.

    Raises:
        ProblemError: 404 if the caller may not see the brand, or if `until` is not in its history.
    """
    async with snapshot(database, brand, many=True) as connection:
        found, evaluations = await read_brand_sessions(connection, slug, brand, kind, until, limit + EARLIER, now)
    first = max(0, len(evaluations) - limit)
    sessions = await compute(len(evaluations) * EARLIER * len(METRICS), _measured, evaluations, first)
    return {"brand": found.slug, "name": found.name, "kind": kind, "as_of": now.isoformat(), "sessions": sessions}


def _measured(evaluations: Sequence[Evaluation], first: int) -> list[Document]:
    """Return the sessions from a place on, each compared with the sessions before it."""
    return [
        {
            **session_document(one),
            "kpis": {metric.slug: _against(metric, one, evaluations[max(0, place - EARLIER) : place]) for metric in METRICS},
        }
        for place, one in enumerate(evaluations[first:], first)
    ]


async def read_earlier(connection: Connection, evaluation: Evaluation) -> list[Evaluation]:
    """Return the earlier sessions that a session is compared with, in order of time; none if it has not begun."""
    head = evaluation.head
    if head.started_at is None:
        return []
    ids = await comparison_reads.history(connection, head.brand_id, head.kind, (head.started_at, head.id), EARLIER + 1)
    earlier = [session for session in ids[::-1] if session != head.id]
    return await read_evaluations(connection, earlier, head.brand_id, evaluation.as_of) if earlier else []


def _against(metric: Metric, one: Evaluation, earlier: Sequence[Evaluation]) -> Document:
    figure = one.total[metric.slug]
    peers = [exact(other.total[metric.slug]) for other in earlier if comparable(metric, one, other)]
    among = percentile_rank(exact(figure), peers)
    return {
        "value": plain(figure, metric.unit, digits_of(one.head.currency)),
        "unit": metric.unit.value,
        "basis": figure[2],
        "median": shown(among.median, metric, one),
        "percentile": _ratio(among.percentile),
        "earlier": among.known,
    }


def comparable(metric: Metric, one: Evaluation, other: Evaluation) -> bool:
    """Return whether two sessions' values may be compared: money within one currency, a time after the end once it is over."""
    if metric.after_end is not None and not (_is_complete(metric.after_end, one) and _is_complete(metric.after_end, other)):
        return False
    return metric.unit is not Unit.MONEY or one.head.currency == other.head.currency


def _is_complete(after_end: timedelta, one: Evaluation) -> bool:
    return one.head.ended_at is not None and one.head.ended_at + after_end <= one.as_of


def shown(value: Fraction | None, metric: Metric, one: Evaluation) -> int | float | str | None:
    """Return a value in the format of this KPI; None if there is none."""
    if value is None:
        return None
    if metric.unit is Unit.MONEY:
        return money(value.numerator, value.denominator, digits_of(one.head.currency))
    return number(value.numerator, value.denominator)


def _ratio(value: Fraction | None) -> int | float | None:
    return None if value is None else number(value.numerator, value.denominator)


def session_document(one: Evaluation) -> Document:
    """Return the members that identify a session in a comparison."""
    head = one.head
    return {
        "session": str(head.id),
        "title": head.title,
        "brand": head.brand,
        "host": head.host,
        "kind": head.kind,
        "status": one.status.value,
        "currency": head.currency,
        "time_zone": head.time_zone,
        "started_at": local(head.started_at, head.time_zone),
        "duration_seconds": None if one.duration_us is None else number(one.duration_us, 1_000_000),
        "platforms": list(one.by_platform),
    }
