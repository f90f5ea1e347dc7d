"""WeChat's live dashboard: cumulative figures of a broadcast.

In: the answers of getlivedata and get_finder_live_data_list (calls: `wechat_api`). Out: samples of the audience, of every
product, of natural, boosted and advertised traffic, and of the platform's own comparison. Never here: differences between
samples, likes (the platform states a rate only), HTTP.

Source: WeChat livedashboard pages, WxJava's beans, FlurlHttpClient's samples. The blocks of getlivedata are JSON texts or
objects.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.adapters.documents import embedded_json
from app.adapters.event_collector import EventCollector, cloud_event
from app.adapters.parsing import as_list, as_map, duration, first, first_value, identifier, integer, timestamp, yuan
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
from app.adapters.wechat.api import checked

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


def block(answer: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a block of getlivedata, which is an object or the JSON text of one; empty if it is neither."""
    value = answer.get(name)
    if isinstance(value, str):
        value = embedded_json(value)
    return as_map(value)


def _fen(value: object) -> str | None:
    amount = integer(value)
    return None if amount is None else yuan(amount)


def read_live_data(answer: object, export_id: str, context: Context, sampled_at: datetime) -> LiveReading:
    """Return the samples of one getlivedata answer.

    Raises:
        WechatError: the answer is an error.
    """
    found = checked(answer)
    dashboard = block(found, "live_dashboard_data")
    summary = as_map(as_map(dashboard.get("live_dashboard_data")).get("summary"))
    commerce = block(found, "live_ec_data_summary")
    data: dict[str, object] = {
        "concurrent": integer(commerce.get("online_audience_count")),
        "viewers_total": first_value(integer(commerce.get("cumulative_audience_count")), integer(summary.get("new_watch_uv"))),
        # People who saw the broadcast's card; the dashboard has no count of its views.
        "impressions_total": integer(summary.get("impression_uv")),
        "comments_total": integer(commerce.get("new_comment_count")),
        "shares_total": integer(commerce.get("share_live_audience_count")),
        "followers_total": first_value(integer(commerce.get("new_follow_count")), integer(summary.get("new_follow_uv"))),
        "average_watch_seconds": first_value(
            duration(commerce.get("average_watch_seconds_per_audience")),
            duration(summary.get("average_watch_seconds_per_audience")),
        ),
        "orders_total": integer(commerce.get("total_pay_pv")),
        "buyers_total": integer(commerce.get("total_pay_uv")),
        "gmv_total": _fen(commerce.get("total_gmv")),
        "product_viewers_total": integer(commerce.get("total_exp_uv")),
        "clickers_total": integer(commerce.get("total_clk_uv")),
    }
    collector = EventCollector(context)
    subject = context.session or f"{PLATFORM}:{export_id}"
    stamp = f"{export_id}/{int(sampled_at.timestamp())}"
    if any(value is not None for value in data.values()):
        collector.event(
            "live.audience.sampled", id=f"{stamp}/audience", subject=subject, time=sampled_at, data=data, raw=dict(found)
        )
    else:
        collector.unknown("getlivedata: no figures that we know", dict(found))
    for row in as_list(block(found, "single_live_ec_spu_data_page_v2").get("spu_data_list")):
        _product(as_map(row), stamp, subject, context, sampled_at, collector)
    for row in as_list(block(found, "live_distribution_channel").get("live_dist_channel_source_stats")):
        _source(as_map(row), stamp, subject, sampled_at, collector)
    index = block(found, "live_comparison_index")
    _comparison(index, stamp, subject, sampled_at, collector)
    started_at, seconds = timestamp(dashboard.get("start_time")), integer(dashboard.get("live_duration"))
    return LiveReading(collector.result(), _is_living(index), started_at, seconds)


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
        figure = as_map(found)
        kpi, per = INDICATORS.get(name, (None, 1))
        percentile = integer(figure.get("percentile"))
        if kpi is None or percentile is None:
            collector.ignore(f"live_comparison_index: {name}"[:200])
            continue

        def rate(field: str, figure: Mapping[str, object] = figure, per: int = per) -> float | None:
            value = integer(figure.get(field))
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
                "recent_minutes": integer(figure.get("n")),
                "recent_percentile": integer(figure.get("last_n_mins_percentile")),
                "recent_value": rate("last_n_mins_value"),
            },
            raw=dict(figure),
        )


def _is_living(index: Mapping[str, object]) -> bool | None:
    """Return `is_living`, sent as a boolean, a number or a text; without it, the block that is present decides."""
    stated = {"true": True, "1": True, "false": False, "0": False}.get(str(index.get("is_living")).lower())
    if stated is None and ("on_air" in index) != ("ended" in index):
        return "on_air" in index
    return stated


def _product(
    row: Mapping[str, object], stamp: str, subject: str, context: Context, sampled_at: datetime, collector: EventCollector
) -> None:
    base = as_map(row.get("base_data"))
    product = identifier(base.get(context.text("product_id") or "spu_id")) or identifier(first(base, "spu_id", "src_spu_id"))
    collector.event(
        "live.product.sampled",
        id=f"{stamp}/product/{product}",
        subject=subject,
        time=sampled_at,
        data={
            "product": product,
            "impressions_total": integer(row.get("exp_pv")),
            "clicks_total": integer(row.get("clk_pv")),
            "buyers_total": integer(row.get("pay_uv")),
            "orders_total": integer(row.get("pay_pv")),
            "gmv_total": _fen(row.get("gmv")),
            "stock": first_value(integer(row.get("stock")), integer(base.get("stock"))),
            "viewers_total": integer(row.get("exp_uv")),
            "clickers_total": integer(row.get("clk_uv")),
        },
        raw=dict(row),
    )


_FLOWS = {1: ("natural", False), 2: ("boosted", True), 3: ("ads", True)}
"""Type of traffic → our source, and whether it was paid for. Types 4 and 5, public and private domain, are another division."""


def _source(row: Mapping[str, object], stamp: str, subject: str, sampled_at: datetime, collector: EventCollector) -> None:
    flow = _FLOWS.get(integer(row.get("live_dst_channel_type")) or 0)
    figures = {"viewers_total": integer(row.get("uv")), "gmv_total": _fen(row.get("gmv"))}
    if flow is None or all(value is None for value in figures.values()):
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
        WechatError: the answer is an error.
    """
    found = checked(answer)
    collector = EventCollector(context)
    for item in as_list(found.get("item")):
        row = as_map(item)
        export_id = identifier(row.get("export_id"))
        start, length = integer(row.get("live_start_time")), integer(row.get("live_duration_in_seconds"))
        ended_at = None if start is None or length is None else timestamp(start + length)
        if export_id is None or ended_at is None:
            collector.unknown("get_finder_live_data_list: no export_id or no times", dict(row))
            continue
        collector.event(
            "live.audience.sampled",
            id=f"{export_id}/{int(ended_at.timestamp())}/finished",
            subject=context.session or f"{PLATFORM}:{export_id}",
            time=ended_at,
            data={
                "viewers_total": integer(row.get("total_audience_count")),
                "likes_total": integer(row.get("total_cheer_count")),
                "shares_total": integer(row.get("forward_count")),
                "comments_total": integer(row.get("total_comment_count")),
                "average_watch_seconds": duration(row.get("audiences_avg_seconds")),
                "followers_total": integer(row.get("new_follow_count")),
            },
            raw=dict(row),
        )
    buffer = found.get("last_buffer")
    buffer = buffer if isinstance(buffer, str) else ""
    return FinishedPage(collector.result(), buffer, found.get("continue_flag") is True and bool(buffer))
