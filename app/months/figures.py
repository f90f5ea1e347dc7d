"""The KPIs of several sessions together.

In: evaluations of sessions. Out: KPIs by currency. Never here: I/O, sums of money in different currencies.
"""

from collections import defaultdict
from collections.abc import Iterable

from app.kpis.documents.render import Document, figures_document
from app.kpis.evaluation.evaluate import Evaluation, combined
from app.kpis.evaluation.rounding import digits_of


def kpis_by_currency(evaluations: Iterable[Evaluation]) -> list[Document]:
    """Return every KPI of the sessions together, for each currency.

    Counts are sums over the sessions, and ratios are quotients of sums. A person who took part in two sessions counts twice.
    """
    by_currency: dict[str, list[Evaluation]] = defaultdict(list)
    for one in evaluations:
        by_currency[one.head.currency].append(one)
    return [
        {"currency": currency, "sessions": len(group), "kpis": figures_document(combined(group), digits_of(currency))}
        for currency, group in sorted(by_currency.items())
    ]
