"""The input of the rules: a session's figures, computed by the read side, and its counts and samples by minute.

In: figures of the read side. Out: one frozen value. Never here: thresholds, text, I/O.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from app.insights.topics import Topics
from app.kpis.comparison.targets import TargetFigure
from app.kpis.evaluation.concurrency import sums_by_minute
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.products.products import ProductResult, ProductTable
from app.kpis.products.showcases import Showcase
from app.kpis.reading.status import off_air_since, session_end
from app.kpis.windows.effects import Effects
from app.storage.kpis.marks import MarkRow
from app.storage.kpis.product_reads import PromotionRow
from app.storage.kpis.reads import ConcurrencyRow, SessionFigures
from app.storage.kpis.session_status import SessionStatus
from app.storage.kpis.sources import SalesBySource, Source
from app.storage.kpis.windows import Sold
from app.storage.reports.insight_reads import Shipping

MINUTE = timedelta(minutes=1)
_MICROSECOND = timedelta(microseconds=1)


class Aired(NamedTuple):
    """A showcase and the counts inside it: product_clicks, orders, units_sold, gmv in minor units."""

    showcase: Showcase
    sums: Mapping[str, int]


class SoldBySource(NamedTuple):
    """Arrivals by traffic source, and what the people who arrived so bought.

    Without a report, `sales` has neither buyers nor refunds, and is empty if no two sources are compared.
    """

    arrivals: Mapping[Source | None, int]
    sales: SalesBySource


NO_SOURCES = SoldBySource({}, {})


class Presented(NamedTuple):
    """What was sold while a host presented, in all of their shifts."""

    host: str
    microseconds: int
    sold: Sold


class Stretch(NamedTuple):
    """A half-open range of full minutes."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of a session."""

    evaluation: Evaluation
    figures: SessionFigures
    table: ProductTable
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Product → language → name."""
    aired: Sequence[Aired] = ()
    concurrency: Sequence[ConcurrencyRow] = ()
    counts: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """Metric → minute since `course` began → sum."""
    arrivals: Mapping[str, int] = field(default_factory=dict)
    """`source|fan_level` → arrivals of the whole session."""
    early_arrivals: Mapping[str, int] = field(default_factory=dict)
    """The same of the first minutes (`core_fans.EARLY`)."""
    promotions: Sequence[PromotionRow] = ()
    shipping: Shipping | None = None
    earlier: Sequence[Evaluation] = ()
    """The brand's sessions of the same kind before this one, in order of time."""
    shown: Mapping[UUID, int] = field(default_factory=dict)
    """Session, this one or an earlier one → the number of products that were on air."""
    topics: Topics | None = None
    presented: Sequence[Presented] = ()
    effects: Effects | None = None
    marks: Sequence[MarkRow] = ()
    """What was marked in the broadcast, in order of time."""
    targets: Sequence[TargetFigure] = ()
    sources: SoldBySource = NO_SOURCES
    slow_after_ms: int = 180_000
    _sums: list[tuple[datetime, int, int]] = field(default_factory=list, init=False, repr=False, compare=False)
    """What `sampled` returned: three rules ask for it."""

    def __len__(self) -> int:
        """Return the number of rows that the rules process."""
        rows: tuple[Sequence[object], ...] = (
            self.table.products,
            self.table.others,
            self.aired,
            self.concurrency,
            self.promotions,
        )
        return sum(map(len, rows))

    @property
    def session(self) -> UUID:
        """Return the session's id."""
        return self.evaluation.head.id

    @property
    def live(self) -> bool:
        """Return whether the session is on air: statements about its halves would become false."""
        return self.evaluation.status is SessionStatus.LIVE

    @property
    def course(self) -> Stretch | None:
        """Return the broadcast in full minutes; None before it began."""
        return course_of(self.evaluation)

    def products(self) -> list[ProductResult]:
        """Return every product of the line-up and outside it."""
        return [*self.table.products, *self.table.others]

    def counted(self, metric: str, stretch: Stretch) -> int:
        """Return the sum of a metric over minutes of the course."""
        course = self.course
        if course is None:
            return 0
        first, last = (stretch.begin - course.begin) // MINUTE, (stretch.end - course.begin) // MINUTE
        return sum(value for minute, value in self.counts.get(metric, {}).items() if first <= minute < last)

    def sampled(self) -> Sequence[tuple[datetime, int, int]]:
        """Return (minute, last sum of viewers, highest sum) of every sampled minute of the broadcast."""
        course = self.course
        if course is None:
            return []
        if not self._sums:
            off_air = off_air_since(self.evaluation.head.broadcasts)
            self._sums.extend(row for row in sums_by_minute(self.concurrency, off_air) if course.begin <= row[0] < course.end)
        return self._sums

    def on_air(self, begin: datetime, end: datetime) -> tuple[str, Fraction] | None:
        """Return the product that was on air longest in a time range, and its share of it; None without one."""
        seconds: dict[str, timedelta] = {}
        for showcase, _ in self.aired:
            shared = min(end, showcase.end) - max(begin, showcase.begin)
            if shared > timedelta(0):
                seconds[showcase.product] = seconds.get(showcase.product, timedelta(0)) + shared
        longest = max(sorted(seconds), key=lambda product: seconds[product], default=None)
        if longest is None:
            return None
        return longest, Fraction(seconds[longest] // _MICROSECOND, (end - begin) // _MICROSECOND)

    def marked(self, begin: datetime, end: datetime) -> list[str]:
        """Return the labels of the marks that were set or lasted in a time range, each once."""
        rows = [one for one in self.marks if one.kind == "mark" and one.at < end]
        return list(dict.fromkeys(one.name for one in rows if one.at >= begin or (one.until is not None and one.until > begin)))


def course_of(evaluation: Evaluation) -> Stretch | None:
    """Return a broadcast in full minutes; None before it began."""
    head = evaluation.head
    end = session_end(head, evaluation.status, evaluation.as_of)
    if head.started_at is None or end is None or end <= head.started_at:
        return None
    begin = head.started_at.replace(second=0, microsecond=0)
    return Stretch(begin, begin + MINUTE * -((begin - end) // MINUTE))
