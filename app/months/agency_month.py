"""The agency's own month: GMV and shares of all brands, and what is not released or issued yet.

In: the database, a month, an unbound caller. Out: the document. Never here: SQL, HTTP, rules of money.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from app.catalogue.access import Principal
from app.kpis.comparison.comparison import read_evaluations
from app.kpis.documents.render import Document
from app.kpis.evaluation.rounding import digits_of, money
from app.kpis.reading.session_reader import snapshot
from app.months.brand_month import sessions_by_month
from app.problems import ProblemError
from app.settlement.amounts.months import next_month
from app.settlement.statements import basis_reader, settlement_reader
from app.settlement.statements.document import Settlement
from app.settlement.statements.settlement_reader import Filter
from app.storage.backoffice import settlement_reads
from app.storage.backoffice.settlement_reads import BrandSession
from app.storage.database import Database
from app.storage.reports import month_reads

_ZONES = timedelta(days=1)
"""No time zone is further from UTC."""
_PAGE = 200


async def read_agency_month(database: Database, principal: Principal, month: date, now: datetime) -> Document:
    """Return the month over all brands (`AgencyMonth`).

    Raises:
        ProblemError: 403 for a caller that is bound to a brand.
    """
    if principal.brand_id is not None:
        raise ProblemError(403, "a caller that is bound to a brand may not read the agency's month")
    begin = datetime(month.year, month.month, 1, tzinfo=UTC) - _ZONES
    end = datetime.combine(next_month(month), datetime.min.time(), UTC) + _ZONES
    statements = await _statements(database, principal, month)
    async with snapshot(database, None, many=True) as connection:
        brands = await month_reads.brands(connection, begin, end)
    sessions: dict[str, list[BrandSession]] = {}
    async with database.read() as catalogue:
        for brand in brands:
            sessions[brand.slug] = sessions_by_month(await settlement_reads.sessions(catalogue, brand.id))[month]
        charged = await basis_reader.brands_charged(catalogue, month)
    ids = [session.id for own in sessions.values() for session in own if session.kind == "live"]
    async with snapshot(database, None, many=True) as connection:
        evaluations = {one.head.id: one for one in await read_evaluations(connection, ids, None, now)}
    gmv: Counter[str] = Counter()
    shown = []
    names = {slug: one.brand_name for slug, one in statements.items()} | charged | {brand.slug: brand.name for brand in brands}
    for slug in sorted({slug for slug, own in sessions.items() if own} | statements.keys() | charged.keys()):
        own_gmv: Counter[str] = Counter()
        for session in sessions.get(slug, []):
            if session.id in evaluations:
                own_gmv[session.currency] += evaluations[session.id].total["gmv"][0]
        gmv.update(own_gmv)
        shown.append(_brand(slug, names[slug], sessions.get(slug, []), own_gmv, statements.get(slug)))
    return {
        "month": f"{month:%Y-%m}",
        "gmv": _amounts(gmv),
        "shares": _shares(statements.values()),
        "not_released": sum(len(brand["not_released"]) for brand in shown),
        "not_issued": [brand["brand"] for brand in shown if (brand["statement"] or {}).get("status") != "issued"],
        "brands": shown,
    }


async def _statements(database: Database, principal: Principal, month: date) -> dict[str, Settlement]:
    found: dict[str, Settlement] = {}
    after: tuple[UUID] | None = None
    while True:
        page = await settlement_reader.listing(database, principal, Filter(since=month, until=month), after=after, limit=_PAGE)
        found.update({settlement.brand: settlement for settlement in page.items})
        if page.next is None:
            return found
        after = (page.items[-1].id,)


def _amounts(amounts: Counter[str]) -> dict[str, str]:
    return {currency: money(amount, 1, digits_of(currency)) for currency, amount in sorted(amounts.items())}


def _shares(statements: Iterable[Settlement]) -> list[Document]:
    """Return what each party receives by the statements of the month, drafts and issued ones apart."""
    paid: Counter[tuple[str, str, str]] = Counter()
    for one in statements:
        for to, amount in one.totals.shares.items():
            paid[to, one.currency, one.status] += int(amount)
    return [
        {"to": to, "currency": currency, "status": status, "amount": str(amount)}
        for (to, currency, status), amount in sorted(paid.items())
    ]


def _brand(slug: str, name: str, sessions: list[BrandSession], gmv: Counter[str], statement: Settlement | None) -> Document:
    return {
        "brand": slug,
        "name": name,
        "sessions": sum(session.kind == "live" for session in sessions),
        "gmv": _amounts(gmv),
        "not_released": [
            {"session": str(session.id), "title": session.title}
            for session in sessions
            if session.kind == "live" and session.revision is None
        ],
        "statement": None
        if statement is None
        else statement.model_dump(mode="json", include={"id", "number", "status", "currency", "totals", "missing"}),
    }
