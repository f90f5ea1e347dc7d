"""Formats the placeholders of a text: numbers, amounts, times and names, in one language.

In: exact values. Out: text. Never here: sentences, thresholds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.kpis.evaluate import Figure
from app.kpis.metrics import BY_SLUG, Unit
from app.kpis.number_format import format_amount, format_count, format_figure, format_share
from app.kpis.render import zone_of
from app.kpis.rounding import digits_of, half_up
from app.labels.catalogue import Language, label, label_or
from app.storage.reads import SessionHead

_MS_PER_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class MessageFormatter:
    """Formats the values of one session in one language."""

    head: SessionHead
    names: Mapping[str, Mapping[str, str]]
    """Product → language → name."""
    language: Language

    def count(self, value: int) -> str:
        """Return 18,052."""
        return format_count(value)

    def share(self, numerator: int, denominator: int) -> str:
        """Return 92%."""
        return format_share(numerator, denominator)

    def money(self, numerator: int, denominator: int = 1) -> str:
        """Return 2,536.25元."""
        return format_amount(numerator, denominator, self.head.currency, self.language)

    def about(self, numerator: int, denominator: int = 1) -> str:
        """Return an estimated amount without decimals."""
        return format_amount(numerator, denominator, self.head.currency, self.language, digits=0)

    def figure(self, slug: str, figure: Figure) -> str:
        """Return a KPI in the format of the results sheet, money with its currency."""
        unit = BY_SLUG[slug].unit
        if unit is Unit.MONEY:
            return self.money(figure[0], figure[1])
        return format_figure(slug, figure, unit, digits_of(self.head.currency), self.language)

    def clock(self, moment: datetime) -> str:
        """Return 15:42, in the session's time zone."""
        return moment.astimezone(zone_of(self.head.time_zone)).strftime("%H:%M")

    def span(self, milliseconds: int, per: int = 1) -> str:
        """Return a length of time in minutes and seconds: 3分12秒."""
        minutes, seconds = divmod(half_up(milliseconds, per * 1000), 60)
        key = "span" if minutes and seconds else "span_minutes" if minutes else "span_seconds"
        return label(f"insight.{key}", self.language).format(minutes=minutes, seconds=seconds)

    def plain(self, value: float | str) -> str:
        """Return a number with one decimal unless it is whole; other text unchanged."""
        if isinstance(value, str):
            return value
        return f"{value:,.1f}".removesuffix(".0")

    def minutes(self, microseconds: int) -> str:
        """Return a length of time in whole minutes, at least one."""
        return format_count(max(1, half_up(microseconds, _MS_PER_MINUTE * 1000)))

    def product(self, code: str) -> str:
        """Return a product's name."""
        return self.names.get(code, {}).get(self.language, code)

    def platform(self, slug: str) -> str:
        """Return a platform's name."""
        return label_or(f"platform.{slug}", slug, self.language)

    def listed(self, items: Iterable[str]) -> str:
        """Return a list as text."""
        return label("insight.separator", self.language).join(items)
