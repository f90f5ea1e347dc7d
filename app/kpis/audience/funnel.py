"""The funnel: from impressions to buyers, in people as far as people are known.

In: documents of figures, people by traffic source. Out: the funnel document. Never here: SQL, figures of its own.

Five steps: impressions, viewers, people who saw a product, people who clicked one, buyers. A step that nothing supplied is
absent. A rate has people above and, but for the entry rate, people below: it divides by the nearest step before that is known
in people, and names it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from app.kpis.audience.sources import by_source
from app.kpis.documents.kpi_reader import read_evaluation
from app.kpis.documents.render import Document, figures_document, local
from app.kpis.evaluation.rounding import digits_of, number
from app.kpis.products.product_reader import document_of, read_product_sums
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, snapshot
from app.storage.database import Connection, Database
from app.storage.kpis import reads, sources
from app.storage.kpis.reads import SessionFigures
from app.storage.kpis.sources import Source

By = Literal["platform", "product", "source"]
Cells = Mapping[str, Mapping[str, Any]]
"""Slug → value and basis."""
STEPS = ("impressions", "viewers", "product_viewers", "clickers", "buyers")
COUNTED_INSTEAD = {"product_viewers": "product_impressions"}
"""The count that replaces a step whose people are unknown."""
_COUNTS = {"impressions", "product_impressions"}
_ABSENT: Mapping[str, Any] = {"value": None, "basis": "absent"}
MOST_PEOPLE = 10_000
"""The most members of a step whose sources are looked up one by one; above it the step is absent by source."""


def steps_of(cells: Cells) -> list[Document]:
    """Return the steps of a document's figures."""
    found: list[Document] = []
    for step in STEPS:
        kpi, instead = step, COUNTED_INSTEAD.get(step)
        if instead is not None and cells.get(step, _ABSENT)["value"] is None and cells.get(instead, _ABSENT)["value"] is not None:
            kpi = instead
        cell = cells.get(kpi, _ABSENT)
        people = kpi not in _COUNTS
        before = next((one for one in reversed(found) if _divides(one, kpi)), None) if people else None
        value = cell["value"]
        found.append(
            {
                "kpi": kpi,
                "value": value,
                "unit": "people" if people else "count",
                "basis": cell["basis"],
                "rate": number(value, before["value"]) if before and before["value"] and value is not None else None,
                "rate_of": before["kpi"] if before else None,
            }
        )
    return found


def _divides(step: Document, kpi: str) -> bool:
    """Return whether a step is what the rate of a later one divides by; impressions are only for the entry rate."""
    if step["kpi"] == "impressions":
        return kpi == "viewers"
    return step["unit"] == "people" and step["value"] is not None


async def read_funnel(database: Database, asked: SessionQuery, by: By | None) -> Document:
    """Return the funnel document (`FunnelDocument`).

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with snapshot(database, asked.brand) as connection:
        return await funnel_on(connection, asked, by)


async def funnel_on(connection: Connection, asked: SessionQuery, by: By | None) -> Document:
    """Return the funnel document, read on this connection."""
    figures, evaluation = await read_evaluation(connection, asked)
    head = evaluation.head
    digits = digits_of(head.currency)
    total = figures_document(evaluation.total, digits)
    parts: Sequence[Document] = ()
    remainder: Document | None = None
    omitted = 0
    if by == "platform":
        shown = {name: figures_document(values, digits) for name, values in evaluation.by_platform.items()}
        parts = [{"platform": name, "steps": steps_of(cells)} for name, cells in shown.items()]
    elif by == "product":
        rows = await read_product_sums(connection, head)
        document, _ = await compute(len(rows), document_of, evaluation, figures, rows, asked.language)
        parts = [_of_product(row, total) for row in (*document["products"], *document["other"]["products"])]
        omitted = document["other"]["count"] - len(document["other"]["products"])
    elif by == "source":
        parts, remainder = await _by_source(connection, head.id, figures)
    return {
        "session": str(head.id),
        "as_of": local(evaluation.as_of, head.time_zone),
        "steps": steps_of(total),
        "by": by,
        "parts": list(parts),
        "remainder": remainder,
        "omitted": omitted,
    }


def _of_product(row: Document, total: Cells) -> Document:
    """Return a product's funnel: impressions and viewers are the session's."""
    own = {slug: {"value": row[slug], "basis": row["basis"][slug]} for slug in ("product_viewers", "clickers", "buyers")}
    shown = {"value": row["impressions"], "basis": row["basis"]["impressions"]}
    cells = {"impressions": total["impressions"], "viewers": total["viewers"], "product_impressions": shown, **own}
    return {"product": row["product"], "name": row["name"], "steps": steps_of(cells)}


async def _by_source(connection: Connection, session: UUID, figures: SessionFigures) -> tuple[list[Document], Document]:
    people: dict[str, Mapping[Source | None, int] | None] = {
        "viewers": by_source(await reads.arrivals(connection, session, None)),
        "product_viewers": await _people(connection, session, "product_viewer", _counted(figures, "product_viewers")),
        "clickers": await _people(connection, session, "clicker", _counted(figures, "clickers")),
        "buyers": {source: sold.buyers for source, sold in (await sources.sales(connection, session)).items()},
    }
    if not any((people["buyers"] or {}).values()):
        people["buyers"] = None

    def cells(source: Source | None) -> Cells:
        return {
            step: _ABSENT if found is None else {"value": found.get(source, 0), "basis": "counted"}
            for step, found in people.items()
        }

    named = {source for found in people.values() if found for source, one in found.items() if one and source is not None}
    viewers = people["viewers"] or {}
    ordered = sorted(named, key=lambda one: (-viewers.get(one, 0), one.name or "", str(one.paid)))
    parts = [{"source": one.name, "paid": one.paid, "steps": steps_of(cells(one))} for one in ordered]
    rest = cells(None)
    return parts, {step: rest[step]["value"] for step in ("product_viewers", "clickers", "buyers")}


def _counted(figures: SessionFigures, slug: str) -> int:
    return sum(counted.get(slug, 0) for counted in figures.counted.values())


async def _people(connection: Connection, session: UUID, members: str, counted: int) -> Mapping[Source | None, int] | None:
    """Return the members of a set by source; None if none were counted, or too many to be looked up one by one."""
    return await sources.people(connection, session, members) if 0 < counted <= MOST_PEOPLE else None
