"""A figure of a sample that is there and cannot be read is a dead letter that names it; the others are taken."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.adapters.protocol import Context, Parsed
from app.adapters.wechat import broadcasts, live as wechat_live
from app.adapters.wechat.api import Page, Unreadable, read_page
from app.adapters.weibo import counts as weibo_counts, live as weibo_live

Sample = Callable[[str], dict[str, Any]]
UNREADABLE: list[object] = ["1.2万", "--", "1.5", 1.5, -1, True, [], {"n": 1}, 10**30]
TIMES: list[object] = ["--", -1, True, [], {"n": 1}, 10**30, 5]
ABSENT: list[object] = [None, ""]
NO_LISTS: list[object] = [{"errcode": 0}, {}, None, []]
COMMERCE, SPU, CHANNEL, INDEX = (
    "live_ec_data_summary", "single_live_ec_spu_data_page_v2", "live_distribution_channel", "live_comparison_index",
)  # fmt: skip
DASHBOARD = "live_dashboard_data"
RECOMMENDED = "recommend_effective_new_watch_2_uv_over_impression_uv"
PLACES: list[tuple[tuple[str | int, ...], str, str, str]] = [
    ((COMMERCE, "total_gmv"), f"{COMMERCE}.total_gmv", "live.audience.sampled", "gmv_total"),
    ((COMMERCE, "online_audience_count"), f"{COMMERCE}.online_audience_count", "live.audience.sampled", "concurrent"),
    ((DASHBOARD, DASHBOARD, "summary", "impression_uv"), f"{DASHBOARD}.summary.impression_uv", "live.audience.sampled", "impressions_total"),
    ((SPU, "spu_data_list", 0, "gmv"), f"{SPU}.spu_data_list.gmv", "live.product.sampled", "gmv_total"),
    ((SPU, "spu_data_list", 0, "clk_pv"), f"{SPU}.spu_data_list.clk_pv", "live.product.sampled", "clicks_total"),
    ((CHANNEL, "live_dist_channel_source_stats", 0, "uv"), f"{CHANNEL}.live_dist_channel_source_stats.uv", "live.source.sampled", "viewers_total"),
    ((INDEX, "on_air", RECOMMENDED, "last_n_mins_value"), f"{INDEX}.{RECOMMENDED}.last_n_mins_value", "live.benchmark.sampled", "recent_value"),
]  # fmt: skip


@pytest.fixture
def answer(sample: Sample) -> dict[str, Any]:
    """Return the published answer of getlivedata, its blocks as objects, with a source of viewers."""
    texts = sample("pull_wechat_getlivedata")["response"]
    found = {name: json.loads(value) if isinstance(value, str) and value[:1] == "{" else value for name, value in texts.items()}
    found[CHANNEL] = {"live_dist_channel_source_stats": [{"live_dst_channel_type": 1, "uv": 9, "gmv": 100}]}
    return found


def _with(answer: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(answer)
    place: Any = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return changed


def _named(parsed: Parsed) -> list[tuple[str, object, bool]]:
    found: list[tuple[str, object, bool]] = []
    for unknown in parsed.unknown:
        raw: Any = unknown.raw
        assert unknown.reason == f"{raw['field']} cannot be read"
        found.append((raw["field"], raw["value"], unknown.figure))
    return found


@pytest.mark.parametrize(("path", "field", "event_type", "name"), PLACES, ids=[place[1] for place in PLACES])
def test_the_other_figures_of_the_dashboard_are_taken(
    path: tuple[str | int, ...], field: str, event_type: str, name: str, answer: dict[str, Any], context: Context, now: datetime
) -> None:
    """Only the unreadable figure lacks, and its dead letter shows field and value; an absent figure is no fault."""
    whole = wechat_live.read_live_data(answer, "e", context, now).parsed
    assert not whole.unknown
    expected = copy.deepcopy(whole.events)
    data: Any = next(event for event in expected if event["type"] == event_type)["data"]
    del data[name]
    for value in UNREADABLE:
        found = wechat_live.read_live_data(_with(answer, path, value), "e", context, now).parsed
        assert expected == found.events, value
        assert [(f"getlivedata: {field}", value, True)] == _named(found)
    for value in ABSENT:
        found = wechat_live.read_live_data(_with(answer, path, value), "e", context, now).parsed
        assert (expected, ()) == (found.events, found.unknown)


def test_a_block_a_state_and_a_time_that_cannot_be_read_are_named(
    answer: dict[str, Any], context: Context, now: datetime
) -> None:
    """A block that is no object, whether the broadcast is on air, and when it began; times may be in milliseconds."""
    for value in ("{", "<html>", 5, [1], True):
        for name in (COMMERCE, SPU, CHANNEL, INDEX):
            found = wechat_live.read_live_data(answer | {name: value}, "e", context, now).parsed
            assert [(f"getlivedata: {name}", value, True)] == _named(found)
            assert found.events
    reading = wechat_live.read_live_data(_with(answer, (INDEX, "is_living"), "maybe"), "e", context, now)
    assert [(f"getlivedata: {INDEX}.is_living", "maybe", True)] == _named(reading.parsed)
    for began in TIMES:
        reading = wechat_live.read_live_data(_with(answer, (DASHBOARD, "start_time"), began), "e", context, now)
        assert reading.started_at is None
        assert [(f"getlivedata: {DASHBOARD}.start_time", began, True)] == _named(reading.parsed)
    for began in (1_718_179_200, "1718179200", 1_718_179_200_000):
        reading = wechat_live.read_live_data(_with(answer, (DASHBOARD, "start_time"), began), "e", context, now)
        assert (datetime(2024, 6, 12, 8, tzinfo=UTC), ()) == (reading.started_at, reading.parsed.unknown)
    long = wechat_live.read_live_data(_with(answer, (COMMERCE, "total_gmv"), "9" * 5000), "e", context, now).parsed
    assert ["9" * 100] == [value for _, value, _ in _named(long)]


def test_a_broadcast_that_cannot_be_read_hides_no_other(context: Context) -> None:
    """The list's others are found; an answer that is no list is refused."""
    items = [{"export_id": "a", "create_time": 1_718_179_200}, {"create_time": 1}, {"export_id": "b", "create_time": "--"}, 7]
    found = broadcasts.read_broadcasts({"errcode": 0, "live_items": items, "has_more": "true"}, context)
    assert (["a", "b"], True) == ([one.export_id for one in found.listed], found.has_more)
    assert [
        ("getlivelist: live_items.export_id", None, True), ("getlivelist: live_items.create_time", "--", True),
        ("getlivelist: live_items.export_id", None, True),
    ] == _named(found.parsed)  # fmt: skip
    assert () == broadcasts.read_broadcasts({"errcode": 0, "has_more": False}, context).listed
    for answer in NO_LISTS:
        with pytest.raises(Unreadable, match="live_items"):
            broadcasts.read_broadcasts(answer, context)


def test_a_page_of_ids_is_whole_or_refused() -> None:
    """More without a key, and an answer without list and end, are refused; an entry that is no id is named beside the others."""
    assert Page(("1", "2"), "", has_more=False, unread=(None, {"a": 1})) == read_page(
        {"order_id_list": [1, None, "2", {"a": 1}], "has_more": False}
    )
    assert Page(("1",), "7", has_more=True) == read_page({"order_id_list": ["1"], "has_more": 1, "next_key": 7})
    assert Page((), "", has_more=False) == read_page({"errcode": 0, "has_more": False})
    for answer in (*NO_LISTS, {"order_id_list": ["1"], "has_more": True}, {"order_id_list": ["1"], "has_more": "true"}):
        with pytest.raises(Unreadable):
            read_page(answer)


def test_counts_of_a_post_are_no_sum_of_what_is_left(sample: Sample, now: datetime) -> None:
    """Without one of its parts the sum would be too small; reads count beside it. What is no list is a dead letter."""
    context = Context("//test", {"session": "s"})
    row = {"id": "1", "reads": 100, "comments": 1, "reposts": 2, "attitudes": 3}
    for value in UNREADABLE:
        found = weibo_counts.read_counts([row | {"attitudes": value}], context, now)
        assert [{"promotion": "1", "views_total": 100}] == [event["data"] for event in found.events]
        assert [("counts.attitudes", value, True)] == _named(found)
        found = weibo_counts.read_counts([row | {"reads": value}], context, now)
        assert [{"promotion": "1", "engagements_total": 6}] == [event["data"] for event in found.events]
        assert [("counts.reads", value, True)] == _named(found)
    for value in ABSENT:
        found = weibo_counts.read_counts([row | {"attitudes": value}], context, now)
        assert [3] == [event["data"]["engagements_total"] for event in found.events]  # type: ignore[index]
        assert not found.unknown
    for answer in (*NO_LISTS, "", 5):
        if answer == []:
            continue
        assert ((), 1) == ((found := weibo_counts.read_counts(answer, context, now)).events, len(found.unknown))
    assert not weibo_counts.read_counts([], context, now).unknown
    assert not weibo_counts.read_counts(sample("pull_weibo_count_sp_biz")["response"], context, now).unknown


@pytest.mark.parametrize("name", ["onlines", "play_count", "praise_count"])
def test_counters_beside_a_message_of_weibo_cost_neither_it_nor_each_other(name: str, context: Context, now: datetime) -> None:
    """The comment counts, and the other counters are sampled."""
    counters: dict[str, object] = {"onlines": 5, "play_count": 6, "praise_count": 7}
    ours = {"onlines": "concurrent", "play_count": "views_total", "praise_count": "likes_total"}
    message: dict[str, Any] = {"room_id": "r", "msg_type": 1, "mid": "1", "content": "好", "sender_info": {"uid": "1"}}
    for value in UNREADABLE:
        sent = message | {"room_info": {"counters": counters | {name: value}}}
        found = weibo_live.read_messages(sent, context, now)
        assert ["live.comment.posted", "live.audience.sampled"] == [event["type"] for event in found.events]
        assert {ours[other]: count for other, count in counters.items() if other != name} == found.events[1]["data"]
        assert [(f"liveim message.{name}", value, True)] == _named(found)
