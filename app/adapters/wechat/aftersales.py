"""After-sales of a WeChat shop, as its API answers them.

In: the `after_sale_order` of getaftersaleorder, the order that it belongs to, the fields of the push. Out: refunds, attributed to
the live room of their order, in exact money. Never here: HTTP, tokens.

Source: WeChat shop API pages, FlurlHttpClient's samples. Amounts are in fen.
"""

from collections.abc import Mapping
from datetime import datetime

from app.adapters.event_collector import EventCollector
from app.adapters.parsing import (
    Unreadable,
    any_timestamp,
    as_map,
    count_of,
    first,
    identifier,
    stated_integer,
    stated_time,
    yuan,
)
from app.adapters.protocol import Context, Parsed
from app.adapters.wechat.orders import NOTHING, subject_of
from app.adapters.wechat.shop import REFUNDED


def read_aftersale(
    aftersale: Mapping[str, object],
    order: Mapping[str, object],
    context: Context,
    received_at: datetime,
    push: Mapping[str, str] = NOTHING,
) -> Parsed:
    """Return the refund of a finished after-sale; nothing for one in any other state, or without money (an exchange).

    `order` is the answer of order/get for its order: only that says which live room it belongs to.
    """
    collector = EventCollector(context)
    number = identifier(first(aftersale, "after_sale_order_id", "aftersale_order_id")) or push.get("after_sale_order_id")
    order_id = identifier(aftersale.get("order_id")) or push.get("order_id") or identifier(order.get("order_id"))
    status = identifier(aftersale.get("status"))
    if status is None:
        collector.unknown("getaftersaleorder: no status", dict(aftersale))
        return collector.result()
    if status not in REFUNDED:
        collector.ignore(f"after-sale {status}"[:100])
        return collector.result()
    try:
        amount = stated_integer(as_map(aftersale.get("refund_info")), "amount")
        at = any_timestamp(push.get("at")) or stated_time(aftersale, "update_time") or received_at
    except Unreadable as error:
        collector.unknown(f"getaftersaleorder: {error}", dict(aftersale))
        return collector.result()
    if number is None or amount is None:
        collector.unknown("getaftersaleorder: no after_sale_order_id or refund amount", dict(aftersale))
        return collector.result()
    if not amount:
        # An exchange or a replacement: it ends in the same states as a refund.
        collector.ignore("after-sale without money")
        return collector.result()
    product = as_map(aftersale.get("product_info"))
    line = {
        "product": identifier(product.get("product_id")),
        **({"sku": sku} if (sku := identifier(product.get("sku_id"))) else {}),
        "quantity": 0 if (count := count_of(product.get("count"))) is None else count,
        "amount": yuan(amount),
    }
    subject, attributed = subject_of(order, context)
    collector.event(
        "live.order.refunded",
        id=f"aftersale/{number}/refunded",
        subject=subject,
        time=at,
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
