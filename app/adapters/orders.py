"""Orders and after-sales of a WeChat shop, as its API answers them.

In: the `order` of order/get, the `after_sale_order` of getaftersaleorder, what the push said. Out: order events, attributed
to the live room they came from, in exact money. Never here: HTTP, tokens.

Source: WeChat shop API pages, FlurlHttpClient's samples. Amounts are in fen. An order belongs to a live when
`ext_info.live_id` names it and `ext_info.order_scene` is 2. The id of an event is made of the order and its state, so that
pushes, pulls and reconciliation agree.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.adapters.event_collector import EventCollector
from app.adapters.parsing import any_timestamp, as_list, as_map, first, identifier, integer, timestamp, yuan
from app.adapters.protocol import Context, Parsed
from app.adapters.wechat_shop import PLATFORM, REFUNDED

CURRENCY = "CNY"
SCENE_LIVE = 2
_UNPAID = 10
_SHIPPED = frozenset((30, 100))
_DONE = 100
_CANCELLED = frozenset((190, 250))
_PAID = frozenset((12, 13, 20, 21, 30, 100, 200))
_REFUNDED_NUMBERS = frozenset((13, 14))
"""order/get states an after-sale as a number: 13 refunded, 14 returned and refunded."""
_NOTHING: Mapping[str, str] = {}


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
    """Divide an amount by weights, exactly: the largest remainders get the fen that are left over."""
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
    """
    detail = as_map(order.get("order_detail"))
    products = [as_map(product) for product in as_list(detail.get("product_infos"))]
    quantities = [integer(product.get("sku_cnt")) or 0 for product in products]
    listed = [(integer(product.get("sale_price")) or 0) * count for product, count in zip(products, quantities, strict=True)]
    real = [integer(product.get("real_price")) for product in products]
    open_lines = [index for index, amount in enumerate(real) if amount is None]
    if open_lines:
        freight = integer(as_map(detail.get("price_info")).get("freight")) or 0
        if paid is None:
            shares = [listed[index] for index in open_lines]
        else:
            left = max(0, paid - freight - sum(amount or 0 for amount in real))
            shares = _apportion(left, [listed[index] for index in open_lines])
        for index, share in zip(open_lines, shares, strict=True):
            real[index] = share
    amounts = [amount or 0 for amount in real]
    lines: list[dict[str, object]] = [
        {
            "product": identifier(product.get("product_id")),
            **({"sku": sku} if (sku := identifier(product.get("sku_id"))) else {}),
            "quantity": count,
            "amount": yuan(amount),
        }
        for product, count, amount in zip(products, quantities, amounts, strict=True)
    ]
    return lines, sum(amounts)


def _shipment(order: Mapping[str, object]) -> tuple[datetime | None, str | None, str | None]:
    delivery = as_map(as_map(order.get("order_detail")).get("delivery_info"))
    parcels = [as_map(parcel) for parcel in as_list(delivery.get("delivery_product_info"))]
    times = [time for parcel in parcels if (time := timestamp(parcel.get("delivery_time")))]
    first_parcel = parcels[0] if parcels else {}
    done = timestamp(delivery.get("ship_done_time")) or max(times, default=None)
    return done, identifier(first_parcel.get("delivery_id")), identifier(first_parcel.get("waybill_id"))


class _OrderEvents:
    """Lays out the events of one order, which share id scheme, subject and dead letter."""

    def __init__(self, collector: EventCollector, order: Mapping[str, object], context: Context) -> None:
        self._drafts = collector
        self._raw = dict(order)
        self.id = identifier(order.get("order_id")) or ""
        self._subject, self._attributed = subject_of(order, context)

    def add(self, state: str, time: datetime, data: Mapping[str, object]) -> None:
        self._drafts.event(
            f"live.order.{state}",
            id=f"order/{self.id}/{state}",
            subject=self._subject,
            time=time,
            data={"order": self.id, **data},
            raw=self._raw,
            attributed=self._attributed,
        )


def read_order(
    order: Mapping[str, object], context: Context, received_at: datetime, push: Mapping[str, str] = _NOTHING
) -> Parsed:
    """Return what an order's present state says has happened to it, and the after-sales to pull.

    `push` is the `fields` of the follow-up that asked for the order; it dates what the answer does not (a cancellation, a
    confirmation). `received_at` dates what nobody dated.
    """
    collector = EventCollector(context)
    events = _OrderEvents(collector, order, context)
    if not events.id:
        collector.unknown("order/get: no order_id", dict(order))
        return collector.result()
    status = integer(order.get("status"))
    detail = as_map(order.get("order_detail"))
    price = as_map(detail.get("price_info"))
    pushed, told_at = push.get("event", ""), any_timestamp(push.get("at"))
    updated_at = timestamp(order.get("update_time")) or received_at
    created_at = timestamp(order.get("create_time")) or told_at or updated_at
    paid = integer(price.get("order_price"))
    lines, of_lines = _lines(order, paid)
    purchase = {
        "buyer": identifier(first(order, "openid", "unionid")),
        "currency": CURRENCY,
        "amount": yuan(of_lines + (integer(price.get("freight")) or 0) if paid is None else paid),
        "lines": lines,
    }
    events.add("placed", created_at, purchase)
    pay_time = timestamp(as_map(detail.get("pay_info")).get("pay_time"))
    if status != _UNPAID and (pay_time or status in _PAID):
        fallback = any_timestamp(push.get("paid_at")) or (told_at if pushed == "channels_ec_order_pay" else None)
        events.add("paid", pay_time or fallback or updated_at, purchase)
    if status in _CANCELLED:
        events.add("cancelled", (told_at if pushed == "channels_ec_order_cancel" else None) or updated_at, {})
    if status in _SHIPPED:
        shipped_at, carrier, tracking = _shipment(order)
        told = told_at if pushed == "channels_ec_order_deliver" and push.get("finish_delivery") == "1" else None
        events.add("shipped", shipped_at or told or updated_at, {"carrier": carrier, "tracking": tracking})
    if status == _DONE:
        _, carrier, tracking = _shipment(order)
        told = told_at if pushed == "channels_ec_order_confirm" else None
        events.add("delivered", told or updated_at, {"carrier": carrier, "tracking": tracking})
    for item in as_list(as_map(order.get("aftersale_detail")).get("aftersale_order_list")):
        aftersale = identifier(first(as_map(item), "aftersale_order_id", "after_sale_order_id"))
        state = as_map(item).get("status")
        if aftersale and (identifier(state) in REFUNDED or integer(state) in _REFUNDED_NUMBERS):
            fields = {"after_sale_order_id": aftersale, "order_id": events.id}
            collector.follow_up("aftersale_get", fields, f"aftersale_get/{aftersale}/{state}")
    return collector.result()


def read_aftersale(
    aftersale: Mapping[str, object],
    order: Mapping[str, object],
    context: Context,
    received_at: datetime,
    push: Mapping[str, str] = _NOTHING,
) -> Parsed:
    """Return the refund of a finished after-sale; nothing for one in any other state, or without money (an exchange).

    `order` is the answer of order/get for its order: only that says which live room it belongs to.
    """
    collector = EventCollector(context)
    number = identifier(first(aftersale, "after_sale_order_id", "aftersale_order_id")) or push.get("after_sale_order_id")
    order_id = identifier(aftersale.get("order_id")) or push.get("order_id") or identifier(order.get("order_id"))
    status = identifier(aftersale.get("status"))
    amount = integer(as_map(aftersale.get("refund_info")).get("amount"))
    if status not in REFUNDED:
        collector.ignore(f"after-sale {status}"[:100])
        return collector.result()
    if number is None or amount is None:
        collector.unknown("getaftersaleorder: no after_sale_order_id or refund amount", dict(aftersale))
        return collector.result()
    product = as_map(aftersale.get("product_info"))
    line = {
        "product": identifier(product.get("product_id")),
        **({"sku": sku} if (sku := identifier(product.get("sku_id"))) else {}),
        "quantity": integer(product.get("count")) or 0,
        "amount": yuan(amount),
    }
    subject, attributed = subject_of(order, context)
    collector.event(
        "live.order.refunded",
        id=f"aftersale/{number}/refunded",
        subject=subject,
        time=any_timestamp(push.get("at")) or timestamp(aftersale.get("update_time")) or received_at,
        data={
            "order": order_id,
            "refund": number,
            "amount": yuan(amount),
            "lines": [line] if line["product"] else None,
        },
        raw=dict(aftersale),
        attributed=attributed,
    )
    return collector.result()
