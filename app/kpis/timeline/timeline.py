"""Timelines: counts and samples in equal buckets, with marks.

In: sums per bucket, samples by the minute, changes of state. Out: the timeline document. Never here: I/O.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Literal, NamedTuple, get_args

from app.kpis.documents.render import Document, local
from app.kpis.evaluation.concurrency import LastSamples
from app.kpis.evaluation.rounding import digits_of, fixed
from app.kpis.products.stock import stock_levels
from app.kpis.reading.status import off_air_since
from app.kpis.timeline.marks import MOST, SetMarks, client_marks
from app.problems import ProblemError, invalid
from app.storage.kpis.marks import MarkRow
from app.storage.kpis.product_reads import StateChange
from app.storage.kpis.reads import SessionHead, TimelineSample

Step = Literal["1m", "2m", "5m", "10m", "15m", "30m", "1h"]
STEP_SECONDS: Mapping[str, int] = dict(zip(get_args(Step), (60, 120, 300, 600, 900, 1800, 3600), strict=True))
MAX_BUCKETS = 3000
"""Two days of minutes, four months of hours."""
COMFORTABLE = 600
"""The most buckets if the step is not given: ten hours of minutes."""
LONGEST: Step = get_args(Step)[-1]
SLACK = timedelta(hours=1)
"""The time around the broadcast that a timeline includes, for early viewers and late orders."""

MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Series(NamedTuple):
    """The source of a series."""

    metric: str
    """The name of the metric in the rows."""
    sampled: bool = False
    highest: bool = False
    is_money: bool = False


_TOTALS = {"orders_total": "orders", "buyers_total": "buyers", "units_total": "units_sold"}
SESSION_SERIES: Mapping[str, Series] = {
    **{
        slug: Series(slug)
        for slug in (
            "viewers", "views", "exits", "comments", "commenters", "likes", "shares", "gifts", "new_followers",
            "product_impressions", "product_clicks", "clickers", "orders", "buyers", "new_buyers", "units_sold",
            "refunded_orders", "support_requests", "slow_responses",
        )
    },
    "gmv": Series("gmv", is_money=True),
    "refund_amount": Series("refund_amount", is_money=True),
    "concurrent_viewers": Series("concurrent_viewers", sampled=True),
    "peak_concurrent_viewers": Series("concurrent_viewers", sampled=True, highest=True),
    **{
        f"{slug}_total": Series(slug, sampled=True)
        for slug in ("viewers", "views", "impressions", "likes", "comments", "shares")
    },
    "followers_total": Series("new_followers", sampled=True),
    **{name: Series(metric, sampled=True) for name, metric in _TOTALS.items()},
    "gmv_total": Series("gmv", sampled=True, is_money=True),
    "replay_views_total": Series("replay_views", sampled=True),
}  # fmt: skip
"""The series of a session. `…_total` are sampled cumulative figures of the platforms."""

PRODUCT_SERIES: Mapping[str, Series] = {
    **{slug: Series(slug) for slug in ("product_impressions", "product_clicks", "orders", "buyers", "units_sold")},
    "gmv": Series("gmv", is_money=True),
    "refund_amount": Series("refund_amount", is_money=True),
    "stock": Series("stock", sampled=True),
    "impressions_total": Series("impressions", sampled=True),
    "clicks_total": Series("product_clicks", sampled=True),
    **{name: Series(metric, sampled=True) for name, metric in _TOTALS.items()},
    "gmv_total": Series("gmv", sampled=True, is_money=True),
}
"""The series of a product."""


class Window(NamedTuple):
    """Equal half-open buckets: `begin` and `end` are multiples of `step` since the epoch in UTC."""

    begin: datetime
    end: datetime
    step: str

    @property
    def seconds(self) -> int:
        """Return the length of a bucket."""
        return STEP_SECONDS[self.step]

    def buckets(self) -> int:
        """Return the number of buckets."""
        return int((self.end - self.begin).total_seconds()) // self.seconds


def series_of(metrics: str | None, product: str | None) -> dict[str, Series]:
    """Return the series that a comma-separated list names.

    Raises:
        ProblemError: 422 at `/metrics` naming the first that is unknown.
    """
    known = SESSION_SERIES if product is None else PRODUCT_SERIES
    if metrics is None:
        metrics = "viewers,concurrent_viewers,gmv" if product is None else "product_clicks,units_sold,gmv,stock"
    chosen: dict[str, Series] = {}
    for name in (part.strip() for part in metrics.split(",")):
        if name not in known:
            raise invalid(
                "/metrics",
                f"unknown metric {name[:64]!r}; known here: {', '.join(known)}",
                "literal_error",
                expected=", ".join(known),
            )
        chosen[name] = known[name]
    return chosen


def aligned(begin: datetime, end: datetime, step: str | None) -> Window:
    """Return the buckets that cover a half-open time range; at least one.

    The default step is the shortest with at most `COMFORTABLE` buckets, else the longest.

    Raises:
        ProblemError: 422 if there are more than `MAX_BUCKETS`.
    """
    if step is None:
        fitting = (name for name, seconds in STEP_SECONDS.items() if (end - begin).total_seconds() <= seconds * COMFORTABLE)
        step = next(fitting, LONGEST)
    seconds = STEP_SECONDS[step]
    length = timedelta(seconds=seconds)
    first = (begin - _EPOCH) // length
    last = max(first + 1, -((_EPOCH - end) // length))
    if last - first > MAX_BUCKETS:
        raise too_many()
    return Window(_EPOCH + timedelta(seconds=first * seconds), _EPOCH + timedelta(seconds=last * seconds), step)


def latest_end(begin: datetime, step: str) -> datetime:
    """Return the latest end of a timeline that begins at a moment."""
    return begin + timedelta(seconds=STEP_SECONDS[step] * (MAX_BUCKETS - 1))


def too_many() -> ProblemError:
    """Return the 422 for a timeline with too many buckets."""
    return invalid(
        "/step",
        f"makes more than {MAX_BUCKETS} buckets; use a longer step, or a shorter time with from and to",
        "too_many_buckets",
        most=MAX_BUCKETS,
    )


def filled(
    series: Mapping[str, Series],
    window: Window,
    counts: Mapping[str, Mapping[int, int]],
    samples: Sequence[TimelineSample],
    head: SessionHead,
) -> dict[str, list[int | str | None]]:
    """Return the series' values: zero in a bucket without counts, null in a bucket without samples."""
    digits = digits_of(head.currency)
    off_air = off_air_since(head.broadcasts)
    latest, highest = _sampled(window, samples, off_air)
    found: dict[str, list[int | str | None]] = {}
    for name, one in series.items():
        if one.sampled:
            sampled = (highest if one.highest else latest)[one.metric]
            values = [sampled.get(number) for number in range(window.buckets())]
        else:
            values = [counts.get(one.metric, {}).get(number, 0) for number in range(window.buckets())]
        found[name] = [fixed(v, digits) if one.is_money and v is not None else v for v in values]
    return found


def _sampled(
    window: Window, samples: Sequence[TimelineSample], off_air: Mapping[str, datetime]
) -> tuple[dict[str, dict[int, int]], dict[str, dict[int, int]]]:
    """Return metric → bucket → the rooms' sum, twice: of their latest samples, and of their highest ones.

    A room without a sample in a minute keeps its last one.
    """
    latest: dict[str, dict[int, int]] = defaultdict(dict)
    highest: dict[str, dict[int, int]] = defaultdict(dict)
    ordered = sorted(samples, key=attrgetter("metric", "minute", "latest_at"))
    for metric, of_metric in groupby(ordered, key=attrgetter("metric")):
        rooms = LastSamples(off_air if metric == "concurrent_viewers" else {})
        for minute, group in groupby(of_metric, key=attrgetter("minute")):
            rooms.begin(minute)
            for sample in group:
                rooms.take(sample.platform, sample.room, sample.latest_at, sample.latest, sample.highest)
            number = int((minute - window.begin).total_seconds()) // window.seconds
            latest[metric][number] = rooms.latest
            highest[metric][number] = max(highest[metric].get(number, 0), rooms.highest)
    return latest, highest


class _Moment(NamedTuple):
    """A mark before it is printed; the order of the fields is that of the marks."""

    at: datetime
    kind: str
    product: str | None = None
    platform: str | None = None
    set: MarkRow | None = None


def marks_of(changes: Sequence[StateChange], set_marks: Sequence[MarkRow], window: Window, time_zone: str) -> list[Document]:
    """Return the marks of the window: showcased, withdrawn, sold_out, restocked, started, ended, host, mark."""
    marks: list[_Moment] = []
    for change in changes:
        if change.metric == "broadcast":
            marks.append(_Moment(change.at, "started" if change.value else "ended", None, change.platform))
        elif change.metric == "on_air":
            marks.append(_Moment(change.at, "showcased" if change.value else "withdrawn", change.key, change.platform))
    for product, levels in stock_levels(changes).items():
        before: int | None = None
        for at, pieces in levels:
            if pieces == 0 and before != 0:
                marks.append(_Moment(at, "sold_out", product))
            elif pieces > 0 and before == 0:
                marks.append(_Moment(at, "restocked", product))
            before = pieces
    marks += [_Moment(row.at, row.kind, None, row.platform, row) for row in set_marks]
    marks.sort(key=lambda mark: (mark.at, mark.kind, mark.product or ""))
    return [_mark(mark, time_zone) for mark in marks if window.begin <= mark.at < window.end]


def _mark(mark: _Moment, time_zone: str) -> Document:
    row = mark.set
    return {
        "at": local(mark.at, time_zone),
        "kind": mark.kind,
        "product": mark.product,
        "platform": mark.platform,
        "host": row.name if row is not None and row.kind == "host" else None,
        "label": row.name if row is not None and row.kind == "mark" else None,
        "text": row.text if row is not None else None,
        "until": local(row.until, time_zone) if row is not None and row.until is not None and row.until > row.at else None,
    }


def timeline_document(
    head: SessionHead,
    window: Window,
    product: str | None,
    series: Mapping[str, Series],
    counts: Mapping[str, Mapping[int, int]],
    samples: Sequence[TimelineSample],
    changes: Sequence[StateChange],
    set_marks: SetMarks,
) -> Document:
    """Return the timeline document (`TimelineDocument`), with the first `MOST` marks of the window."""
    step = timedelta(seconds=window.seconds)
    marks = marks_of(changes, set_marks.rows, window, head.time_zone)
    if set_marks.for_client:
        marks = client_marks(marks)
    return {
        "session": str(head.id),
        "product": product,
        "currency": head.currency,
        "from": local(window.begin, head.time_zone),
        "to": local(window.end, head.time_zone),
        "step": window.step,
        "buckets": [local(window.begin + number * step, head.time_zone) for number in range(window.buckets())],
        "series": filled(series, window, counts, samples, head),
        "marks": marks[:MOST],
        "marks_omitted": max(0, len(marks) - MOST) + set_marks.omitted,
    }
