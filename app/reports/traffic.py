"""Traffic as the report tells it: the funnel, advertising, and the sources with what was sold.

In: the session's figures, its sources. Out: a section of the report, labelled in one language. Never here: I/O, formulas.
"""

from collections.abc import Mapping

from app.kpis.audience.funnel import steps_of
from app.kpis.audience.sources import by_source
from app.kpis.documents.render import Document, figures_document
from app.kpis.evaluation.ad_spend import missing_rates, used_rates
from app.kpis.evaluation.evaluate import ABSENT, Evaluation, Figure
from app.kpis.evaluation.metrics import BY_SLUG, Unit
from app.kpis.evaluation.number_format import format_figure
from app.kpis.evaluation.rounding import digits_of
from app.labels.catalogue import Language, label, label_or
from app.reports.cells import cell_of
from app.storage.kpis.sources import SalesBySource, Source, SourceSales

FIGURES = (
    "entry_rate", "product_impressions", "product_click_rate", "clickers", "click_to_order_rate", "ad_spend", "roi", "net_roi",
)  # fmt: skip
COLUMNS = ("viewers", "buyers", "orders", "gmv", "conversion_rate")
MOST = 40
"""Rows of the table of sources; the others are one more row, never dropped."""
_UNKNOWN = SourceSales()


def traffic_section(
    evaluation: Evaluation, arrivals: Mapping[str, int], sales: SalesBySource, language: Language
) -> Document | None:
    """Return the section; None if nothing of it is known but the orders per click, which follow from the figures of the sheet."""
    head = evaluation.head
    total = evaluation.total
    known = [slug for slug in FIGURES if total[slug][1] or (slug == "ad_spend" and evaluation.ad_rates)]
    table = _sources(evaluation, by_source(arrivals), sales, language)
    if set(known) <= {"click_to_order_rate"} and not table["rows"]:
        return None
    return {
        "title": label("section.traffic", language),
        "figures": [
            {"slug": slug, **cell_of(slug, label(f"metric.{slug}", language), total[slug], BY_SLUG[slug].unit, head.currency,
                                     language)}
            for slug in known
        ],
        "funnel": {"title": label("traffic.funnel", language), "rows": _funnel(evaluation, language)},
        "sources": table if table["rows"] else None,
        "notes": _notes(evaluation, language),
    }  # fmt: skip


def _funnel(evaluation: Evaluation, language: Language) -> list[Document]:
    currency = evaluation.head.currency
    rows = []
    above = ""
    for step in steps_of(figures_document(evaluation.total, digits_of(currency))):
        slug, rate = step["kpi"], ""
        if step["rate"] is not None:
            whole, part = evaluation.total[step["rate_of"]], evaluation.total[slug]
            rate = format_figure("click_rate", (part[0], whole[0], "derived"), Unit.RATIO, currency, language)
            if step["rate_of"] != above:
                rate = label("traffic.rate_of", language).format(rate=rate, step=label(f"metric.{step['rate_of']}", language))
        rows.append({**step, "label": label(f"metric.{slug}", language), "rate_text": rate,
                     "text": format_figure(slug, evaluation.total[slug], BY_SLUG[slug].unit, currency, language)})  # fmt: skip
        above = slug
    return rows


def _sources(evaluation: Evaluation, arrivals: Mapping[Source | None, int], sales: SalesBySource, language: Language) -> Document:
    currency, total = evaluation.head.currency, evaluation.total
    sold_at_all = any(one.orders for one in sales.values())

    def row(name: str, flow: str, viewers: int | None, sold: SourceSales | None, source: Source | None = None) -> Document:
        figures: dict[str, Figure] = dict.fromkeys(COLUMNS, ABSENT)
        if viewers is not None:
            figures["viewers"] = (viewers, 1, "counted")
        if sold is not None:
            figures |= {slug: (getattr(sold, slug), 1, "counted") for slug in ("buyers", "orders", "gmv")}
            figures["conversion_rate"] = (sold.buyers, viewers, "derived") if viewers else ABSENT
        cells = {
            slug: cell_of(slug, label(f"traffic.{slug}", language), figure, BY_SLUG[slug].unit, currency, language)
            for slug, figure in figures.items()
        }
        return {"source": source and source.name, "paid": source and source.paid, "name": name, "flow": flow, "figures": cells}

    found = {source for source, viewers in arrivals.items() if viewers and source} | {source for source in sales if source}
    ordered = sorted(found, key=lambda one: (-sales.get(one, _UNKNOWN).gmv, -arrivals.get(one, 0), one.name or "", str(one.paid)))
    shown, rest = ordered[:MOST], ordered[MOST:]
    rows = [
        row(source_name(one.name, language), flow_name(language, paid=one.paid), arrivals.get(one, 0),
            sales.get(one, _UNKNOWN) if sold_at_all else None, one)
        for one in shown
    ]  # fmt: skip
    if rest:
        sold = sum((sales.get(one, _UNKNOWN) for one in rest), _UNKNOWN)
        viewers = sum(arrivals.get(one, 0) for one in rest)
        rows.append(row(label("traffic.others", language).format(count=len(rest)), "", viewers, sold if sold_at_all else None))
    whole = row(label("traffic.total", language), "", sum(arrivals.values()), None)
    parts = [sales.get(one, _UNKNOWN) if sold_at_all else _UNKNOWN for one in ordered]
    remainder = row(label("traffic.remainder", language), "", None, None)
    for slug in ("buyers", "orders", "gmv"):
        figure = total[slug]
        left = (figure[0] - sum(getattr(one, slug) for one in parts), figure[1], figure[2])
        unit, name = BY_SLUG[slug].unit, label(f"traffic.{slug}", language)
        whole["figures"][slug] = cell_of(slug, name, figure, unit, currency, language)
        remainder["figures"][slug] = cell_of(slug, name, left, unit, currency, language)
    return {
        "title": label("traffic.sources", language),
        "columns": [{"key": key, "label": label(f"traffic.{key}", language)} for key in ("source", "flow", *COLUMNS)],
        "rows": rows,
        "remainder": remainder,
        "total": whole,
    }


def source_name(source: str | None, language: Language) -> str:
    """Return a source's name in a language; its slug if it has none."""
    return label("source.unknown", language) if source is None else label_or(f"source.{source}", source, language)


def flow_name(language: Language, *, paid: bool | None) -> str:
    """Return whether traffic was paid for, in a word; nothing if it is not known."""
    return "" if paid is None else label("traffic.paid" if paid else "traffic.organic", language)


def _notes(evaluation: Evaluation, language: Language) -> list[str]:
    """Return the exchange rates that ad spend rests on."""
    rates = used_rates(evaluation.ad_rates)
    missing = missing_rates(evaluation.ad_rates, evaluation.head.currency)
    converted = [label("traffic.rate", language).format(source=one["from"], target=one["to"], **_plain(one)) for one in rates]
    return converted + [
        label("warning.ad_rate_missing", language).format(currency=one["from"], target=one["to"], date=one["date"])
        for one in missing
    ]


def _plain(rate: Mapping[str, str]) -> dict[str, str]:
    return {name: rate[name] for name in ("date", "kind", "rate")}
