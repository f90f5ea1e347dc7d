"""WeChat's API: requests, errors, and the live dashboard's figures."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.adapters.protocol import Context, Event
from app.adapters.wechat import api as wechat_api, broadcasts as wechat_broadcasts, live as wechat_live

Valid = Callable[[Iterable[Event]], list[Event]]
Sample = Callable[[str], dict[str, Any]]
DAY = datetime(2024, 6, 12, tzinfo=UTC)


def test_the_requests_are_the_published_ones(sample: Sample) -> None:
    """The requests are the published ones, path and body."""
    calls = {
        "pull_wechat_order_get": wechat_api.order_get("ACCESS_TOKEN", "37423523451235145"),
        "pull_wechat_getlivelist": wechat_broadcasts.broadcast_list("ACCESS_TOKEN", DAY),
        "pull_wechat_getlivedata": wechat_api.live_data("ACCESS_TOKEN", "export/UzFf***"),
        "pull_wechat_finder_live_data_list": wechat_api.finished_broadcasts(
            "ACCESS_TOKEN", datetime.fromtimestamp(1694142436, UTC), datetime.fromtimestamp(1694228836, UTC)
        ),
    }
    for name, call in calls.items():
        request = sample(name)["request"]
        url = f"{wechat_api.API_BASE}{call.path}?access_token={call.query['access_token']}"
        assert (request["method"], request["url"], request["json"]) == (call.method, url, call.body)


def test_no_token_and_no_secret_shows_in_a_call() -> None:
    """No token and no secret shows when a call or a token is printed."""
    printed = repr((wechat_api.order_get("T0KEN", "1"), wechat_api.stable_token("wx1", "S3CRET"), wechat_api.Token("T0KEN", 1)))
    assert "T0KEN" not in printed
    assert "S3CRET" not in printed


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (40001, wechat_api.TokenRefused),
        ("42001", wechat_api.TokenRefused),
        (45009, wechat_api.QuotaExceeded),
        ("45011", wechat_api.QuotaExceeded),
        (-1, wechat_api.Busy),
        ("-1", wechat_api.Busy),
        (48001, wechat_api.WechatError),
        ("strange", wechat_api.WechatError),
    ],
)
def test_an_error_code_has_its_type(code: object, error: type[Exception]) -> None:
    """An error code, a number or a text, has its type."""
    with pytest.raises(error) as raised:
        wechat_api.read_order_answer({"errcode": code, "errmsg": "no"})
    assert error is type(raised.value)


def test_answers_are_read(sample: Sample, context: Context) -> None:
    """Answers without error are read; what lacks is an error too."""
    assert wechat_api.read_token({"access_token": "T", "expires_in": "7200"}) == wechat_api.Token("T", 7200)
    page = wechat_api.read_page({"errcode": "0", "order_id_list": [3705115058471208928, "2"], "next_key": "k", "has_more": True})
    assert wechat_api.Page(("3705115058471208928", "2"), "k", has_more=True) == page
    assert wechat_api.read_stock({"data": {"normal_stock_num": 3, "total_stock_num": "5"}}) == 5
    broadcasts = wechat_broadcasts.read_broadcasts(sample("pull_wechat_getlivelist")["response"], context)
    assert (wechat_broadcasts.Broadcast("export/UzFf***", datetime(2024, 6, 12, 8, tzinfo=UTC)),) == broadcasts.listed
    for read in (wechat_api.read_token, wechat_api.read_order_answer, wechat_api.read_stock, wechat_api.read_aftersale_answer):
        with pytest.raises(wechat_api.Unreadable):
            read({"errcode": 0})


def test_the_dashboard_becomes_samples_of_audience_and_products(
    sample: Sample, context: Context, now: datetime, valid: Valid
) -> None:
    """The dashboard becomes samples of audience and products, its amounts in yuan."""
    reading = wechat_live.read_live_data(sample("pull_wechat_getlivedata")["response"], "export/UzFf***", context, now)
    audience, product, *_ = valid(reading.parsed.events)
    assert audience["data"] == {
        "concurrent": 128,
        "viewers_total": 1520,
        "impressions_total": 20400,
        "comments_total": 260,
        "shares_total": 14,
        "followers_total": 21,
        "average_watch_seconds": 47.0,
        "orders_total": 96,
        "buyers_total": 90,
        "gmv_total": "12345.00",
        "product_viewers_total": 2000,
        "clickers_total": 900,
    }
    assert product["data"] == {
        "product": "234245",
        "impressions_total": 2100,
        "clicks_total": 520,
        "buyers_total": 40,
        "orders_total": 42,
        "gmv_total": "4200.00",
        "stock": 956,
        "viewers_total": 1500,
        "clickers_total": 400,
    }
    assert (audience["subject"], reading.is_living) == ("wechat:export/UzFf***", True)
    assert {now.isoformat()} == {audience["time"], product["time"]}


def test_the_comparison_becomes_percentiles_beside_our_kpis(
    sample: Sample, context: Context, now: datetime, valid: Valid
) -> None:
    """Percentiles as they are; rates per ten thousand as ratios; a figure that has no KPI of ours is left out."""
    answer = sample("pull_wechat_getlivedata")["response"]
    index = json.loads(answer["live_comparison_index"])
    index["on_air"] |= {"brand_new_index": {"percentile": 5}, "average_watch_seconds_2": {}}
    answer = answer | {"live_comparison_index": index}
    reading = wechat_live.read_live_data(answer, "export/UzFf***", context, now)
    found = [one["data"] for one in valid(reading.parsed.events) if one["type"] == "live.benchmark.sampled"]
    assert [
        ("entry_rate", 20, 0.0134, 40, 0.0187), ("average_watch_seconds", 20, 60.0, 30, 51.0), ("engagement_rate", 20, 0.0061, 40, 0.0103),
        ("interaction_rate", 20, 0.0038, 60, 0.0012),
    ] == [
        tuple(data[name] for name in ("kpi", "percentile", "value", "recent_percentile", "recent_value"))  # type: ignore[index]
        for data in found
    ]  # fmt: skip
    assert {10} == {data["recent_minutes"] for data in found}  # type: ignore[index]
    assert ("live_comparison_index: brand_new_index", "live_comparison_index: average_watch_seconds_2") == reading.parsed.ignored
    over = {"is_living": False, "ended": {"average_watch_seconds": {"value": 60, "percentile": 77}}}
    ended = wechat_live.read_live_data(answer | {"live_comparison_index": over}, "e", context, now).parsed.events
    assert {"kpi": "average_watch_seconds", "indicator": "average_watch_seconds", "percentile": 77, "value": 60.0} == ended[-1][
        "data"
    ]


def test_blocks_may_be_objects(sample: Sample, context: Context, now: datetime) -> None:
    """Blocks that are objects say the same as blocks that are JSON texts; a broken one is left out."""
    texts = sample("pull_wechat_getlivedata")["response"]
    objects = {name: json.loads(value) if isinstance(value, str) and value[:1] == "{" else value for name, value in texts.items()}
    read = [wechat_live.read_live_data(answer, "e", context, now).parsed.events for answer in (texts, objects)]
    assert read[0] == read[1]
    broken = wechat_live.read_live_data({**texts, "live_ec_data_summary": "{"}, "e", context, now).parsed.events[0]
    assert broken["data"] == {
        "viewers_total": 1520,
        "impressions_total": 20400,
        "followers_total": 21,
        "average_watch_seconds": 47.0,
    }


def test_natural_and_paid_traffic_are_told_apart(sample: Sample, context: Context, now: datetime, valid: Valid) -> None:
    """Types 1 to 3 are natural, boosted and advertised traffic; public and private domain divide the same people again."""
    types = [(1, 900, 500_000), ("2", 300, None), (3, 320, 734_500), (4, 1520, 1_234_500), (0, 1, 1), (3, None, None)]
    stats = [{"live_dst_channel_type": kind, "uv": uv, "gmv": gmv} for kind, uv, gmv in types]
    channel = json.dumps({"live_dist_channel_source_stats": stats})
    answer = sample("pull_wechat_getlivedata")["response"] | {"live_distribution_channel": channel}
    events = valid(wechat_live.read_live_data(answer, "e", context, now).parsed.events)
    assert [
        {"source": "natural", "paid": False, "viewers_total": 900, "gmv_total": "5000.00"},
        {"source": "boosted", "paid": True, "viewers_total": 300},
        {"source": "ads", "paid": True, "viewers_total": 320, "gmv_total": "7345.00"},
    ] == [event["data"] for event in events if event["type"] == "live.source.sampled"]


def test_a_shop_may_name_products_by_their_source_id(sample: Sample, now: datetime) -> None:
    """A shop may name its products by the id of the shop they come from."""
    context = Context("//test", {"product_id": "src_spu_id"})
    events = wechat_live.read_live_data(sample("pull_wechat_getlivedata")["response"], "e", context, now).parsed.events
    assert events[1]["data"]["product"] == "10000105888088"  # type: ignore[index]


def test_figures_that_were_not_sent_are_absent_and_not_zero(context: Context, now: datetime) -> None:
    """Figures that are not in the answer are absent; an answer without any is a dead letter."""
    answer = {"errcode": 0, "live_ec_data_summary": {"online_audience_count": 0}}
    assert wechat_live.read_live_data(answer, "e", context, now).parsed.events[0]["data"] == {"concurrent": 0}
    empty = wechat_live.read_live_data({"errcode": 0}, "e", context, now).parsed
    assert (empty.events, len(empty.unknown)) == ((), 1)


def test_a_finished_live_is_dated_at_its_end(sample: Sample, context: Context, valid: Valid) -> None:
    """A finished live is dated at its end, and the page says where the next begins."""
    page = wechat_live.read_finished_broadcasts(sample("pull_wechat_finder_live_data_list")["response"], context)
    event = valid(page.parsed.events)[0]
    assert event["time"] == "2023-09-08T04:07:16+00:00"
    assert (event["data"]["likes_total"], event["data"]["viewers_total"]) == (1_000_000, 10_000)  # type: ignore[index]
    assert (page.last_buffer, page.has_more) == ("EB4YAg=", True)
