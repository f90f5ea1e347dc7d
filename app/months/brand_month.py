"""The month of a brand: what was broadcast, what came of it, what was delivered, and the statement.

In: the database, a brand's slug, a month, the caller. Out: the document, or 404. Never here: SQL, HTTP, rules of money.

A session belongs to the month in which it ended in its own time zone, by its latest revision if it has one, as in statements.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pydantic_core import from_json

from app.catalogue.access import Principal
from app.customers.reader import brand_row
from app.kpis.comparison.comparison import read_evaluations
from app.kpis.documents.render import Document, local
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.evaluation.rounding import digits_of, fixed, money
from app.kpis.reading.session_reader import snapshot
from app.months.figures import kpis_by_currency
from app.problems import ProblemError
from app.settlement.amounts import deliverables
from app.settlement.amounts.deliverables import local_day
from app.settlement.statements import settlement_reader
from app.settlement.statements.basis_reader import contracts_of
from app.storage.backoffice import settlement_reads
from app.storage.backoffice.settlement_reads import BrandSession
from app.storage.database import Database
from app.storage.reports import month_reads
from app.storage.reports.month_reads import MonthCustomers, SoldProduct

BEFORE = 5
"""Months before it that stand beside a month."""
MOST_PRODUCTS = 100


def months_back(month: date, count: int) -> date:
    """Return the first day of the month that is `count` months earlier.

    >>> months_back(date(2021, 9, 1), 9)
    datetime.date(2020, 12, 1)
    """
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


async def read_month(database: Database, principal: Principal, slug: str, month: date, now: datetime) -> Document:
    """Return the month of a brand (`BrandMonth`). A caller that is bound to the brand sees an issued statement alone.

    Raises:
        ProblemError: 404.
    """
    async with snapshot(database, principal.brand_id, many=True) as connection:
        brand = await brand_row(connection, slug, principal.brand_id)
    async with database.read() as catalogue:
        sessions = await settlement_reads.sessions(catalogue, brand.id)
        delivered = await deliverables.of_month(catalogue, brand.id, month, await contracts_of(catalogue, brand.id))
    by_month = sessions_by_month(sessions)
    wanted = [months_back(month, count) for count in range(BEFORE, -1, -1)]
    own = by_month[month]
    async with snapshot(database, principal.brand_id, many=True) as connection:
        ids = [session.id for one in wanted for session in by_month[one] if session.kind == "live"]
        evaluations = {one.head.id: one for one in await read_evaluations(connection, ids, principal.brand_id, now)}
        sold = await month_reads.products(connection, [session.id for session in own], MOST_PRODUCTS)
        bought = await month_reads.customers(connection, brand.id, [f"{one:%Y-%m}" for one in wanted])
    *before, present = [
        {
            "month": f"{one:%Y-%m}",
            "figures": kpis_by_currency(evaluations[session.id] for session in by_month[one] if session.id in evaluations),
            "customers": _customers(bought[f"{one:%Y-%m}"]),
        }
        for one in wanted
    ]
    return {
        "brand": brand.slug,
        "name": brand.name,
        **present,
        "before": before,
        "sessions": [_session(session, evaluations.get(session.id)) for session in own],
        "deliverables": [found.model_dump() for found in delivered],
        "products": _products(sold),
        "money": await _statement(database, principal, brand.slug, month),
    }


def sessions_by_month(sessions: Iterable[BrandSession]) -> dict[date, list[BrandSession]]:
    """Return the sessions of each month, in the order in which they ended."""
    found: dict[date, list[BrandSession]] = defaultdict(list)
    for session in sessions:
        day = local_day(session)
        if day is not None:
            found[day.replace(day=1)].append(session)
    for group in found.values():
        group.sort(key=lambda session: (local_day(session), session.id))
    return found


def _session(session: BrandSession, evaluation: Evaluation | None) -> Document:
    gmv = None if evaluation is None else evaluation.total["gmv"]
    day = local_day(session)
    return {
        "session": str(session.id),
        "title": session.title,
        "kind": session.kind,
        "date": None if day is None else day.isoformat(),
        "started_at": None if evaluation is None else local(evaluation.head.started_at, session.time_zone),
        "revision": None if session.revision is None else session.revision.number,
        "currency": session.currency,
        "gmv": None if gmv is None or not gmv[1] else money(gmv[0], gmv[1], digits_of(session.currency)),
    }


def _customers(found: MonthCustomers) -> Document:
    return {"buyers": found.buyers, "new": found.new, "returning": found.buyers - found.new}


def _products(sold: Sequence[SoldProduct]) -> list[Document]:
    return [
        {
            "product": one.product,
            "names": {} if one.names is None else from_json(one.names),
            "currency": one.currency,
            "orders": int(one.orders),
            "units": int(one.units),
            "gmv": fixed(int(one.gmv), digits_of(one.currency)),
        }
        for one in sold
    ]


async def _statement(database: Database, principal: Principal, slug: str, month: date) -> Document | None:
    """Return what the statement of the month says; None if there is none that the caller may see."""
    try:
        found = (await settlement_reader.of_month(database, principal, slug, month)).settlement
    except ProblemError as problem:
        if problem.status != 404:
            raise
        return None
    return found.model_dump(mode="json", include={"id", "number", "status", "currency", "totals", "tax", "missing"})
