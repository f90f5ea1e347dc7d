"""A number that is there and cannot be read makes no event: the message is a dead letter that names the field."""

import copy
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from app.adapters.protocol import Context, Parsed, Verified
from app.adapters.registry import ADAPTERS
from app.adapters.wechat.aftersales import read_aftersale
from app.adapters.wechat.api import read_order_answer
from app.adapters.wechat.orders import read_order

UNREADABLE = ["many", "1.5", 1.5, -1, True, [], {"n": 1}, 10**30]
GIFT = {"decoded_type": "gift", "seq": "1", "decoded_openid": "o", "sec_gift_id": "g"}
MESSAGES: dict[str, tuple[str, dict[str, str], dict[str, object], Callable[[object], object]]] = {
    "gift of Douyin": (
        "douyin_live", {"room": "r", "type": "live_gift", "at": "1788000400123"}, {},
        lambda count: [{"msg_id": "1", "sec_openid": "o", "sec_gift_id": "g", "gift_num": count}],
    ),
    "gift of Weibo": (
        "weibo_live", {}, {},
        lambda count: {"room_id": "r", "msg_type": 5, "mid": "1", "sender_info": {"uid": "1"}, "gift_info": {"id": "g", "num": count}},
    ),
    "like of Weibo": (
        "weibo_live", {}, {},
        lambda count: {"room_id": "r", "msg_type": 2, "mid": "1", "sender_info": {"uid": "1"}, "inc_praises": count},
    ),
    "gift of the forwarder": (
        "wechat_spy", {}, {}, lambda count: {"live_info": {"live_id": "r"}, "events": [{**GIFT, "gift_num": count}]},
    ),
    "combo of the forwarder": (
        "wechat_spy", {}, {"gift_messages": "combogift"},
        lambda count: {
            "live_info": {"live_id": "r"}, "events": [{**GIFT, "decoded_type": "combogift", "combo_product_count": count}],
        },
    ),
    "viewers of the forwarder": (
        "wechat_spy", {}, {}, lambda count: {"live_info": {"live_id": "r", "online_count": count, "like_count": 5}, "events": []},
    ),
    "figures of a standard webhook": (
        "standard_webhooks", {"webhook-id": "m", "webhook-timestamp": "1788000400"}, {"session": "s"},
        lambda count: {"type": "live.metrics", "timestamp": "2026-01-01T00:00:00Z", "data": {"viewers": count}},
    ),
}  # fmt: skip


def _parsed(name: str, count: object, now: datetime) -> Parsed:
    kind, facts, options, body = MESSAGES[name]
    return ADAPTERS[kind].parse(Verified(json.dumps(body(count)).encode(), now, "k", True, facts), Context("//test", options))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_count_that_cannot_be_read_is_no_count(name: str, now: datetime) -> None:
    """It is neither one nor left out of the rest; a count of 0 is 0."""
    for count in UNREADABLE:
        found = _parsed(name, count, now)
        assert ((), 1) == (found.events, len(found.unknown)), count
        assert "/data/" in found.unknown[0].reason
        assert str(count) not in found.unknown[0].reason or count in (True, -1)
    for count, expected in ((0, 0), ("7", 7), (7.0, 7)):
        found = _parsed(name, count, now)
        assert not found.unknown
        data: Any = found.events[-1]["data"]
        assert expected == data.get("count", data.get("concurrent"))


@pytest.fixture
def order(sample: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Return the published order: ten pieces, 105.00 paid."""
    return copy.deepcopy(dict(read_order_answer(sample("pull_wechat_order_get")["response"])))


@pytest.mark.parametrize("field", ["sku_cnt", "real_price", "sale_price", "order_price", "freight"])
def test_an_order_with_a_number_that_cannot_be_read_is_kept(
    field: str, order: dict[str, Any], context: Context, now: datetime
) -> None:
    """Its money would be another's; what the figures do not need may be anything."""
    detail = order["order_detail"]
    product, price = detail["product_infos"][0], detail["price_info"]
    place = price if field in price else product
    for value in UNREADABLE:
        for needed in (True, False):
            changed = copy.deepcopy(order)
            lines = changed["order_detail"]["product_infos"]
            where = changed["order_detail"]["price_info"] if place is price else lines[0]
            if field in ("sale_price", "freight"):
                # They are needed only where a line does not say what was paid for it.
                lines[0]["real_price"] = None if needed else 10_000
            elif not needed:
                continue
            where[field] = value
            found = read_order(changed, context, now)
            if needed:
                assert ((), 1) == (found.events, len(found.unknown)), value
                assert f"order/get: {field} is no whole number" in found.unknown[0].reason
            else:
                assert found.events


def test_a_refund_of_pieces_that_cannot_be_counted_is_kept(order: dict[str, Any], context: Context, now: datetime) -> None:
    """As a dead letter; without their number the refund counts."""
    refund = {
        "after_sale_order_id": "7", "order_id": order["order_id"], "status": "MERCHANT_REFUND_SUCCESS",
        "refund_info": {"amount": 500}, "product_info": {"product_id": "234245"},
    }  # fmt: skip
    assert 1 == len(read_aftersale(refund, order, context, now).events)
    for value in UNREADABLE:
        refund["product_info"] = {"product_id": "234245", "count": value}
        found = read_aftersale(refund, order, context, now)
        assert ((), 1) == (found.events, len(found.unknown)), value
