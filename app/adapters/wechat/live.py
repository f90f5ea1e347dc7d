"""WeChat's live dashboard: cumulative figures of a broadcast.

In: the answers of getlivedata and get_finder_live_data_list (calls: `wechat_api`). Out: samples of the audience, of every
product, of natural, boosted and advertised traffic, and of the platform's own comparison; a dead letter per figure that cannot be
read. Never here: differences between samples, likes (the platform states a rate only), HTTP.

Source: WeChat livedashboard pages, WxJava's beans, FlurlHttpClient's samples. The blocks of getlivedata are JSON texts or
objects.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.adapters.documents import embedded_json
from app.adapters.event_collector import EventCollector, cloud_event
from app.adapters.figures import Figures
from app.adapters.parsing import any_timestamp, as_list, as_map, first, first_value, identifier, is_set
from app.adapters.polled import no_events, refuse_deliveries
from app.adapters.protocol import (
    Context,
    Event,
    Options,
    Parsed,
    Secret,
    Secrets,
    covers_body,
    no_url_check,
)
from app.adapters.validation import CommonOptions, check_connection
from app.adapters.wechat.api import Unreadable, checked

KIND = "wechat_live"
PLATFORM = "wechat"
SECRETS = (Secret("appid"), Secret("app_secret"))
signature_covers = covers_body
answer = no_url_check
verify = refuse_deliveries
parse = no_events


class LiveOptions(CommonOptions):
    """Options of the dashboard's poller."""

    product_id: Literal["spu_id", "src_spu_id"] = "spu_id"
    """Which of a product's two ids is its code: the dashboard's, which orders use too, or that of the shop it came from."""


OPTIONS = LiveOptions


def check(secrets: Secrets, options: Options) -> None:
    """Accept the secrets and options, or raise `Misconfigured`."""
    check_connection(SECRETS, secrets, options, LiveOptions)


@dataclass(frozen=True, slots=True)
class LiveReading:
    """The dashboard's state of a broadcast."""

    parsed: Parsed
    is_living: bool | None
    """None if the answer does not state it."""
    started_at: datetime | None
    duration_seconds: int | None


@dataclass(frozen=True, slots=True)
class BroadcastChange:
    """A start or an end of a broadcast."""

    state: Literal["started", "ended"]
    name: str
    """Identifies it among the starts and ends of the broadcast; the same for every reader."""
    at: datetime


def session_events(export_id: str, context: Context, marks: Iterable[BroadcastChange]) -> tuple[Event, ...]:
    """Return `live.session.started` and `live.session.ended` of a broadcast."""
    subject = context.session or f"{PLATFORM}:{export_id}"
    return tuple(
        cloud_event(context.source, f"live.session.{mark.state}", f"{export_id}/{mark.state}/{mark.name}", subject, mark.at, {})
        for mark in marks
    )


def _block(answer: Mapping[str, object], name: str, collector: EventCollector) -> Mapping[str, object]:
    """Return a block of getlivedata, which is an object or the JSON text of one; empty if it is absent or neither."""
    value = answer.get(name)
    found = embedded_json(value) if isinstance(value, str) else value
    if value not in (None, "") and not isinstance(found, dict):
        collector.unreadable(f"getlivedata: {name}", value)
    return as_map(found)


def read_live_data(answer: object, export_id: str, context: Context, sampled_at: datetime) -> LiveReading:
    """Return the samples of one getlivedata answer.

    Raises:
        WechatError: the answer is an error.
    """
    found = checked(answer)
    collector = EventCollector(context)
    dashboard = _block(found, "live_dashboard_data", collector)
    broadcast = Figures(dashboard, "getlivedata: live_dashboard_data", collector)
    inner = as_map(as_map(dashboard.get("live_dashboard_data")).get("summary"))
    summary = Figures(inner, "getlivedata: live_dashboard_data.summary", collector)
    commerce = Figures(_block(found, "live_ec_data_summary", collector), "getlivedata: live_ec_data_summary", collector)
    data: dict[str, object] = {
        "concurrent": commerce.count("online_audience_count"),
        "viewers_total": first_value(commerce.count("cumulative_audience_count"), summary.count("new_watch_uv")),
        # People who saw the broadcast's card; the dashboard has no count of its views.
        "impressions_total": summary.count("impression_uv"),
        "comments_total": commerce.count("new_comment_count"),
        "shares_total": commerce.count("share_live_audience_count"),
        "followers_total": first_value(commerce.count("new_follow_count"), summary.count("new_follow_uv")),
        "average_watch_seconds": first_value(
            commerce.seconds("average_watch_seconds_per_audience"), summary.seconds("average_watch_seconds_per_audience")
        ),
        "orders_total": commerce.count("total_pay_pv"),
        "buyers_total": commerce.count("total_pay_uv"),
        "gmv_total": commerce.fen("total_gmv"),
        "product_viewers_total": commerce.count("total_exp_uv"),
        "clickers_total": commerce.count("total_clk_uv"),
    }
    subject = context.session or f"{PLATFORM}:{export_id}"
    stamp = f"{export_id}/{int(sampled_at.timestamp())}"
    if any(value is not None for value in data.values()):
        collector.event(
            "live.audience.sampled", id=f"{stamp}/audience", subject=subject, time=sampled_at, data=data, raw=dict(found)
        )
    else:
        collector.unknown("getlivedata: no figures that we know", dict(found))
    for row in as_list(_block(found, "single_live_ec_spu_data_page_v2", collector).get("spu_data_list")):
        _product(as_map(row), stamp, subject, context, sampled_at, collector)
    for row in as_list(_block(found, "live_distribution_channel", collector).get("live_dist_channel_source_stats")):
        _source(as_map(row), stamp, subject, sampled_at, collector)
    index = _block(found, "live_comparison_index", collector)
    _comparison(index, stamp, subject, sampled_at, collector)
    is_living = _is_living(index, collector)
    started_at, seconds = broadcast.time("start_time"), broadcast.count("live_duration")
    return LiveReading(collector.result(), is_living, started_at, seconds)


INDICATORS: Mapping[str, tuple[str, int]] = {
    # Viewers who stayed, of those whom the platform's recommendation reached.
    "recommend_effective_new_watch_2_uv_over_impression_uv": ("entry_rate", 10_000),
    "average_watch_seconds": ("average_watch_seconds", 1),
    "comment_uv_over_new_watch_uv": ("engagement_rate", 10_000),
    "like_uv_over_new_watch_uv": ("interaction_rate", 10_000),
}
"""Figure of `live_comparison_index` → the KPI beside which it stands, and what it counts per: ratios are per ten thousand."""


def _comparison(index: Mapping[str, object], stamp: str, subject: str, sampled_at: datetime, collector: EventCollector) -> None:
    """Collect WeChat's comparison: percentiles of the broadcast so far, and of the last `n` minutes while it is on air."""
    for name, found in as_map(first(index, "on_air", "ended")).items():
        kpi, per = INDICATORS.get(name, (None, 1))
        if kpi is None:
            collector.ignore(f"live_comparison_index: {name}"[:200])
            continue
        figures = Figures(as_map(found), f"getlivedata: live_comparison_index.{name}", collector)
        percentile = figures.count("percentile")
        if percentile is None:
            collector.ignore(f"live_comparison_index: {name}")
            continue

        def rate(field: str, figures: Figures = figures, per: int = per) -> float | None:
            value = figures.count(field)
            return None if value is None else value / per

        collector.event(
            "live.benchmark.sampled",
            id=f"{stamp}/benchmark/{name}",
            subject=subject,
            time=sampled_at,
            data={
                "kpi": kpi,
                "indicator": name,
                "percentile": percentile,
                "value": rate("value"),
                "recent_minutes": figures.count("n"),
                "recent_percentile": figures.count("last_n_mins_percentile"),
                "recent_value": rate("last_n_mins_value"),
            },
            raw=dict(figures.found),
        )


def _is_living(index: Mapping[str, object], collector: EventCollector) -> bool | None:
    """Return `is_living`, sent as a boolean, a number or a text; without it, the block that is present decides."""
    value = index.get("is_living")
    stated = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    if stated is None and value not in (None, ""):
        collector.unreadable("getlivedata: live_comparison_index.is_living", value)
    if stated is None and ("on_air" in index) != ("ended" in index):
        return "on_air" in index
    return stated


def _product(
    row: Mapping[str, object], stamp: str, subject: str, context: Context, sampled_at: datetime, collector: EventCollector
) -> None:
    part = "getlivedata: single_live_ec_spu_data_page_v2.spu_data_list"
    figures, base = Figures(row, part, collector), as_map(row.get("base_data"))
    product = identifier(base.get(context.text("product_id") or "spu_id")) or identifier(first(base, "spu_id", "src_spu_id"))
    collector.event(
        "live.product.sampled",
        id=f"{stamp}/product/{product}",
        subject=subject,
        time=sampled_at,
        data={
            "product": product,
            "impressions_total": figures.count("exp_pv"),
            "clicks_total": figures.count("clk_pv"),
            "buyers_total": figures.count("pay_uv"),
            "orders_total": figures.count("pay_pv"),
            "gmv_total": figures.fen("gmv"),
            "stock": first_value(figures.count("stock"), Figures(base, f"{part}.base_data", collector).count("stock")),
            "viewers_total": figures.count("exp_uv"),
            "clickers_total": figures.count("clk_uv"),
        },
        raw=dict(row),
    )


_FLOWS = {1: ("natural", False), 2: ("boosted", True), 3: ("ads", True)}
"""Type of traffic → our source, and whether it was paid for. Types 4 and 5, public and private domain, are another division."""


def _source(row: Mapping[str, object], stamp: str, subject: str, sampled_at: datetime, collector: EventCollector) -> None:
    stated = Figures(row, "getlivedata: live_distribution_channel.live_dist_channel_source_stats", collector)
    flow = _FLOWS.get(stated.count("live_dst_channel_type") or 0)
    if flow is None:
        return
    figures = {"viewers_total": stated.count("uv"), "gmv_total": stated.fen("gmv")}
    if all(value is None for value in figures.values()):
        return
    source, paid = flow
    collector.event(
        "live.source.sampled",
        id=f"{stamp}/source/{source}",
        subject=subject,
        time=sampled_at,
        data={"source": source, "paid": paid, **figures},
        raw=dict(row),
    )


@dataclass(frozen=True, slots=True)
class FinishedPage:
    """A page of finished broadcasts."""

    parsed: Parsed
    last_buffer: str
    has_more: bool


def read_finished_broadcasts(answer: object, context: Context) -> FinishedPage:
    """Return the totals of finished broadcasts, each dated at its end.

    The peak (`max_online_count`) has no time, so it is not sampled.

    Raises:
        WechatError: the answer is an error, or has more than it gives a place for.
    """
    found = checked(answer)
    collector = EventCollector(context)
    for item in as_list(found.get("item")):
        row = as_map(item)
        export_id = identifier(row.get("export_id"))
        figures = Figures(row, "get_finder_live_data_list", collector)
        start, length = figures.time("live_start_time"), figures.count("live_duration_in_seconds")
        ended_at = None if start is None or length is None else any_timestamp(int(start.timestamp()) + length)
        if export_id is None or ended_at is None:
            collector.unknown("get_finder_live_data_list: no export_id or no times", dict(row))
            continue
        collector.event(
            "live.audience.sampled",
            id=f"{export_id}/{int(ended_at.timestamp())}/finished",
            subject=context.session or f"{PLATFORM}:{export_id}",
            time=ended_at,
            data={
                "viewers_total": figures.count("total_audience_count"),
                "likes_total": figures.count("total_cheer_count"),
                "shares_total": figures.count("forward_count"),
                "comments_total": figures.count("total_comment_count"),
                "average_watch_seconds": figures.seconds("audiences_avg_seconds"),
                "followers_total": figures.count("new_follow_count"),
            },
            raw=dict(row),
        )
    buffer = found.get("last_buffer")
    buffer = buffer if isinstance(buffer, str) else ""
    more = is_set(found.get("continue_flag"))
    if more and not buffer:
        raise Unreadable("last_buffer")
    return FinishedPage(collector.result(), buffer, more)
