"""What a WeChat shop's funds API says of an order: settled amount, fees, entries of the account.

In: the answers of listorderflow and getfundsflowdetail (calls: `wechat_api`), the order as order/get answers it. Out: settlement
events, attributed to the live room of their order. Never here: HTTP, tokens, sums over orders.

Source: WeChat shop API pages (funds/listorderflow, funds/getfundsflowdetail, order/get `settle_info`). Amounts are in fen.
"""

from collections.abc import Mapping
from datetime import datetime

from app.adapters.event_collector import EventCollector
from app.adapters.parsing import Unreadable, as_list, as_map, identifier, signed_integer, stated_amount, stated_time, yuan
from app.adapters.protocol import Context, Parsed
from app.adapters.wechat.orders import CURRENCY, subject_of
from app.adapters.wechat.shop import PLATFORM

_FEES = {
    "platform_commission_amount": "platform_commission",
    "promoter_commission_amount": "promoter_commission",
    "supplier_commission_amount": "agency_commission",
    "freight_insurance_amount": "freight_insurance",
    "freight_insurance_make_up_amount": "freight_insurance_make_up",
    "other_expense_amount": "other",
}
"""Field of an order's flow → kind of fee."""
_ORDER, _AFTERSALE = 1, 2
_DIRECTIONS = {1: "in", 2: "out"}


def read_order_flow(flow: Mapping[str, object], order: Mapping[str, object], context: Context) -> Parsed:
    """Return the settlement that an order's flow (an item of listorderflow) states; nothing before it is settled.

    An empty flow is a dead letter: only the money of an order that is settled is asked for.
    """
    found = EventCollector(context)
    try:
        _settlement(flow, order, context, found)
    except Unreadable as error:
        found.unknown(f"listorderflow: {error}", dict(flow))
    return found.result()


def _settlement(flow: Mapping[str, object], order: Mapping[str, object], context: Context, found: EventCollector) -> None:
    """Collect a settlement. Raises: Unreadable: its time, its amount or a fee; without it the others would be wrong."""
    order_id, amount = identifier(flow.get("order_id")), stated_amount(flow, "mch_settle_amount")
    settled_at = stated_time(flow, "mch_settle_time")
    if order_id is None:
        found.unknown("listorderflow: no flow of the order", dict(flow))
    elif settled_at is None or amount is None:
        found.ignore("an order that is not settled")
    else:
        fees = [{"kind": kind, "amount": yuan(fee)} for name, kind in _FEES.items() if (fee := stated_amount(flow, name))]
        subject, attributed = subject_of(order, context)
        found.event(
            "live.order.settled",
            # A partial settlement is settled again, later or higher.
            id=f"order/{order_id}/flow/{int(settled_at.timestamp())}/{amount}",
            subject=subject,
            time=settled_at,
            data={"order": order_id, "currency": CURRENCY, "amount": yuan(amount), "fees": fees},
            raw=dict(flow),
            attributed=attributed,
        )


def read_funds_flow(flow: Mapping[str, object], order: Mapping[str, object], context: Context, received_at: datetime) -> Parsed:
    """Return one entry of the shop's account; `order` is the answer of order/get for its order, empty if it names none."""
    found = EventCollector(context)
    try:
        balance, booked_at = stated_amount(flow, "balance"), stated_time(flow, "bookkeeping_time")
    except Unreadable as error:
        found.unknown(f"getfundsflowdetail: {error}", dict(flow))
        return found.result()
    flow_id, amount = identifier(flow.get("flow_id")), signed_integer(flow.get("amount"))
    direction = _DIRECTIONS.get(signed_integer(flow.get("flow_type")) or 0)
    if flow_id is None or amount is None or direction is None:
        found.unknown("getfundsflowdetail: no flow_id, amount or flow_type", dict(flow))
        return found.result()
    related = related_ids(flow)
    subject, attributed = subject_of(order, context) if order else (f"{PLATFORM}:funds", False)
    found.event(
        "live.funds.moved",
        id=f"funds/{flow_id}",
        subject=subject,
        time=booked_at or received_at,
        data={
            "flow": flow_id,
            "direction": direction,
            "amount": yuan(abs(amount)),
            "kind": identifier(flow.get("funds_type_desc")) or identifier(flow.get("funds_type")),
            "order": related.get("order"),
            "refund": related.get("refund"),
            "balance": None if balance is None else yuan(balance),
            "currency": CURRENCY,
        },
        raw=dict(flow),
        attributed=attributed,
    )
    return found.result()


def related_ids(flow: Mapping[str, object]) -> dict[str, str]:
    """Return the order and the after-sale that an entry belongs to."""
    related: dict[str, str] = {}
    for item in map(as_map, as_list(flow.get("related_info_list"))):
        for name, field in (("order", "order_id"), ("refund", "aftersale_id")):
            if (number := identifier(item.get(field))) and number != "0":
                related.setdefault(name, number)
    return related
