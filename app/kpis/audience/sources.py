"""Traffic sources: who came from where, and what they bought.

In: arrivals and sales by source, the session's figures. Out: the sources document. Never here: SQL.

A buyer belongs to the source of their first entry into the session. The remainder is what no source can have: purchases of people
who never entered, and totals of platforms that tell no single order. Sources and remainder add up to the session, to the cent.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from app.events.traffic import arrival_of
from app.kpis.documents.kpi_reader import read_evaluation
from app.kpis.documents.render import Document, local, plain
from app.kpis.evaluation.evaluate import Evaluation, Figure
from app.kpis.evaluation.metrics import BY_SLUG
from app.kpis.evaluation.rounding import digits_of, fixed, money, number
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, snapshot
from app.storage.database import Connection, Database
from app.storage.kpis import reads, sources
from app.storage.kpis.sources import SalesBySource, Source, SourceSales

_SOLD = {"buyers": "buyers", "orders": "orders", "gmv": "gmv", "refund_amount": "refunds"}
"""KPI → its part of a source's sales."""
_UNKNOWN = SourceSales()


async def read_sources(database: Database, asked: SessionQuery) -> Document:
    """Return the sources document (`SourcesDocument`).

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with snapshot(database, asked.brand) as connection:
        return await sources_on(connection, asked)


async def sources_on(connection: Connection, asked: SessionQuery) -> Document:
    """Return the sources document, read on this connection."""
    _, evaluation = await read_evaluation(connection, asked)
    session = evaluation.head.id
    arrivals = by_source(await reads.arrivals(connection, session, None))
    sales = await sources.sales(connection, session)
    reported = await sources.reported(connection, session)
    rows = len(arrivals) + len(sales) + len(reported)
    return await compute(rows, sources_document, evaluation, arrivals, sales, reported)


def by_source(arrivals: Mapping[str, int]) -> Counter[Source | None]:
    """Return the arrivals of each source, of arrivals by their key."""
    found: Counter[Source | None] = Counter()
    for key, viewers in arrivals.items():
        arrival = arrival_of(key)
        found[Source(arrival.source, arrival.paid)] += viewers
    return found


def sources_document(
    evaluation: Evaluation,
    arrivals: Mapping[Source | None, int],
    sales: SalesBySource,
    reported: Mapping[tuple[str, Source], Mapping[str, int]],
) -> Document:
    """Return the document; without any counted order what was sold by source is unknown (null)."""
    head = evaluation.head
    table = _Table(evaluation, sum(arrivals.values()), known=any(one.orders for one in sales.values()))
    found = {source for source, viewers in arrivals.items() if viewers and source} | {source for source in sales if source}
    ordered = sorted(found, key=lambda one: (-sales.get(one, _UNKNOWN).gmv, -arrivals.get(one, 0), *_name(one)))
    flows = {paid: [one for one in ordered if one.paid is paid] for paid in (True, False, None)}
    return {
        "session": str(head.id),
        "as_of": local(evaluation.as_of, head.time_zone),
        "currency": head.currency,
        "sources": [
            {"source": one.name, "paid": one.paid} | table.row(arrivals.get(one, 0), sales.get(one, _UNKNOWN)) for one in ordered
        ],
        "flows": [
            {"paid": paid}
            | table.row(sum(arrivals.get(one, 0) for one in members), _together(sales.get(one, _UNKNOWN) for one in members))
            for paid, members in flows.items()
            if members
        ],
        "remainder": table.remainder(_together(sold for source, sold in sales.items() if source is not None)),
        "total": table.total(),
        "reported": [
            {
                "platform": platform,
                "source": source.name,
                "paid": source.paid,
                **{name: figures.get(name) for name in ("viewers", "buyers", "orders")},
                "gmv": fixed(figures["gmv"], digits_of(head.currency)) if "gmv" in figures else None,
            }
            for (platform, source), figures in sorted(reported.items(), key=lambda entry: (entry[0][0], *_name(entry[0][1])))
        ],
    }


def _name(source: Source) -> tuple[str, str]:
    return source.name or "", str(source.paid)


def _together(parts: Iterable[SourceSales]) -> SourceSales:
    return sum(parts, _UNKNOWN)


class _Table:
    """Rows of the document, all beside the session's figures."""

    def __init__(self, evaluation: Evaluation, arrivals: int, *, known: bool) -> None:
        self._total = evaluation.total
        self._digits = digits_of(evaluation.head.currency)
        self._arrivals = arrivals
        self._known = known

    def row(self, viewers: int, sold: SourceSales) -> Document:
        """Return a source's figures."""
        gmv, all_gmv = sold.gmv, self._total["gmv"]
        known = self._known
        return {
            "viewers": viewers,
            "share": number(viewers, self._arrivals) if self._arrivals else None,
            **self._sold(sold),
            "conversion_rate": number(sold.buyers, viewers) if known and viewers else None,
            "gmv_per_viewer": money(gmv, viewers, self._digits) if known and viewers else None,
            "share_of_gmv": number(gmv, all_gmv[0]) if known and all_gmv[0] > 0 else None,
        }

    def _sold(self, sold: SourceSales) -> Document:
        if not self._known:
            return dict.fromkeys((*_SOLD, "net_gmv"))
        amounts = {"gmv": sold.gmv, "refund_amount": sold.refunds, "net_gmv": sold.gmv - sold.refunds}
        return {"buyers": sold.buyers, "orders": sold.orders} | {
            name: fixed(value, self._digits) for name, value in amounts.items()
        }

    def remainder(self, attributed: SourceSales) -> Document:
        """Return what no source has: the session's figures less those of all sources."""
        left: dict[str, Figure] = {}
        for slug, field in _SOLD.items():
            value, below, basis = self._total[slug]
            left[slug] = (value - (getattr(attributed, field) if self._known else 0), below, basis)
        left["net_gmv"] = (left["gmv"][0] - left["refund_amount"][0], self._total["net_gmv"][1], "derived")
        return self._printed(left)

    def total(self) -> Document:
        """Return the session's figures, with the basis of each."""
        whole = {slug: self._total[slug] for slug in (*_SOLD, "net_gmv")}
        basis = {"viewers": "counted"} | {slug: figure[2] for slug, figure in whole.items()}
        return {"viewers": self._arrivals, **self._printed(whole), "basis": basis}

    def _printed(self, figures: Mapping[str, Figure]) -> Document:
        return {slug: plain(figure, BY_SLUG[slug].unit, self._digits) for slug, figure in figures.items()}
