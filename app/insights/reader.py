"""Collects the evidence of a session and applies the rules.

In: the database, a session, the caller's brand, the present moment. Out: the insights document. Never here: rules, SQL, HTTP.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from app.insights.document import insights_document
from app.insights.evidence import Aired, Evidence, Presented, SoldBySource, course_of
from app.insights.registry import findings_of
from app.insights.rules.core_fans import early_window
from app.insights.rules.support import LONG_HOURS
from app.insights.rules.traffic import compared
from app.insights.topics import topics_of
from app.kpis.audience.sources import by_source
from app.kpis.comparison.comparison import read_earlier
from app.kpis.comparison.target_reader import read_history, read_targets
from app.kpis.comparison.targets import TargetFigure, target_figures
from app.kpis.documents.kpi_reader import read_evaluation
from app.kpis.documents.render import Document
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.products.product_reader import read_product_table
from app.kpis.products.products import ProductTable
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, snapshot
from app.kpis.reading.status import session_end
from app.kpis.windows.effects import effects_on
from app.kpis.windows.hosts import MOST as MOST_SHIFTS, HostWindow, windows_of
from app.labels.catalogue import LANGUAGES
from app.storage.database import Connection, Database
from app.storage.event_log import log_state
from app.storage.kpis import hosts, marks, product_reads, reads, sources
from app.storage.kpis.reads import SessionFigures
from app.storage.kpis.windows import Sales, Sold
from app.storage.reports import insight_reads
from app.storage.reports.insight_reads import CommentText, Shipping

SAMPLE = 3_000
"""The most comments that are read: the error of every share is below two per cent."""
MOST_TOPICS = 20
MOST_MARKS = 200
"""Hosts and marks that are read."""

_BY_MINUTE = ("viewers", "comments", "slow_responses", "views", "exits")


class InsightSettings(NamedTuple):
    """The settings that the insights depend on."""

    slow_response_seconds: float
    comment_text: bool


class CommentSample(NamedTuple):
    """Comments, and the names and aliases of products that they may contain."""

    comments: Sequence[CommentText]
    products: Mapping[str, Collection[str]]


async def read_insights(database: Database, asked: SessionQuery, insight_settings: InsightSettings) -> Document:
    """Return the insights document.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with snapshot(database, asked.brand) as connection:
        evidence, said = await collect_evidence(connection, asked, insight_settings)
    return await build_insights(evidence, said)


async def build_insights(evidence: Evidence, said: CommentSample | None) -> Document:
    """Return the insights document; requires no connection."""
    if said is not None and said.comments:
        topics = await asyncio.to_thread(topics_of, said.comments, said.products, SAMPLE, MOST_TOPICS)
        evidence = replace(evidence, topics=topics)
    return await compute(len(evidence), _document, evidence)


def _document(evidence: Evidence) -> Document:
    return insights_document(evidence.evaluation, findings_of(evidence), evidence.names)


async def collect_evidence(
    connection: Connection, asked: SessionQuery, insight_settings: InsightSettings, *, for_report: bool = False
) -> tuple[Evidence, CommentSample | None]:
    """Return the evidence; the number of queries does not depend on the session's size.

    A report has a table of what was sold by source, the rules need only a part of it.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    figures, evaluation = await read_evaluation(connection, asked)
    head = evaluation.head
    table = await read_product_table(connection, asked, figures, evaluation)
    showcases = sorted(
        (showcase for product in (*table.products, *table.others) for showcase in product.showcases),
        key=lambda showcase: (showcase.begin, showcase.product),
    )
    sums = await product_reads.window_sums(connection, head.id, [showcase.window() for showcase in showcases])
    course = course_of(evaluation)
    counts: Mapping[str, Mapping[int, int]] = {}
    if course is not None:
        counts = await reads.timeline_counts(connection, head.id, "", _BY_MINUTE, course.begin, course.end, 60, None)
    earlier = await read_earlier(connection, evaluation)
    early = early_window(evaluation)
    arrivals = await reads.arrivals(connection, head.id, None)
    shifts = await _shifts(connection, evaluation)
    effects = await effects_on(connection, asked, edges=[moment for one in shifts for moment in (one.begin, one.end)])
    evidence = Evidence(
        evaluation=evaluation,
        figures=figures,
        table=table,
        names=await _names(connection, head.brand_id, table),
        aired=[Aired(showcase, inside) for showcase, inside in zip(showcases, sums, strict=True)],
        concurrency=effects.minutes or await reads.concurrency(connection, head.id),
        counts=counts,
        arrivals=arrivals,
        early_arrivals=await reads.arrivals(connection, head.id, early) if early else {},
        promotions=await product_reads.promotions(connection, head.id),
        shipping=await _shipping(connection, figures),
        earlier=earlier,
        shown=await insight_reads.products_shown(connection, [head.id, *(one.head.id for one in earlier)]),
        presented=_presented(shifts, effects.sales),
        effects=effects,
        marks=(await marks.of_session(connection, head.id, *course, MOST_MARKS))[0] if course else (),
        targets=await _targets(connection, evaluation),
        sources=await _sold_by_source(connection, head.id, arrivals, for_report=for_report),
        slow_after_ms=round(insight_settings.slow_response_seconds * 1000),
    )
    return evidence, await _said(connection, evidence) if insight_settings.comment_text else None


async def _sold_by_source(
    connection: Connection, session: UUID, arrivals: Mapping[str, int], *, for_report: bool
) -> SoldBySource:
    arrived = by_source(arrivals)
    if for_report:
        return SoldBySource(arrived, await sources.sales(connection, session))
    if len(compared(arrived)) < 2:
        # Whether a session without its log has insights does not depend on its sources.
        await log_state.require(connection, session)
        return SoldBySource(arrived, {})
    return SoldBySource(arrived, await sources.paid_orders(connection, session))


async def _shipping(connection: Connection, figures: SessionFigures) -> Shipping:
    """Return how many orders left, and how many late; the orders are read only once one left."""
    if not any(counted.get("shipped_orders") for counted in figures.counted.values()):
        return Shipping(0, 0)
    return await insight_reads.shipping(connection, figures.head.id, timedelta(hours=LONG_HOURS))


async def _shifts(connection: Connection, evaluation: Evaluation) -> list[HostWindow]:
    """Return the windows of the hosts; empty unless the host changed."""
    head = evaluation.head
    end = session_end(head, evaluation.status, evaluation.as_of)
    changes = await hosts.changes(connection, head.id)
    if head.started_at is None or end is None or not changes:
        return []
    return [one for one in windows_of(head.host, changes, head.started_at, end)[:MOST_SHIFTS] if one.host is not None]


def _presented(shifts: Sequence[HostWindow], sales: Sales) -> list[Presented]:
    """Return what was sold while each host presented; empty unless orders were counted."""
    found: dict[str, Presented] = {}
    for one in shifts:
        assert one.host is not None, "windows without a host are left out"
        before = found.get(one.host, Presented(one.host, 0, Sold()))
        sold = before.sold + sales.between(one.begin, one.end)
        found[one.host] = Presented(one.host, before.microseconds + one.microseconds, sold)
    return list(found.values()) if sales.known else []


async def _targets(connection: Connection, evaluation: Evaluation) -> list[TargetFigure]:
    aims = await read_targets(connection, evaluation.head.id)
    return target_figures(evaluation, aims, await read_history(connection, evaluation, aims)) if aims.values else []


async def _said(connection: Connection, evidence: Evidence) -> CommentSample:
    head = evidence.evaluation.head
    products = {code: set(names.values()) for code, names in evidence.names.items()}
    for code, alias in await insight_reads.aliases(connection, head.brand_id, list(products)):
        products[code].add(alias)
    return CommentSample(await insight_reads.comment_texts(connection, head.id, SAMPLE + 1), products)


async def _names(connection: Connection, brand: UUID, table: ProductTable) -> dict[str, dict[str, str]]:
    """Return each product's name in each language: the catalogue's name in this language, else the line-up's."""
    products = [*table.products, *table.others]
    catalogue = await product_reads.product_names(connection, brand, [product.code for product in products])
    return {
        product.code: {language: catalogue.get(product.code, {}).get(language) or product.name for language in LANGUAGES}
        for product in products
    }
