"""WeChat shop (微信小店): order, after-sale, product and stock pushes.

In: the platform's pushes, plain, compatible or encrypted, JSON or XML. Out: pulls to make (no push carries money or a
live room), the reply `success`; stock events. Never here: the pull itself, an order's content (`orders`).

Source: WeChat message-push page, WeChat shop's order_callback pages. The signature of a plain push does not cover its body,
so the body is only a hint: it leads to a pull, whose answer comes from the platform, and never to an event.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import StrictBool

from app.adapters.documents import read_message
from app.adapters.event_collector import EventCollector
from app.adapters.parsing import any_timestamp, as_map, first, identifier, integer, timestamp
from app.adapters.protocol import (
    SUCCESS,
    Binding,
    Context,
    Coverage,
    Delivery,
    Options,
    Parsed,
    Refused,
    Reply,
    Secret,
    Secrets,
    UrlCheck,
    Verified,
    require_post,
)
from app.adapters.signatures import key_of, same, sha1_of_sorted
from app.adapters.validation import CommonOptions, InvalidField, check_connection
from app.adapters.wechat.crypto import KEY_PATTERN, decrypt

KIND = "wechat_shop"
PLATFORM = "wechat"
SECRETS = (
    Secret("token"),
    Secret(
        "encoding_aes_key",
        required=False,
        pattern=KEY_PATTERN,
        says="must be the 43 characters of the console's EncodingAESKey",
    ),
    Secret("appid", required=False),
    Secret("app_secret", required=False),
)

ORDER_EVENTS = frozenset(
    f"channels_ec_order_{name}" for name in ("new", "pay", "cancel", "wait_shipping", "deliver", "confirm", "settle")
)
IGNORED_EVENTS = frozenset(
    (
        "channels_ec_order_ext_info_update",
        "channels_ec_complaint_update",
        "channels_ec_guarantee_update",
        "product_spu_audit",
        "product_spu_listing",
        "product_spu_update",
        "product_category_audit",
        "channels_ec_acct_notify",
        "channels_ec_withdraw_notify",
        "qrcode_status",
        "channels_ec_brand",
        "head_supplier_item_update",
        "channels_ec_sharer_change",
        "channels_ec_voucher_send_succ",
        # Their order_id is not the shop's.
        "cooperation_shop_order",
        "related_shop_order_submission",
    )
)
_IGNORED_FAMILIES = ("channels_ec_coupon_", "channels_ec_user_coupon_", "channels_ec_vip_", "channels_ec_brand_")
REFUNDED = frozenset(("MERCHANT_REFUND_SUCCESS", "MERCHANT_RETURN_SUCCESS"))
"""After-sale states in which money went back."""


class ShopOptions(CommonOptions):
    """Options of a shop."""

    require_encryption: StrictBool = False
    """Refuse plain pushes. Turn it on once the console is set to safe mode."""


OPTIONS = ShopOptions


def check(secrets: Secrets, options: Options) -> None:
    """Accept a shop's secrets and options, or raise `Misconfigured`."""
    more = []
    if secrets.get("encoding_aes_key") and not secrets.get("appid"):
        more.append(InvalidField("/secrets/appid", "is required with encoding_aes_key: it is inside every encrypted push"))
    elif secrets.get("app_secret") and not secrets.get("appid"):
        more.append(InvalidField("/secrets/appid", "is required with app_secret"))
    if options.get("require_encryption") is True and not secrets.get("encoding_aes_key"):
        more.append(InvalidField("/secrets/encoding_aes_key", "is required with require_encryption"))
    check_connection(SECRETS, secrets, options, ShopOptions, more)


def signature_covers(secrets: Secrets, options: Options) -> Coverage:
    """Return `body` once a key is set, since plain pushes are then refused; the signature of those covers a time and a nonce."""
    del options
    return "body" if secrets.get("encoding_aes_key") else "part"


def _require_signature(delivery: Delivery, secrets: Secrets, name: str, *more: str) -> None:
    query = delivery.query
    wanted = sha1_of_sorted(secrets["token"], query.get("timestamp", ""), query.get("nonce", ""), *more)
    if not query.get("timestamp") or not query.get("nonce") or not same(wanted, query.get(name, "")):
        raise Refused(401, f"{name} does not match")


def answer(delivery: Delivery, secrets: Secrets, options: Options) -> UrlCheck:
    """Answer the console's check of the URL with the unchanged `echostr`, which is plain in every mode.

    The nonce of a check signs nothing else afterwards.

    Raises:
        Refused: 401, the signature does not match.
    """
    del options
    _require_signature(delivery, secrets, "signature")
    text = delivery.query.get("echostr", "")
    return UrlCheck(Reply(body=text.encode("utf-8", "replace")), Binding(_nonce(delivery), f"check/{key_of(text)}"))


def _nonce(delivery: Delivery) -> str:
    return f"nonce/{key_of(delivery.query['timestamp'], delivery.query['nonce'])}"


def verify(delivery: Delivery, secrets: Secrets, options: Options) -> Verified:
    """Return the message of an authentic push, decrypted; of a compatible push the encrypted part only.

    Raises:
        Refused: 401 for a signature, key, padding or appid that is not right; 400 for a body in no format.
    """
    require_post(delivery)
    query = delivery.query
    encrypted = "msg_signature" in query or query.get("encrypt_type", "") not in ("", "raw")
    if not encrypted:
        # A body whose sender does not know the token is not parsed.
        _require_signature(delivery, secrets, "signature")
    document = read_message(delivery.body, keep=not encrypted)
    if not encrypted and "Encrypt" not in document:
        if options.get("require_encryption") is True or secrets.get("encoding_aes_key"):
            raise Refused(401, "this connection takes encrypted pushes only")
        key = key_of(delivery.body)
        return Verified(delivery.body, delivery.received_at, key, signed=False, binding=Binding(_nonce(delivery), key))
    cipher = document.get("Encrypt")
    if not isinstance(cipher, str) or not cipher:
        raise Refused(400, "an encrypted push has no Encrypt")
    _require_signature(delivery, secrets, "msg_signature", cipher)
    if not secrets.get("encoding_aes_key") or not secrets.get("appid"):
        raise Refused(401, "the push is encrypted, and the connection has no encoding_aes_key and appid")
    plain = decrypt(cipher, secrets["encoding_aes_key"], secrets["appid"])
    return Verified(plain, delivery.received_at, key_of(plain))


def parse(verified: Verified, context: Context) -> Parsed:
    """Read a push: pushes of orders, after-sales and stock warnings become jobs; other known pushes are only kept.

    Raises:
        Refused: 400, the decrypted text is neither JSON nor XML.
    """
    message = read_message(verified.body)
    collector = EventCollector(context)
    name = message.get("Event")
    name = name if isinstance(name, str) else ""
    if name in ORDER_EVENTS:
        _order(message, name, as_map(message.get("order_info")), verified, collector)
    elif name == "product_order_status_update":
        _order(message, name, as_map(message.get("ProductOrderStatusUpdate")), verified, collector)
    elif name == "channels_ec_aftersale_update":
        _aftersale(message, verified, collector)
    elif name == "channels_ec_stock_no_enough":
        _stock(message, verified, collector)
    elif name in IGNORED_EVENTS or name.startswith(_IGNORED_FAMILIES):
        collector.ignore(name)
    else:
        collector.unknown("no event of a shop that we know", dict(message))
    return collector.result(SUCCESS, keep=True)


def _at(message: object) -> str | None:
    found = timestamp(as_map(message).get("CreateTime"))
    return found.isoformat() if found else None


def _order(message: object, name: str, info: object, verified: Verified, collector: EventCollector) -> None:
    order = identifier(as_map(info).get("order_id"))
    if order is None:
        collector.unknown(f"{name}: no order_id", message)
        return
    paid_at = timestamp(as_map(info).get("pay_time"))
    finished = integer(as_map(info).get("finish_delivery"))
    fields = {
        "order_id": order,
        "event": name,
        "at": _at(message),
        "paid_at": paid_at.isoformat() if paid_at else None,
        "finish_delivery": None if finished is None else str(finished),
    }
    collector.follow_up("order_get", fields, f"order_get/{order}/{verified.key}")


def _aftersale(message: object, verified: Verified, collector: EventCollector) -> None:
    info = as_map(as_map(message).get("finder_shop_aftersale_status_update"))
    aftersale = identifier(first(info, "after_sale_order_id", "aftersale_order_id"))
    status = info.get("status")
    if aftersale is None or not isinstance(status, str):
        collector.unknown("channels_ec_aftersale_update: no after_sale_order_id or status", message)
    elif status in REFUNDED:
        fields = {"after_sale_order_id": aftersale, "order_id": identifier(info.get("order_id")), "at": _at(message)}
        collector.follow_up("aftersale_get", fields, f"aftersale_get/{aftersale}/{verified.key}")
    else:
        collector.ignore(f"channels_ec_aftersale_update {status}"[:100])


def _stock(message: object, verified: Verified, collector: EventCollector) -> None:
    info = as_map(as_map(message).get("channels_ec_stock_no_enough"))
    product, left = identifier(info.get("product_id")), integer(info.get("remaining_stock_amount"))
    if product is None or left is None:
        collector.unknown("channels_ec_stock_no_enough: no product_id or remaining_stock_amount", message)
        return
    fields = {
        "product_id": product,
        "sku_id": identifier(info.get("sku_id")),
        # The number of a plain push is only a hint: the stock is pulled.
        "stock": str(left) if verified.signed else None,
        "at": _at(message),
    }
    collector.follow_up("stock_get", fields, f"stock_get/{product}/{verified.key}")


def read_stock(
    fields: Mapping[str, str], stock: int, subjects: Iterable[str], context: Context, received_at: datetime, key: str
) -> Parsed:
    """Return what is left of a product, for each session that it is sold in.

    `fields` and `key` are those of the delivery with the warning. The warning names a variant; a session's stock is that of the
    product.
    """
    collector = EventCollector(context)
    data = {"product": fields["product_id"], "stock": stock}
    for subject in subjects:
        time = any_timestamp(fields.get("at")) or received_at
        collector.event(
            "live.stock.changed", id=f"stock/{key}/{subject}", subject=subject, time=time, data=data, raw=dict(fields)
        )
    return collector.result()
