"""A session as the rules see it, put together without a database."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.insights.document import sentence
from app.insights.evidence import Aired, Evidence
from app.insights.finding import Finding
from app.insights.message_format import MessageFormatter
from app.insights.registry import findings_of
from app.kpis.evaluation.evaluate import evaluate
from app.kpis.products.products import SellOut, StockHistory, product_table
from app.kpis.products.showcases import Showcase
from app.kpis.products.stock import Remaining, SoldOut
from app.labels.catalogue import LANGUAGES
from app.storage.kpis.product_reads import ProductRow
from app.storage.kpis.reads import Broadcast, ConcurrencyRow, SessionFigures, SessionHead
from tests.kpis.event_builders import START

MINUTES = 120
Counted = Mapping[str, int]


def minute(number: float) -> datetime:
    """Return a moment of the broadcast."""
    return START + timedelta(minutes=number)


def head(*, live: bool = False, currency: str = "CNY", number: int = 1, platforms: Sequence[str] = ("wechat",)) -> SessionHead:
    """Return a session of two hours."""
    end = minute(MINUTES)
    return SessionHead(
        UUID(int=number), UUID(int=99), "maison-k", "Maison K", "t", "KOL", "live", currency, "Asia/Tokyo", None, START,
        None if live else end, end, tuple(platforms),
        tuple(Broadcast(name, "r", live, START if live else end) for name in platforms),
    )  # fmt: skip


def evidence(
    counted: Counted | None = None,
    *,
    products: Mapping[str, Counted] | None = None,
    sold_out: Mapping[str, tuple[float, int, Counted]] | None = None,
    by_platform: Mapping[str, Counted] | None = None,
    live: bool = False,
    currency: str = "CNY",
    number: int = 1,
    **fields: Any,
) -> Evidence:
    """Return evidence of a session that counted these figures; `sold_out` is product → (minute, clicks after, before)."""
    parts = by_platform or {"wechat": counted or {}}
    figures = SessionFigures(
        head(live=live, currency=currency, number=number, platforms=list(parts)), parts, {}, {}, {},
        sum(part.get("gmv", 0) for part in parts.values()),
    )  # fmt: skip
    now = minute(MINUTES)
    evaluation = evaluate(figures, now)
    rows = [
        ProductRow(metric == "stock", code, "wechat", metric, value)
        for code, values in (products or {}).items()
        for metric, value in values.items()
    ]
    sell_outs = {
        code: SellOut([SoldOut(minute(at), None)], before, after) for code, (at, after, before) in (sold_out or {}).items()
    }
    remaining = {row.product: Remaining(row.value, 0, estimated=False) for row in rows if row.metric == "stock"}
    table = product_table(evaluation, figures, rows, [], {}, [], StockHistory(remaining, sell_outs), "ja")
    names: dict[str, dict[str, str]] = {
        product.code: {str(language): product.code for language in LANGUAGES} for product in table.products
    }
    return replace(Evidence(evaluation, figures, table, names), **fields)


def concurrency(*viewers: tuple[int, int, int]) -> list[ConcurrencyRow]:
    """Return samples: (from minute, to minute, viewers)."""
    return [
        ConcurrencyRow(minute(at), "wechat", "", count, minute(at), count)
        for begin, end, count in viewers
        for at in range(begin, end)
    ]


def aired(product: str, begin: float, end: float, **sums: int) -> Aired:
    """Return a showcase with what was counted meanwhile."""
    return Aired(Showcase(product, minute(begin), minute(end), on_air=False, next_begin=None), sums)


def found(code: str, seen: Evidence) -> list[Finding]:
    """Return the findings of a code, each of which can be said in every language."""
    findings = [finding for finding in findings_of(seen) if finding.code == code]
    for finding in findings:
        for language in LANGUAGES:
            text = sentence(finding, MessageFormatter(seen.evaluation.head, seen.names, language))
            assert text.strip()
            assert "{" not in text
        assert finding.evidence
        assert finding.figures
        assert 0 <= finding.weight <= 1
    return findings
