"""Weibo fans service (粉丝服务): followers and private messages of a brand's account.

In: signed pushes in JSON or in XML. Out: new followers, requests to customer service, an empty reply. Never here: live-room
messages (`weibo_live`).

Source: open.weibo.com/wiki/Messages_api_start. The signature covers timestamp and nonce only. The page for POST requests was
not seen. If they are unsigned, `options.signature` = `if_present` accepts them, and the URL carries a token.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from app.adapters.documents import read_message
from app.adapters.event_collector import EventCollector
from app.adapters.parsing import as_map, first, identifier, timestamp as timestamp_of
from app.adapters.protocol import (
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
from app.adapters.validation import CommonOptions, check_connection
from app.events.fields import EARLIEST, LATEST

KIND = "weibo_fans"
PLATFORM = "weibo"
SECRETS = (Secret("app_secret"),)

_TOLERANCE = timedelta(minutes=10)
"""The platform repeats a push within seconds; the rest is for clocks that differ."""
_REMEMBERED = timedelta(hours=1)
"""How long a nonce is kept: longer than its time is accepted."""
_FOLLOWS = frozenset(("follow", "scan_follow"))
_OTHER_EVENTS = frozenset(("unfollow", "subscribe", "unsubscribe", "scan", "click", "view", "menu"))
_MESSAGES = frozenset(("text", "image", "voice", "position", "location", "mention"))


class FansOptions(CommonOptions):
    """Options of the fans service."""

    signature: Literal["required", "if_present"] = "required"


def signature_covers(secrets: Secrets, options: Options) -> Coverage:
    """Return `nothing` if unsigned deliveries are accepted, else `part`: a time and a nonce."""
    del secrets
    return "nothing" if options.get("signature") == "if_present" else "part"


OPTIONS = FansOptions


def check(secrets: Secrets, options: Options) -> None:
    """Accept the secrets and options, or raise `Misconfigured`."""
    check_connection(SECRETS, secrets, options, FansOptions)


def _require_signature(delivery: Delivery, secrets: Secrets) -> None:
    query = delivery.query
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    wanted = sha1_of_sorted(secrets["app_secret"], timestamp, nonce)
    if not timestamp or not nonce or not same(wanted, query.get("signature", "")):
        raise Refused(401, "signature does not match")


def answer(delivery: Delivery, secrets: Secrets, options: Options) -> UrlCheck:
    """Answer the platform's check of the URL with `echostr`. Its nonce signs nothing else afterwards.

    Raises:
        Refused: 401, the signature does not match.
    """
    del options
    _require_signature(delivery, secrets)
    text = delivery.query.get("echostr", "")
    # No window: the check proves nothing but the secret. A push with its nonce is refused.
    binding = Binding(_nonce(delivery), f"check/{key_of(text)}")
    return UrlCheck(Reply(body=text.encode("utf-8", "replace")), binding)


def _nonce(delivery: Delivery) -> str:
    return f"nonce/{key_of(delivery.query['timestamp'], delivery.query['nonce'])}"


def verify(delivery: Delivery, secrets: Secrets, options: Options) -> Verified:
    """Prove that a push knows the app's secret.

    Raises:
        Refused: 401, 405 or 413.
    """
    require_post(delivery)
    key, binding = key_of(delivery.body), None
    if signature_covers(secrets, options) == "part" or "signature" in delivery.query:
        _require_signature(delivery, secrets)
        sent_at = timestamp_of(delivery.query["timestamp"], per_second=1000)
        if sent_at is None or abs(sent_at - delivery.received_at) > _TOLERANCE:
            raise Refused(401, "the timestamp is too far from now")
        # The signature covers time and nonce alone: the first body that comes with them is the only one.
        binding = Binding(_nonce(delivery), key, _REMEMBERED)
    return Verified(delivery.body, delivery.received_at, key, signed=False, binding=binding)


def parse(verified: Verified, context: Context) -> Parsed:
    """Read a push.

    Raises:
        Refused: 400, the body is neither JSON nor XML.
    """
    message = read_message(verified.body)
    collector = EventCollector(context)
    receiver = identifier(first(message, "receiver_id", "ToUserName"))
    sender = identifier(first(message, "sender_id", "FromUserName"))
    kind = _lower(first(message, "type", "MsgType"))
    subtype = _lower(first(as_map(message.get("data")), "subtype") or message.get("Event"))
    subject = context.session or (f"{PLATFORM}:{receiver}" if receiver else None)
    time = _sent_at(message) or verified.received_at
    # A retry has the same bytes; two events of one sender in one second do not.
    number = identifier(first(message, "MsgId", "msg_id")) or verified.key
    if kind == "event" and subtype in _FOLLOWS:
        _add(collector, "live.follow.gained", number, subject, time, {"viewer": sender}, message)
    elif kind == "event" and subtype in _OTHER_EVENTS:
        collector.ignore(f"event {subtype}")
    elif kind in _MESSAGES:
        data = {"ticket": f"weibo-message-{number}", "viewer": sender}
        _add(collector, "live.support.requested", number, subject, time, data, message)
    else:
        collector.unknown("no message type that we know", dict(message))
    return collector.result(Reply())


def _add(
    collector: EventCollector,
    event_type: str,
    number: str,
    subject: str | None,
    time: datetime,
    data: Mapping[str, object],
    message: Mapping[str, object],
) -> None:
    collector.event(event_type, id=f"message/{number}", subject=subject, time=time, data=data, raw=dict(message))


def _lower(value: object) -> str:
    return value.lower() if isinstance(value, str) else ""


def _sent_at(message: Mapping[str, object]) -> datetime | None:
    """Return when a message was sent: `Mon Jul 16 18:09:20 +0800 2012` in JSON, Unix seconds in XML."""
    text = message.get("created_at")
    if isinstance(text, str):
        try:
            found = datetime.strptime(text, "%a %b %d %H:%M:%S %z %Y").astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return found if EARLIEST <= found < LATEST else None
    return timestamp_of(message.get("CreateTime"))
