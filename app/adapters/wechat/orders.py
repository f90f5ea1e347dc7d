"""Orders of a WeChat shop, as its API answers them.

In: the `order` of order/get, the fields of the push. Out: order events, attributed
to the live room they came from, in exact money. Never here: HTTP, tokens.

Source: WeChat shop API pages, FlurlHttpClient's samples. Amounts are in fen. An order belongs to a live room when
`ext_info.live_id` names it and `ext_info.order_scene` is 2. The id of an event is made of the order and its state, so that
pushes, pulls and reconciliation agree.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from app.adapters.event_collector import EventCollector
from app.adapters.parsing import (
    Unreadable,
    any_timestamp,
    as_list,
    as_map,
    first,
    identifier,
    integer,
    is_set,
    stated_integer,
    stated_time,
    yuan,
)
from app.adapters.protocol import Context, Parsed
from app.adapters.wechat.shop import PLATFORM, REFUNDED

CURRENCY = "CNY"
SCENE_LIVE = 2
_UNPAID = 10
_SHIPPED = frozenset((30, 100))
_DONE = 100
_CANCELLED = frozenset((190, 250))
_PAID = frozenset((12, 13, 20, 21, 30, 100, 200))
_REFUNDED_NUMBERS = frozenset((13, 14))
"""order/get states an after-sale as a number: 13 refunded, 14 returned and refunded."""
NOTHING: Mapping[str, str] = {}


def room_of(order: Mapping[str, object]) -> str | None:
    """Return the live room that an order came from, or None for an order of another scene."""
    info = as_map(as_map(order.get("order_detail")).get("ext_info"))
    scene = integer(info.get("order_scene"))
    return identifier(info.get("live_id")) if scene in (SCENE_LIVE, None) else None


def subject_of(order: Mapping[str, object], context: Context) -> tuple[str, bool]:
    """Return the subject of an order's events, and whether it is a live session's.

    An order of a live room whose id is missing belongs to the connection's session, if it has one. The subject of any other order
    names its scene; no stream has such a room.
    """
    scene = integer(as_map(as_map(order.get("order_detail")).get("ext_info")).get("order_scene"))
    room = room_of(order)
    if room is not None:
        return f"{PLATFORM}:{room}", True
    if scene == SCENE_LIVE and context.session is not None:
        return context.session, True
    return f"{PLATFORM}:scene-{'unknown' if scene is None else scene}", False


def _apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount by weights, exactly: the largest remainders get the fen that remain."""
    base = sum(weights)
    if not base:
        weights, base = [1] * len(weights), len(weights)
    parts = [total * weight // base for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: (-(total * weights[index] % base), index))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def _lines(order: Mapping[str, object], paid: int | None) -> tuple[list[dict[str, object]], int]:
    """Return the lines and their total in fen.

    A line's amount is its real_price (what was paid for all its pieces). Lines without one share what was paid for goods
    (order_price less freight) in proportion to their list price, so that products never add up to more than the order.

    Raises:
        Unreadable: a price or a number of pieces that the lines need is no number.
    """
    detail = as_map(order.get("order_detail"))
    products = [as_map(product) for product in as_list(detail.get("product_infos"))]
    quantities = [stated_integer(product, "sku_cnt") or 0 for product in products]
    gifts = [is_set(product.get("is_free_gift")) for product in products]
    real = [stated_integer(product, "real_price") for product in products]
    # Nothing was paid for a free gift, whatever its list price.
    real = [0 if gift and amount is None else amount for gift, amount in zip(gifts, real, strict=True)]
    open_lines = [index for index, amount in enumerate(real) if amount is None]
    if open_lines:
        shares = [(stated_integer(products[index], "sale_price") or 0) * quantities[index] for index in open_lines]
        if paid is not None:
            freight = stated_integer(as_map(detail.get("price_info")), "freight") or 0
            shares = _apportion(max(0, paid - freight - sum(amount or 0 for amount in real)), shares)
        for index, share in zip(open_lines, shares, strict=True):
            real[index] = share
    amounts = [amount or 0 for amount in real]
    lines: list[dict[str, object]] = [
        {
            "product": identifier(product.get("product_id")),
            **({"sku": sku} if (sku := identifier(product.get("sku_id"))) else {}),
            "quantity": count,
            "amount": yuan(amount),
            **({"gift": True} if gift else {}),
        }
        for product, count, amount, gift in zip(products, quantities, amounts, gifts, strict=True)
    ]
    return lines, sum(amounts)


def _purchase(order: Mapping[str, object]) -> dict[str, object]:
    """Return who bought what for how much.

    Raises:
        Unreadable: a number that this needs is none.
    """
    price = as_map(as_map(order.get("order_detail")).get("price_info"))
    paid = stated_integer(price, "order_price")
    lines, of_lines = _lines(order, paid)
    total = of_lines + (stated_integer(price, "freight") or 0) if paid is None else paid
    return {"buyer": _buyer(order), "currency": CURRENCY, "amount": yuan(total), "lines": lines}


def _buyer(order: Mapping[str, object]) -> str | None:
    """Return the buyer; of a present the giver: `openid` is the receiver's, and absent before the present is accepted."""
    present = as_map(order.get("order_present_info"))
    giver = identifier(first(order, "present_giver_openid", "present_giver_unionid")) or identifier(
        first(present, "present_giver_openid", "present_giver_unionid")
    )
    if giver is not None or is_set(order.get("is_present")):
        return giver
    return identifier(first(order, "openid", "unionid"))


@dataclass(frozen=True, slots=True)
class _Parcel:
    shipped_at: datetime | None
    carrier: str | None
    tracking: str | None


def _parcels(order: Mapping[str, object]) -> list[_Parcel]:
    """Return an order's parcels, the first shipped first; one of which nothing is known if the order names none.

    Raises:
        Unreadable: the time of one.
    """
    delivery = as_map(as_map(order.get("order_detail")).get("delivery_info"))
    listed = [as_map(parcel) for parcel in as_list(delivery.get("delivery_product_info"))]
    found = [
        _Parcel(stated_time(item, "delivery_time"), identifier(item.get("delivery_id")), identifier(item.get("waybill_id")))
        for item in listed
    ]
    done = stated_time(delivery, "ship_done_time")
    if len(found) <= 1:
        only = found[0] if found else _Parcel(None, None, None)
        return [replace(only, shipped_at=done or only.shipped_at)]
    return sorted((replace(parcel, shipped_at=parcel.shipped_at or done) for parcel in found), key=_shipped_first)


def _updated(order: Mapping[str, object], received_at: datetime) -> datetime:
    """Return when an order was changed. Raises: Unreadable."""
    return stated_time(order, "update_time") or received_at


def _shipped_first(parcel: _Parcel) -> tuple[float, str]:
    return parcel.shipped_at.timestamp() if parcel.shipped_at else math.inf, parcel.tracking or ""


class _OrderEvents:
    """Adds the events of one order, which share id scheme, subject and dead letter."""

    def __init__(self, collector: EventCollector, order: Mapping[str, object], context: Context) -> None:
        self._collector = collector
        self._raw = dict(order)
        self.id = identifier(order.get("order_id")) or ""
        self._subject, self._attributed = subject_of(order, context)

    def add(self, state: str, time: datetime, data: Mapping[str, object], number: str = "") -> None:
        self._collector.event(
            f"live.order.{state}",
            id=f"order/{self.id}/{state}{number}",
            subject=self._subject,
            time=time,
            data={"order": self.id, **data},
            raw=self._raw,
            attributed=self._attributed,
        )


def read_order(order: Mapping[str, object], context: Context, received_at: datetime, push: Mapping[str, str] = NOTHING) -> Parsed:
    """Return the events that an order's present state implies, and the pulls to make.

    `push` is the `fields` of the follow-up that requested the order; it dates what the answer does not (a cancellation, a
    confirmation). `received_at` dates what neither dates.
    """
    collector = EventCollector(context)
    try:
        _read(order, context, received_at, push, collector)
    except Unreadable as error:
        collector.unknown(f"order/get: {error}", dict(order))
    return collector.result()


def _read(
    order: Mapping[str, object], context: Context, received_at: datetime, push: Mapping[str, str], collector: EventCollector
) -> None:
    events = _OrderEvents(collector, order, context)
    if not events.id:
        collector.unknown("order/get: no order_id", dict(order))
        return
    status = stated_integer(order, "status")
    detail = as_map(order.get("order_detail"))
    pushed, pushed_at = push.get("event", ""), any_timestamp(push.get("at"))
    purchase, pay_time = _purchase(order), stated_time(as_map(detail.get("pay_info")), "pay_time")
    created_at, updated = stated_time(order, "create_time") or pushed_at, partial(_updated, order, received_at)
    events.add("placed", created_at or updated(), purchase)
    if status != _UNPAID and (pay_time or status in _PAID):
        fallback = any_timestamp(push.get("paid_at")) or (pushed_at if pushed == "channels_ec_order_pay" else None)
        events.add("paid", pay_time or fallback or updated(), purchase)
    if status in _CANCELLED:
        events.add("cancelled", (pushed_at if pushed == "channels_ec_order_cancel" else None) or updated(), {})
    for item in as_list(as_map(order.get("aftersale_detail")).get("aftersale_order_list")):
        aftersale = identifier(first(as_map(item), "aftersale_order_id", "after_sale_order_id"))
        state = as_map(item).get("status")
        if aftersale and (identifier(state) in REFUNDED or integer(state) in _REFUNDED_NUMBERS):
            fields = {"after_sale_order_id": aftersale, "order_id": events.id}
            collector.follow_up("aftersale_get", fields, f"aftersale_get/{aftersale}/{state}")
    # The sale and its refunds count also if a later time cannot be read.
    if settled_at := stated_time(as_map(detail.get("settle_info")), "settle_time"):
        # What was settled stands in another answer.
        collector.follow_up("order_flow", {"order_id": events.id}, f"order_flow/{events.id}/{int(settled_at.timestamp())}")
    if status in _SHIPPED:
        stated_at = pushed_at if pushed == "channels_ec_order_deliver" and push.get("finish_delivery") == "1" else None
        for index, parcel in enumerate(_parcels(order)):
            data = {"carrier": parcel.carrier, "tracking": parcel.tracking}
            events.add("shipped", parcel.shipped_at or stated_at or updated(), data, f"/{parcel.tracking}" if index else "")
    if status == _DONE:
        parcel = _parcels(order)[0]
        stated_at = pushed_at if pushed == "channels_ec_order_confirm" else None
        events.add("delivered", stated_at or updated(), {"carrier": parcel.carrier, "tracking": parcel.tracking})
