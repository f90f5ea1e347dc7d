"""Lead times of a session: from payment to shipping, from shipping to delivery.

In: the database, a session. Out: the document, in total and by product. Never here: SQL, HTTP.
"""

from fractions import Fraction

from app.kpis.audience.support import percentile
from app.kpis.documents.render import Document, local
from app.kpis.evaluation.rounding import number
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.logistics.packing import ProductFacts
from app.storage.backoffice import lead_times as rows
from app.storage.backoffice.lead_times import LeadTimes
from app.storage.database import Database
from app.storage.kpis import product_reads

MOST_PRODUCTS = 2_000
"""The most products that are listed."""
_HOUR = 3_600_000_000
_NONE = LeadTimes(None, 0, 0, None, None, None, None, 0, None)


async def read_lead_times(database: Database, asked: SessionQuery) -> Document:
    """Return the lead times of a session and of its products (`LeadTimesDocument`).

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with snapshot(database, asked.brand) as connection:
        head = await read_head(connection, asked)
        found = await rows.lead_times(connection, head.id, head.brand_id, MOST_PRODUCTS + 1)
        products = {steps[0].product: steps for steps in found[: MOST_PRODUCTS + 1]}
        whole = products.pop(None, (_NONE, _NONE))
        codes = [code for code in products if code is not None]
        lineup = {row.product: row.name for row in await product_reads.lineup(connection, head.id)}
        catalogue = await product_reads.product_customs(connection, head.brand_id, codes)

    def steps(of: tuple[LeadTimes, LeadTimes]) -> Document:
        shipping, delivery = (_figures(step, asked, head.time_zone) for step in of)
        return {"paid_to_shipped": shipping, "shipped_to_delivered": delivery}

    def name(code: str) -> str:
        names, _ = catalogue.get(code, ({}, {}))
        return ProductFacts(lineup.get(code), names).name(asked.language) or code

    return {
        "session": str(head.id),
        **steps(whole),
        "products": [{"product": code, "name": name(code), **steps(products[code])} for code in codes],
        "more_products": len(found) > MOST_PRODUCTS + 1,
    }


def _figures(row: LeadTimes, asked: SessionQuery, zone: str) -> Document:
    since = row.waiting_since
    wait = None if since is None else max(0.0, (asked.now - since).total_seconds())
    return {
        "orders": row.orders,
        "mean_hours": _hours(Fraction(row.total, row.orders)) if row.orders else None,
        "median_hours": _percentile(row.median_low, row.median_high, row.orders, Fraction(1, 2)),
        "p90_hours": _percentile(row.p90_low, row.p90_high, row.orders, Fraction(9, 10)),
        "waiting": row.waiting,
        "waiting_since": local(since, zone),
        "longest_wait_hours": None if wait is None else number(int(wait), 3600),
    }


def _percentile(low: int | None, high: int | None, count: int, share: Fraction) -> int | float | None:
    return None if low is None or high is None else _hours(percentile(low, high, count, share))


def _hours(microseconds: Fraction) -> int | float:
    hours = microseconds / _HOUR
    return number(hours.numerator, hours.denominator)
