"""Orders and after-sales of a WeChat shop become events, in exact money and in the right session."""

import copy
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from app.adapters.protocol import Context, Event
from app.adapters.wechat.aftersales import read_aftersale
from app.adapters.wechat.api import read_aftersale_answer, read_order_answer
from app.adapters.wechat.orders import read_order

Valid = Callable[[Iterable[Event]], list[Event]]


@pytest.fixture
def order(sample: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Return the published order: status 20, ten pieces, 105.00 paid, from a live room."""
    return copy.deepcopy(dict(read_order_answer(sample("pull_wechat_order_get")["response"])))


def states(events: Iterable[Event]) -> dict[str, Event]:
    """Return the events of an order by their state."""
    return {str(event["type"]).removeprefix("live.order."): event for event in events}


def test_the_published_order_is_placed_and_paid_in_its_live_room(
    order: dict[str, Any], context: Context, now: datetime, valid: Valid
) -> None:
    """The published order is placed and paid in its live room, at the platform's times, in yuan."""
    found = states(valid(read_order(order, context, now).events))
    assert {"placed", "paid"} == set(found)
    assert f"wechat:{order['order_detail']['ext_info']['live_id']}" == found["paid"]["subject"]
    assert found["paid"]["time"] == "2022-07-22T17:00:00+00:00"
    assert found["paid"]["data"] == {
        "order": "37423523451235145",
        "buyer": "OPENID",
        "currency": "CNY",
        "amount": "105.00",
        "lines": [{"product": "234245", "sku": "23424", "quantity": 10, "amount": "100.00"}],
    }


def test_numbers_and_texts_say_the_same(order: dict[str, Any], context: Context, now: datetime) -> None:
    """An order whose ids, times and amounts are texts says the same as one whose are numbers."""

    def as_text(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: as_text(part) for name, part in value.items()}
        if isinstance(value, list):
            return [as_text(part) for part in value]
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    assert read_order(order, context, now).events == read_order(as_text(order), context, now).events


def test_an_id_beyond_2_to_the_53_keeps_its_digits(order: dict[str, Any], context: Context, now: datetime) -> None:
    """An id beyond 2^53 keeps its digits, sent as a number."""
    order["order_id"] = 3705115058471208929
    assert states(read_order(order, context, now).events)["paid"]["data"]["order"] == "3705115058471208929"  # type: ignore[index]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (10, {"placed"}),
        (12, {"placed", "paid"}),
        (20, {"placed", "paid"}),
        (21, {"placed", "paid"}),
        (30, {"placed", "paid", "shipped"}),
        (100, {"placed", "paid", "shipped", "delivered"}),
        (200, {"placed", "paid"}),
        (250, {"placed", "paid", "cancelled"}),
        (190, {"placed", "paid", "cancelled"}),
    ],
)
def test_a_status_says_what_has_happened(
    status: int, expected: set[str], order: dict[str, Any], context: Context, now: datetime, valid: Valid
) -> None:
    """An order's status says what has happened to it."""
    assert expected == set(states(valid(read_order({**order, "status": status}, context, now).events)))


def test_an_order_cancelled_before_payment_was_not_paid(order: dict[str, Any], context: Context, now: datetime) -> None:
    """An order that was cancelled before it was paid is not counted as paid."""
    order["order_detail"]["pay_info"] = {}
    assert {"placed", "cancelled"} == set(states(read_order({**order, "status": 250}, context, now).events))


def test_the_push_dates_what_the_order_does_not(order: dict[str, Any], context: Context, now: datetime) -> None:
    """The push dates a cancellation; without a push the order's last change does. The id is the same both ways."""
    push = {"event": "channels_ec_order_cancel", "at": "2022-09-06T16:00:00+00:00"}
    cancelled = {**order, "status": 250}
    pushed = states(read_order(cancelled, context, now, push).events)["cancelled"]
    found = states(read_order(cancelled, context, now).events)["cancelled"]
    assert (pushed["time"], found["time"]) == ("2022-09-06T16:00:00+00:00", "2022-07-22T16:00:00+00:00")
    assert pushed["id"] == found["id"]


def test_shipping_names_carrier_and_parcel(order: dict[str, Any], context: Context, now: datetime) -> None:
    """Shipping names the carrier and the parcel, at the platform's time."""
    shipped = states(read_order({**order, "status": 30}, context, now).events)["shipped"]
    assert shipped["data"] == {"order": "37423523451235145", "carrier": "STO", "tracking": "134654612313"}
    assert shipped["time"] == "2021-05-11T13:01:20+00:00"


@pytest.mark.parametrize(("scene", "subject"), [(3, "wechat:scene-3"), ("5", "wechat:scene-5")])
def test_an_order_of_another_scene_is_kept_and_belongs_to_no_session(
    scene: object, subject: str, order: dict[str, Any], now: datetime, valid: Valid
) -> None:
    """An order of another scene is kept and belongs to no session, even where the shop is tied to one."""
    order["order_detail"]["ext_info"]["order_scene"] = scene
    found = read_order(order, Context("//test", {"session": "s1"}), now)
    assert found.events == ()
    assert [subject, subject] == [event["subject"] for event in valid(found.unattributed)]


def test_a_live_order_without_live_id_belongs_to_the_tied_session_or_to_none(
    order: dict[str, Any], context: Context, now: datetime
) -> None:
    """An order of a live room whose id is missing belongs to the tied session, or to none."""
    del order["order_detail"]["ext_info"]["live_id"]
    tied = read_order(order, Context("//test", {"session": "s1"}), now)
    assert {"s1"} == {event["subject"] for event in tied.events}
    assert read_order(order, context, now).events == ()


@given(
    prices=st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 50)), min_size=1, max_size=8),
    paid=st.integers(0, 10**9),
)
def test_lines_without_their_own_price_add_up_to_what_was_paid(prices: list[tuple[int, int]], paid: int) -> None:
    """Lines without their own price add up to what was paid for goods, to the fen."""
    order = {
        "order_id": "1",
        "openid": "o",
        "status": 20,
        "create_time": 1658505600,
        "order_detail": {
            "product_infos": [
                {"product_id": index, "sku_cnt": count, "sale_price": price} for index, (price, count) in enumerate(prices)
            ],
            "price_info": {"order_price": paid},
        },
    }
    now = datetime.fromisoformat("2026-01-01T00:00:00Z")
    found = read_order(order, Context("//test"), now)
    lines = found.unattributed[0]["data"]["lines"]  # type: ignore[index]
    assert paid == sum(int(line["amount"].replace(".", "")) for line in lines)


def test_a_line_that_names_what_was_paid_for_it_keeps_its_amount(order: dict[str, Any], context: Context, now: datetime) -> None:
    """A line that names what was paid for it (real_price) keeps that amount."""
    order["order_detail"]["product_infos"][0]["real_price"] = 9901
    data = states(read_order(order, context, now).events)["paid"]["data"]
    assert (data["amount"], data["lines"][0]["amount"]) == ("105.00", "99.01")  # type: ignore[index]


def test_a_refunded_aftersale_asks_for_a_pull_and_its_answer_is_the_refund(
    order: dict[str, Any], context: Context, now: datetime, valid: Valid
) -> None:
    """An order with a refunded after-sale asks for it; its answer is a refund in the order's session."""
    follow_up = read_order(order, context, now).follow_ups[0]
    assert (follow_up.kind, follow_up.fields["after_sale_order_id"]) == ("aftersale_get", "1234")
    answer = {
        "errcode": "0",
        "after_sale_order": {
            "after_sale_order_id": "1234",
            "order_id": 37423523451235145,
            "status": "MERCHANT_REFUND_SUCCESS",
            "refund_info": {"amount": "2050"},
            "product_info": {"product_id": "234245", "sku_id": 23424, "count": 2},
            "update_time": 1662480000,
        },
    }
    aftersale = read_aftersale_answer(answer)
    event = valid(read_aftersale(aftersale, order, context, now, follow_up.fields).events)[0]
    assert event["data"] == {
        "order": "37423523451235145",
        "refund": "1234",
        "amount": "20.50",
        "lines": [{"product": "234245", "sku": "23424", "quantity": 2, "amount": "20.50"}],
    }
    assert event["subject"] == states(read_order(order, context, now).events)["paid"]["subject"]
    others: list[object] = ["MERCHANT_REJECT_REFUND", "PLATFORM_REFUND_FAIL", "USER_CANCELD", None, {}]
    for status in others:
        assert read_aftersale({**aftersale, "status": status}, order, context, now).events == ()


def test_an_order_without_a_usable_buyer_counts_without_one(
    order: dict[str, Any], context: Context, now: datetime, valid: Valid
) -> None:
    """A buyer that is missing or that no event may carry is left out; the sale is kept."""
    for buyer in (None, "x" * 300, "a\u0000b"):
        found = states(valid(read_order({**order, "openid": buyer}, context, now).events))
        assert {"placed", "paid"} == set(found)
        assert "buyer" not in found["paid"]["data"]  # type: ignore[operator]


def test_an_order_without_a_product_is_a_dead_letter(order: dict[str, Any], context: Context, now: datetime) -> None:
    """An order whose line names no product is a dead letter with a reason that quotes nothing."""
    del order["order_detail"]["product_infos"][0]["product_id"]
    found = read_order(order, context, now)
    assert found.events == ()
    assert "product" in found.unknown[0].reason
    assert "37423523451235145" not in found.unknown[0].reason


@pytest.mark.parametrize("amount", [0, "0"])
@pytest.mark.parametrize("kind", ["EXCHANGE", "RESHIP", "REFUND", None])
def test_an_after_sale_without_money_is_no_refund(
    kind: str | None, amount: object, order: dict[str, Any], context: Context, now: datetime
) -> None:
    """An exchange ends in the states of a refund; without money it is none."""
    aftersale = {"after_sale_order_id": "1", "order_id": "2", "status": "MERCHANT_RETURN_SUCCESS", "type": kind,
                 "refund_info": {"amount": amount}}  # fmt: skip
    found = read_aftersale(aftersale, order, context, now)
    assert (found.events, found.unattributed, found.unknown) == ((), (), ())
    assert found.ignored == ("after-sale without money",)


@pytest.mark.parametrize(
    "present",
    [
        {"is_present": True, "present_giver_openid": "giver"},
        {"is_present": 1, "present_giver_openid": "giver", "openid": None},
        {"is_present": "true", "order_present_info": {"present_giver_openid": "giver"}},
        {"present_giver_unionid": "giver"},
    ],
)
def test_the_giver_of_a_present_is_its_buyer(
    present: dict[str, Any], order: dict[str, Any], context: Context, now: datetime, valid: Valid
) -> None:
    """Of a present the giver is the buyer, accepted or not."""
    for status in (12, 20, 100):
        found = states(valid(read_order({**order, "status": status, **present}, context, now).events))
        assert "giver" == found["paid"]["data"]["buyer"]  # type: ignore[index]


def test_the_receiver_of_a_present_is_never_its_buyer(order: dict[str, Any], context: Context, now: datetime) -> None:
    """Without a giver the present has no known buyer."""
    found = states(read_order({**order, "is_present": True}, context, now).events)
    assert "buyer" not in found["paid"]["data"]  # type: ignore[operator]


def test_a_free_gift_is_a_gift_line(order: dict[str, Any], context: Context, now: datetime, valid: Valid) -> None:
    """A free gift is marked, and takes no share of what was paid."""
    gift = {"product_id": "9", "sku_id": "1", "sku_cnt": 2, "sale_price": 5000, "is_free_gift": 1}
    order["order_detail"]["product_infos"][0].pop("real_price", None)
    order["order_detail"]["product_infos"].append(gift)
    lines = states(valid(read_order(order, context, now).events))["paid"]["data"]["lines"]  # type: ignore[index]
    assert [("234245", "100.00", None), ("9", "0.00", True)] == [(x["product"], x["amount"], x.get("gift")) for x in lines]


def test_every_parcel_is_shipped_at_its_own_time(order: dict[str, Any], context: Context, now: datetime, valid: Valid) -> None:
    """Parcels of one order are events of their own, the first shipped first."""
    order["order_detail"]["delivery_info"] = {
        "ship_done_time": 1658700000,
        "delivery_product_info": [
            {"waybill_id": "B", "delivery_id": "SF", "delivery_time": 1658700000},
            {"waybill_id": "A", "delivery_id": "SF", "delivery_time": 1658600000},
        ],
    }
    found = valid(read_order({**order, "status": 30}, context, now).events)
    shipped: list[Any] = [event for event in found if event["type"] == "live.order.shipped"]
    assert [("A", "2022-07-23T18:13:20+00:00"), ("B", "2022-07-24T22:00:00+00:00")] == [
        (event["data"]["tracking"], event["time"]) for event in shipped
    ]
    assert ["order/37423523451235145/shipped", "order/37423523451235145/shipped/B"] == [event["id"] for event in shipped]


def test_a_settled_order_leads_to_its_flow(order: dict[str, Any], context: Context, now: datetime) -> None:
    """An order that was settled asks for what was settled; one that was not asks for nothing."""
    assert "order_flow" not in {found.kind for found in read_order(order, context, now).follow_ups}
    order["order_detail"]["settle_info"] = {"settle_time": 1659000000, "commission_fee": 105}
    (flow,) = (found for found in read_order(order, context, now).follow_ups if found.kind == "order_flow")
    assert ("37423523451235145", "order_flow/37423523451235145/1659000000") == (flow.fields["order_id"], flow.key)
