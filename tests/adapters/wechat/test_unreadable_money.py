"""Money and its times: an order, a refund, a settlement or an entry of an account is whole, or refused by the name of the field."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.adapters.protocol import Context
from app.adapters.wechat.aftersales import read_aftersale
from app.adapters.wechat.api import read_order_answer
from app.adapters.wechat.funds import read_funds_flow, read_order_flow
from app.adapters.wechat.orders import read_order

AMOUNTS: list[object] = ["1.2万", "--", "1.5", 1.5, True, [], {"n": 1}, 10**30]
TIMES: list[object] = ["--", "2026-01-01", -1, True, [], {"n": 1}, 10**30, 5]
ORDER: dict[str, Any] = {"order_id": "1", "order_detail": {"ext_info": {"live_id": "export/UzFf", "order_scene": 2}}}
FLOW: dict[str, Any] = {
    "order_id": "1", "mch_settle_amount": 98000, "mch_settle_time": 1_659_000_000, "platform_commission_amount": 500,
    "other_expense_amount": -20,
}  # fmt: skip
REFUND: dict[str, Any] = {
    "after_sale_order_id": "7", "order_id": "1", "status": "MERCHANT_REFUND_SUCCESS", "update_time": 1_700_000_000,
    "refund_info": {"amount": 500}, "product_info": {"product_id": "234245", "count": 1},
}  # fmt: skip
ENTRY: dict[str, Any] = {
    "flow_id": "f1", "funds_type": 1, "flow_type": 2, "amount": 1234, "balance": 99999, "bookkeeping_time": 1_659_000_000,
}  # fmt: skip


@pytest.fixture
def order(sample: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Return the published order."""
    return copy.deepcopy(dict(read_order_answer(sample("pull_wechat_order_get")["response"])))


@pytest.mark.parametrize("field", ["mch_settle_amount", "mch_settle_time", "platform_commission_amount", "other_expense_amount"])
def test_a_settlement_without_one_of_its_figures_is_kept(field: str, context: Context) -> None:
    """An unreadable fee is not left out of the fees, and an unreadable time or amount is no order that is not settled."""
    for value in TIMES if field == "mch_settle_time" else AMOUNTS:
        found = read_order_flow({**FLOW, field: value}, ORDER, context)
        assert ((), (), 1) == (found.events, found.ignored, len(found.unknown)), value
        assert found.unknown[0].reason.startswith(f"listorderflow: {field} is no ")
    milliseconds = read_order_flow({**FLOW, "mch_settle_time": FLOW["mch_settle_time"] * 1000}, ORDER, context)
    assert read_order_flow(FLOW, ORDER, context).events[0]["time"] == milliseconds.events[0]["time"]


def test_a_settled_order_without_money_is_kept(context: Context) -> None:
    """The money of an order is asked for once it is settled: none is an answer to repeat, and not an order that is not settled."""
    found = read_order_flow({}, {}, context)
    assert ((), (), ["listorderflow: no flow of the order"]) == (
        found.events,
        found.ignored,
        [one.reason for one in found.unknown],
    )


@pytest.mark.parametrize("field", ["amount", "balance", "bookkeeping_time"])
def test_an_entry_of_the_account_is_whole_or_kept(field: str, context: Context, now: datetime) -> None:
    """It is not booked at the time of its fetch, nor without its balance."""
    assert 1 == len(read_funds_flow(ENTRY, ORDER, context, now).events)
    for value in TIMES if field == "bookkeeping_time" else AMOUNTS:
        found = read_funds_flow({**ENTRY, field: value}, ORDER, context, now)
        assert ((), (), 1) == (found.events, found.unattributed, len(found.unknown)), value
        assert field in found.unknown[0].reason


@pytest.mark.parametrize("value", TIMES)
def test_an_order_is_not_dated_by_another_time(value: object, order: dict[str, Any], context: Context, now: datetime) -> None:
    """The time of its payment or its creation, and its status: without them another figure would come out."""
    for place, field in (("pay_info", "pay_time"), (None, "create_time"), (None, "status")):
        changed = copy.deepcopy(order)
        (changed if place is None else changed["order_detail"][place])[field] = value
        found = read_order(changed, context, now)
        if field == "status" and value == 5:
            assert not found.unknown
            continue
        assert ((), 1) == (found.events, len(found.unknown)), (field, value)
        assert f"order/get: {field} is no " in found.unknown[0].reason


@pytest.mark.parametrize("value", TIMES)
def test_a_later_time_costs_neither_the_sale_nor_its_refund(
    value: object, order: dict[str, Any], context: Context, now: datetime
) -> None:
    """When it was sent or settled is named; the time of the change dates nothing that has a time of its own."""
    sale = [
        event for event in read_order(order, context, now).events if event["type"] in ("live.order.placed", "live.order.paid")
    ]
    assert 2 == len(sale)
    refunded = {"aftersale_order_list": [{"aftersale_order_id": 1, "status": 13}]}
    for place, field in (("settle_info", "settle_time"), ("delivery_info", "ship_done_time")):
        changed = copy.deepcopy(order) | {"status": 30, "aftersale_detail": refunded}
        changed["order_detail"].setdefault(place, {})[field] = value
        found = read_order(changed, context, now)
        assert (sale, ["aftersale_get"]) == (list(found.events), [one.kind for one in found.follow_ups])
        assert [f"order/get: {field} is no time from 2000 to 2100"] == [one.reason for one in found.unknown]
    changed = copy.deepcopy(order) | {"update_time": value, "status": 20}
    found = read_order(changed, context, now)
    assert (sale, ()) == (list(found.events), found.unknown)


def test_a_refund_is_whole_or_kept(order: dict[str, Any], context: Context, now: datetime) -> None:
    """Its amount, its time and its status; what has a status that is no refund is none."""
    (event,) = read_aftersale(REFUND, order, context, now).events
    assert datetime.fromtimestamp(1_700_000_000, UTC).isoformat() == event["time"]
    for value in TIMES:
        found = read_aftersale({**REFUND, "update_time": value}, order, context, now)
        assert ((), 1) == (found.events, len(found.unknown)), value
        assert "update_time" in found.unknown[0].reason
    for value in AMOUNTS:
        found = read_aftersale({**REFUND, "refund_info": {"amount": value}}, order, context, now)
        assert ((), 1) == (found.events, len(found.unknown)), value
        assert "amount" in found.unknown[0].reason
    stated: list[object] = [None, "", [], True]
    for status in stated:
        found = read_aftersale({**REFUND, "status": status}, order, context, now)
        assert ((), ["getaftersaleorder: no status"]) == (found.events, [one.reason for one in found.unknown])
