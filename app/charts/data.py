"""The rows of each chart, and a sentence that describes them to screen readers.

In: documents of the read side, a language. Out: rows by the name of their data source, texts for labels, a description.
Never here: figures that are in no document, styles.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.charts.lines import restarts, segments
from app.charts.placement import clearances, gaps
from app.labels.catalogue import Language, label, label_or
from app.labels.notation import NOTHING, grouped, money_text

Documents = Mapping[str, Mapping[str, Any]]
Row = dict[str, Any]

PLATFORM_KPIS = ("viewers", "comments", "likes", "product_clicks", "orders", "gmv")
MOST_PRODUCTS = 12
"""The most bars that are readable on a phone; other products are one bar."""
MOST_TOLD = 12
"""The most marks that the description names."""
LINE_TOP, LINE_TOP_BELOW_MARKS = 64, 90
"""Pixels between the top of the timeline and its line; the products on air, sell-outs and marks are above it."""


@dataclass(frozen=True, slots=True)
class ChartData:
    """The data of a chart."""

    description: str
    datasets: Mapping[str, Sequence[Row]]
    words: Mapping[str, str] = field(default_factory=dict)
    """Values for the placeholders of the chart's labels."""
    sizes: Mapping[str, float] = field(default_factory=dict)
    """Values of the chart's own parameters, in pixels."""
    empty: bool = False
    """True if there is nothing to draw."""


class Clock:
    """Converts timestamps to the session's local time, labelled as UTC.

    Vega supports the reader's time zone and UTC, but not the session's. The offset of the first timestamp is used for the whole
    chart: with two offsets, a clock change would draw two hours on top of each other.
    """

    def __init__(self, first: str) -> None:
        """Take the offset of a moment in RFC 3339."""
        self._offset = datetime.fromisoformat(first).utcoffset() or timedelta()

    def shifted(self, moment: str) -> datetime:
        """Return the wall clock's time, labelled UTC."""
        return datetime.fromisoformat(moment).astimezone(UTC) + self._offset


def offset_of(moment: str) -> str:
    """Return the offset of a moment in RFC 3339: UTC+9, UTC+5:30, UTC."""
    minutes = int((datetime.fromisoformat(moment).utcoffset() or timedelta()).total_seconds()) // 60
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")


def _epoch(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _number(value: float | str | None) -> str:
    """Return a figure with separators; `—` if there is none."""
    return NOTHING if value is None else grouped(str(value))


def _money(amount: str | None, currency: str, language: Language) -> str:
    return NOTHING if amount is None else money_text(amount, currency, language)


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{Decimal(str(share)) * 100:.1f}%"


def _listing(parts: Sequence[str], language: Language) -> str:
    return label("insight.separator", language).join(parts) or NOTHING


def timeline(documents: Documents, language: Language) -> ChartData:
    """Return the minute chart: concurrent viewers, GMV, windows on air, stock-outs, hosts and marks."""
    document = documents["timeline"]
    names = product_names(documents["products"])
    clock = Clock(document["from"])
    begin, end = clock.shifted(document["from"]), clock.shifted(document["to"])
    moments = [clock.shifted(bucket) for bucket in document["buckets"]]
    series, currency = document["series"], document["currency"]
    buckets = [
        {
            "at": _epoch(at),
            "until": _epoch(until),
            "time": f"{at:%H:%M}",
            "gmv": float(gmv),
            "gmv_text": _money(gmv, currency, language),
        }
        for at, until, gmv in zip(moments, [*moments[1:], end], series["gmv"], strict=True)
    ]
    begun_again = [clock.shifted(at) for at in restarts(document["marks"])]
    samples = _samples(moments, end, series["concurrent_viewers"], begun_again)
    windows = []
    for showcase in documents["showcases"]["showcases"]:
        start, stop = max(begin, clock.shifted(showcase["from"])), min(end, clock.shifted(showcase["to"]))
        if start < stop:
            times = f"{start:%H:%M}–{stop:%H:%M}"
            name = names.get(showcase["product"], showcase["product"])
            middle = (_epoch(start) + _epoch(stop)) / 2
            windows.append({"at": _epoch(start), "until": _epoch(stop), "middle": middle, "times": times, "product": name})
    sold_out = []
    for mark in document["marks"]:
        if mark["kind"] == "sold_out":
            at, name = clock.shifted(mark["at"]), names.get(mark["product"], mark["product"])
            text = label("chart.sold_out.of", language).format(product=name)
            sold_out.append({"at": _epoch(at), "time": f"{at:%H:%M}", "product": name, "text": text})
    marks = _marks(document["marks"], clock, end, language)
    _clear(windows, "middle", begin, end, clearances)
    _clear(sold_out, "at", begin, end, gaps)
    _clear(marks, "at", begin, end, gaps)
    peak = max(samples, key=lambda sample: sample["viewers"], default=None)
    words = {"currency": document["currency"], "time_zone": offset_of(document["from"])}
    description = label("chart.timeline.description", language).format(
        begin=f"{begin:%H:%M}",
        end=f"{end:%H:%M}",
        peak=NOTHING if peak is None else _number(peak["viewers"]),
        peak_time=NOTHING if peak is None else peak["time"],
        gmv=_money(str(sum((Decimal(gmv) for gmv in series["gmv"]), Decimal(0))), currency, language),
        windows=len(windows),
        sold_out=_listing([f"{row['product']} {row['time']}" for row in sold_out], language),
        marks=_listing([f"{row['text']} {row['time']}" for row in marks[:MOST_TOLD]] + _more(len(marks), language), language),
        **words,
    )
    empty = not windows and not sold_out and not marks and peak is None and not any(bucket["gmv"] for bucket in buckets)
    datasets = {"buckets": buckets, "samples": samples, "windows": windows, "sold_out": sold_out, "marks": marks}
    return ChartData(description, datasets, words, {"top": LINE_TOP_BELOW_MARKS if marks else LINE_TOP}, empty)


def _samples(
    moments: Sequence[datetime], end: datetime, values: Sequence[int | None], begun_again: Sequence[datetime]
) -> list[Row]:
    """Return the buckets that hold a sample, each with its segment of the line; one that stands alone is a point."""
    seen = [
        (at, until, value) for at, until, value in zip(moments, [*moments[1:], end], values, strict=True) if value is not None
    ]
    places = segments([(at, until) for at, until, _ in seen], begun_again)
    sizes = Counter(places)
    return [
        {"at": _epoch(at), "time": f"{at:%H:%M}", "viewers": value, "segment": place, "alone": sizes[place] == 1}
        for (at, _, value), place in zip(seen, places, strict=True)
    ]


def _marks(marks: Sequence[Mapping[str, Any]], clock: Clock, end: datetime, language: Language) -> list[Row]:
    """Return who presents from when, and what was marked; a client's document holds neither texts nor internal marks."""
    found: list[Row] = []
    for mark in marks:
        if mark["kind"] not in {"host", "mark"}:
            continue
        at = clock.shifted(mark["at"])
        until = None if mark["until"] is None else min(end, clock.shifted(mark["until"]))
        if mark["kind"] == "host":
            text = label("mark.host", language).format(host=mark["host"])
        else:
            text = label_or(f"mark.{mark['label']}", mark["label"], language)
        times = f"{at:%H:%M}" if until is None else f"{at:%H:%M}–{until:%H:%M}"
        row = {"at": _epoch(at), "until": until and _epoch(until), "time": times, "kind": mark["kind"], "text": text}
        found.append(row | {"note": mark["text"] or ""})
    return found


def _more(count: int, language: Language) -> list[str]:
    if count <= MOST_TOLD:
        return []
    return [label("section.marks.more", language).format(count=count - MOST_TOLD)]


def _clear(
    rows: Sequence[Row], place: str, begin: datetime, end: datetime, measure: Callable[[Sequence[float]], list[float]]
) -> None:
    """Give each row the room of its label, as a share of the chart's width."""
    first, length = _epoch(begin), max(1, _epoch(end) - _epoch(begin))
    for row, clearance in zip(rows, measure([(row[place] - first) / length for row in rows]), strict=True):
        row["clearance"] = round(clearance, 6)


def product_names(products: Mapping[str, Any]) -> dict[str, str]:
    """Return code → name of every product of a products document."""
    return {row["product"]: row["name"] for row in (*products["products"], *products["other"]["products"])}


def funnel(documents: Documents, language: Language) -> ChartData:
    """Return the steps from impressions to buyers; a step that nothing supplied is shown as absent."""
    found = documents["funnel"]["steps"]
    steps: list[Row] = []
    for above, step in zip([None, *found], found, strict=False):
        text = _number(step["value"])
        if step["rate"] is not None:
            percent = Decimal(str(step["rate"])) * 100
            rate = f"{grouped(f'{percent:.2f}')}%"
            if above is not None and step["rate_of"] != above["kpi"]:
                rate = label("traffic.rate_of", language).format(rate=rate, step=label(f"metric.{step['rate_of']}", language))
            text += f" · {rate}"
        steps.append({"label": label(f"metric.{step['kpi']}", language), "value": step["value"] or 0, "text": text})
    parts = [f"{step['label']} {step['text']}" for step in steps]
    description = label("chart.funnel.description", language).format(steps=_listing(parts, language))
    empty = all(step["value"] is None for step in found)
    return ChartData(description, {"steps": steps}, empty=empty)


def platforms(documents: Documents, language: Language) -> ChartData:
    """Return each platform's share of the session's main figures."""
    document = documents["kpis"]
    parts: list[Row] = []
    for slug in PLATFORM_KPIS:
        values = {name: kpis[slug]["value"] for name, kpis in document["by_platform"].items()}
        total = sum((Decimal(str(value)) for value in values.values() if value is not None), Decimal(0))
        if total > 0:
            parts += [
                {
                    "label": label(f"metric.{slug}", language),
                    "platform": platform,
                    "platform_name": label_or(f"platform.{platform}", platform, language),
                    "share": float(Decimal(str(value or 0)) / total),
                    "text": _money(value, document["currency"], language) if slug == "gmv" else _number(value),
                }
                for platform, value in values.items()
            ]
    texts = [f"{row['label']} {row['platform_name']} {row['text']}" for row in parts]
    description = label("chart.platforms.description", language).format(parts=_listing(texts, language))
    return ChartData(description, {"parts": parts}, empty=not parts)


def sources(documents: Documents, language: Language) -> ChartData:
    """Return arrivals by traffic source, the largest first."""
    found = [
        {
            "label": label("source.unknown", language)
            if row["source"] is None
            else label_or(f"source.{row['source']}", row["source"], language),
            "viewers": row["viewers"],
            "text": f"{_number(row['viewers'])} · {_percent(row['share'])}",
        }
        for row in documents["audience"]["by_source"]
    ]
    parts = [f"{row['label']} {row['text']}" for row in found]
    description = label("chart.sources.description", language).format(sources=_listing(parts, language))
    return ChartData(description, {"sources": found}, empty=not found)


def products(documents: Documents, language: Language) -> ChartData:
    """Return GMV by product, the largest first; what is left of the session's total is one more bar, never dropped."""
    document = documents["products"]
    sold = [row for row in document["products"] if row["gmv"] is not None]
    shown = sorted(sold, key=lambda row: Decimal(row["gmv"]), reverse=True)[:MOST_PRODUCTS]
    total = document["total"]
    bars = [(row["name"], row["gmv"], row["units"], row["clicks"], False) for row in shown]
    if total["gmv"] is not None:
        rest = Decimal(total["gmv"]) - sum((Decimal(row["gmv"]) for row in shown), Decimal(0))
        if rest:
            key = "product.other" if len(shown) == len(sold) else "chart.products.rest"
            left = [
                None if total[field] is None else total[field] - sum(row[field] or 0 for row in shown)
                for field in ("units", "clicks")
            ]
            bars.append((label(key, language), str(rest), left[0], left[1], True))
    pieces = label("chart.pieces", language)
    found = [
        {
            "row": number,
            "label": name,
            "gmv": float(gmv),
            "gmv_text": _money(gmv, document["currency"], language),
            "units": units,
            "clicks": clicks,
            "rest": rest,
            "text": " · ".join(
                [_money(gmv, document["currency"], language), *([] if units is None else [pieces.format(units=_number(units))])]
            ),
        }
        for number, (name, gmv, units, clicks, rest) in enumerate(bars)
    ]
    words = {"currency": document["currency"]}
    parts = [f"{row['label']} {row['text']}" for row in found]
    description = label("chart.products.description", language).format(products=_listing(parts, language), **words)
    return ChartData(description, {"products": found}, words, empty=not found)
