"""Comparison of the results sheet with the server's figures, as a table in the terminal.

In: a scenario, the server's JSON (`/kpis`, `/products`, and `/report` for the promotions). Out: rows, a table, a verdict.
Never here: HTTP.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from app.simulate.comparison import totals
from app.simulate.scenario.apportion import rounded
from app.simulate.scenario.scenario import Scenario

Document = Mapping[str, Any]
_RATIO_DECIMALS = 6


class Row(NamedTuple):
    """One figure as printed: the sheet's, and the server's (None: no value)."""

    figure: str
    expected: str
    found: str | None

    @property
    def equal(self) -> bool:
        """Return whether the figures are equal. No value equals the sheet's zero: without events nothing is counted."""
        if self.found is None:
            return Decimal(self.expected) == 0
        return Decimal(self.expected) == Decimal(self.found)


def compare(scenario: Scenario, kpis: Document, products: Document, report: Document | None = None) -> list[Row]:
    """Return a row per printed figure; those of promotions only if the report is given."""
    rows = [Row(key, expected, _kpi(key, kpis["kpis"], scenario.digits)) for key, expected in totals.kpis(scenario).items()]
    by_code = {row["product"]: row for row in products["products"]}
    for one in scenario.products:
        row = by_code.get(one.product, {})
        for key, expected in totals.product(scenario, one).items():
            rows.append(Row(f"{one.name} {key}", expected, _text(row.get(key))))
    other = products.get("other") or {}
    for key, expected in totals.outside(scenario).items():
        rows.append(Row(f"outside the line-up {key}", expected, _text(other.get(key))))
    if report is not None and scenario.promotions:
        rows += _promotions(scenario, report["sections"]["promotion"])
    return rows


def _promotions(scenario: Scenario, section: Document) -> list[Row]:
    by_url = {row["url"]: row["figures"] for row in section["rows"]}
    rows = []
    for place, promotion in enumerate(scenario.promotions, 1):
        figures = by_url.get(promotion.url, {})
        for key in ("views", "engagements"):
            found = figures.get(key, {}).get("value")
            rows.append(Row(f"promotion {place} {key}", str(getattr(promotion, key)), _text(found)))
    rows.append(Row("promotion_views_total", totals.promotion_views(scenario), _text(section["total_views"]["value"])))
    return rows


def _kpi(key: str, kpis: Document, digits: int) -> str | None:
    """Return a figure of the response in the sheet's format.

    A quotient is computed from the response's numerator and denominator, because rounding its six decimals again can change
    the last digit. If the response's quotient differs from theirs, the response's quotient is shown.
    """
    if key == "average_watch_minutes":
        seconds = _value(kpis, "average_watch_seconds")
        return None if seconds is None else str(rounded(seconds / 60, 2))
    if key not in totals.QUOTIENTS:
        return _text(kpis.get(key, {}).get("value"))
    quotient = totals.QUOTIENTS[key]
    answered = _value(kpis, quotient.slug)
    parts = {slug: _value(kpis, slug) or Decimal(0) for slug in (quotient.numerator, quotient.denominator)}
    if answered is None:
        return None
    decimals = digits if quotient.decimals is None else quotient.decimals
    denominator = parts[quotient.denominator]
    precise = digits if quotient.decimals is None else _RATIO_DECIMALS
    if not denominator or rounded(parts[quotient.numerator] / denominator, precise) != answered:
        return str(rounded(answered * quotient.factor, max(decimals, _RATIO_DECIMALS)))
    return quotient.printed(parts, digits)


def _value(kpis: Document, slug: str) -> Decimal | None:
    value = kpis.get(slug, {}).get("value")
    return None if value is None else Decimal(str(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def table(rows: list[Row], title: str) -> Table:
    """Return the comparison as a table: figure, sheet, Tallylight, equal?"""
    found = Table(title=title)
    found.add_column("figure")
    for column in ("sheet", "Tallylight"):
        found.add_column(column, justify="right")
    found.add_column("equal?", justify="center")
    for row in rows:
        verdict = "[green]yes[/]" if row.equal else "[bold red]no[/]"
        found.add_row(row.figure, row.expected, "–" if row.found is None else row.found, verdict)
    return found


def print_sheet(console: Console, scenario: Scenario, kpis: Document, products: Document, report: Document | None = None) -> bool:
    """Print the comparison and return whether every figure is equal."""
    rows = compare(scenario, kpis, products, report)
    console.print(table(rows, f"Results sheet: {scenario.session.title or scenario.name}"))
    different = sum(not row.equal for row in rows)
    console.print(f"{len(rows) - different} of {len(rows)} figures are equal.")
    return not different
