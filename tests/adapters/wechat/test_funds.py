"""What a WeChat shop says of an order's money becomes settlement events."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pytest

from app.adapters.protocol import Context, Event
from app.adapters.wechat import api as wechat_api
from app.adapters.wechat.funds import read_funds_flow, read_order_flow

Valid = Callable[[Iterable[Event]], list[Event]]
ORDER: dict[str, Any] = {"order_id": "1", "order_detail": {"ext_info": {"live_id": "export/UzFf", "order_scene": 2}}}
FLOW: dict[str, Any] = {
    "order_id": "1", "order_settle_state": 60, "mch_settle_amount": 98000, "mch_settle_time": 1659000000,
    "platform_commission_amount": 500, "promoter_commission_amount": "1500", "other_expense_amount": -20,
    "freight_insurance_amount": 0,
}  # fmt: skip


def test_a_settled_order_states_amount_fees_and_time(context: Context, valid: Valid) -> None:
    """The amount and the fees are in yuan; a fee that was paid back is negative, one that was not kept is left out."""
    (event,) = valid(read_order_flow(FLOW, ORDER, context).events)
    assert ("live.order.settled", "wechat:export/UzFf", "2022-07-28T09:20:00+00:00") == (
        event["type"], event["subject"], event["time"],
    )  # fmt: skip
    assert event["data"] == {
        "order": "1",
        "currency": "CNY",
        "amount": "980.00",
        "fees": [
            {"kind": "platform_commission", "amount": "5.00"},
            {"kind": "promoter_commission", "amount": "15.00"},
            {"kind": "other", "amount": "-0.20"},
        ],
    }


def test_a_further_settlement_is_another_event(context: Context) -> None:
    """A partial settlement that is settled again later is another event; the same answer again is the same one."""
    first = read_order_flow(FLOW, ORDER, context).events
    assert first == read_order_flow({**FLOW}, ORDER, context).events
    later = read_order_flow({**FLOW, "mch_settle_amount": 99000, "mch_settle_time": 1659100000}, ORDER, context).events
    assert first[0]["id"] != later[0]["id"]


@pytest.mark.parametrize("change", [{"mch_settle_time": 0}, {"mch_settle_amount": None}, {"mch_settle_time": None}])
def test_an_order_that_is_not_settled_states_nothing(change: dict[str, Any], context: Context) -> None:
    """Before the settlement there is nothing to record."""
    found = read_order_flow({**FLOW, **change}, ORDER, context)
    assert ((), ()) == (found.events, found.unknown)


def test_an_entry_of_the_account_names_its_order(context: Context, now: datetime, valid: Valid) -> None:
    """An entry belongs to the session of its order; one without an order belongs to none and is kept."""
    flow = {"flow_id": "f1", "funds_type": 1, "flow_type": 2, "amount": 1234, "balance": 99999, "bookkeeping_time": "1659000000",
            "related_info_list": [{"related_type": 1, "order_id": "1", "aftersale_id": "0"}]}  # fmt: skip
    (event,) = valid(read_funds_flow(flow, ORDER, context, now).events)
    assert event["data"] == {
        "flow": "f1", "direction": "out", "amount": "12.34", "kind": "1", "order": "1", "balance": "999.99", "currency": "CNY",
    }  # fmt: skip
    found = read_funds_flow({**flow, "related_info_list": []}, {}, context, now)
    assert ((), "wechat:funds") == (found.events, valid(found.unattributed)[0]["subject"])


def test_a_page_of_entries_is_the_last_one_or_says_where_to_continue() -> None:
    """A page with a key continues; an empty page without a promise is the last one. Nothing is left out silently."""
    more = {"errcode": 0, "flow_ids": [1, "2"], "has_more": True}
    assert wechat_api.Page(("1", "2"), "k", True) == wechat_api.read_funds_page({**more, "next_key": "k"}, 1)
    assert wechat_api.Page(("1", "2"), "", True) == wechat_api.read_funds_page(more, 99)
    assert wechat_api.Page(("1", "2"), "k", True) == wechat_api.read_funds_page({**more, "next_key": "k", "has_more": 1}, 99, "k")
    ends: list[dict[str, object]] = [{"flow_ids": [], "has_more": False}, {"flow_ids": []}, {"has_more": False}]
    for last in ends:
        assert wechat_api.Page((), "", False) == wechat_api.read_funds_page({"errcode": 0, **last}, 1)
    answers: list[tuple[object, int]] = [
        (more, 100), ({**more, "next_key": "k"}, 100), ({"errcode": 0, "flow_ids": ["1", None]}, 1), ({**more, "flow_ids": []}, 1),
        ({"errcode": 0}, 1), ({}, 1), (None, 1), ([], 1),
    ]  # fmt: skip
    for answer, page in answers:
        with pytest.raises(wechat_api.Unreadable):
            wechat_api.read_funds_page(answer, page, "k")


def test_the_flow_of_an_order_is_found_by_its_id() -> None:
    """The answer is a list; only the item of the order that was asked for counts."""
    answer = {"errcode": 0, "data_list": [{"order_id": "2"}, {"order_id": 1, "mch_settle_amount": 1}]}
    assert {"order_id": 1, "mch_settle_amount": 1} == wechat_api.read_order_flow(answer, "1")
    assert {} == wechat_api.read_order_flow({"errcode": 0, "data_list": []}, "1")
    with pytest.raises(wechat_api.Unreadable):
        wechat_api.read_order_flow({"errcode": 0}, "1")
