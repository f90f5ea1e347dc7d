"""Formats the placeholders of a text: numbers, amounts, times and names, in one language.

In: exact values. Out: text. Never here: sentences, thresholds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.kpis.documents.render import zone_of
from app.kpis.evaluation.evaluate import Figure
from app.kpis.evaluation.metrics import BY_SLUG
from app.kpis.evaluation.number_format import format_amount, format_count, format_figure, format_share, format_span
from app.kpis.evaluation.rounding import half_up
from app.labels.catalogue import Language, label, label_or
from app.storage.kpis.reads import SessionHead

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
        """Return 2,536.25元, ¥2,536.25 or CN¥2,536.25."""
        return format_amount(numerator, denominator, self.head.currency, self.language)

    def about(self, numerator: int, denominator: int = 1) -> str:
        """Return an estimated amount without decimals."""
        return format_amount(numerator, denominator, self.head.currency, self.language, digits=0)

    def figure(self, slug: str, figure: Figure) -> str:
        """Return a KPI as the results sheet prints it, money with its currency."""
        return format_figure(slug, figure, BY_SLUG[slug].unit, self.head.currency, self.language)

    def clock(self, moment: datetime) -> str:
        """Return 15:42, in the session's time zone."""
        return moment.astimezone(zone_of(self.head.time_zone)).strftime("%H:%M")

    def span(self, milliseconds: int, per: int = 1) -> str:
        """Return a length of time: 12.3秒, 3分, 4.10分."""
        return format_span(milliseconds, per * 1000, self.language)

    def minutes(self, microseconds: int) -> str:
        """Return a length of time in whole minutes, at least one."""
        return format_count(max(1, half_up(microseconds, _MS_PER_MINUTE * 1000)))

    def product(self, code: str) -> str:
        """Return a product's name."""
        return self.names.get(code, {}).get(self.language, code)

    def platform(self, slug: str) -> str:
        """Return a platform's name."""
        return label_or(f"platform.{slug}", slug, self.language)

    def mark(self, name: str) -> str:
        """Return a mark's label."""
        return label_or(f"mark.{name}", name, self.language)

    def listed(self, items: Iterable[str]) -> str:
        """Return a list as text."""
        return label("insight.separator", self.language).join(items)
