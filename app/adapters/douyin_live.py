"""Douyin live data push (抖音直播间数据开放): comments, likes, gifts, fans club.

In: signed pushes, each an array of messages of one type. Out: events of the audience. Never here: starting the platform's
push tasks.

Source: developer.open-douyin.com, interaction/develop/server/live-room-scope/data-open/data-open-desc (headers, types,
at-least-once) and user-team-select/viewer-data-query-dev (the signature with a worked example, x-signature
GAkalGmhzqlUGQO/TgvMug==). The platform waits 2 s, repeats messages (with the same `msg_id`), and may lose some. Each message type
has a secret; `app_secret` is used for types without one.
"""

from collections.abc import Mapping
from datetime import datetime

from app.adapters.documents import read_json
from app.adapters.event_collector import EventCollector
from app.adapters.parsing import comment_text, count_of, first, identifier, integer, timestamp
from app.adapters.protocol import (
    Context,
    Delivery,
    Options,
    Parsed,
    Refused,
    Reply,
    Secret,
    Secrets,
    Verified,
    covers_body,
    no_url_check,
    require_post,
)
from app.adapters.signatures import douyin_live, key_of, same
from app.adapters.validation import CommonOptions, check_connection

KIND = "douyin_live"
PLATFORM = "douyin"
TYPES = ("live_comment", "live_gift", "live_like", "live_fansclub", "live_follow", "live_enter_room")
SECRETS = (Secret("app_secret"), *(Secret(f"{name}_secret", required=False) for name in TYPES))
signature_covers = covers_body
answer = no_url_check

_SIGNED = ("x-msg-type", "x-nonce-str", "x-roomid", "x-timestamp")
_REPLY = Reply(body=b'{"err_no":0,"err_msg":"ok"}', media_type="application/json")
_JOINED, _FOLLOWED = 2, 1


OPTIONS = CommonOptions


def check(secrets: Secrets, options: Options) -> None:
    """Accept the secrets and options, or raise `Misconfigured`."""
    check_connection(SECRETS, secrets, options)


def verify(delivery: Delivery, secrets: Secrets, options: Options) -> Verified:
    """Prove that headers and body are signed.

    Raises:
        Refused: 401, a signed header is missing or the signature does not match.
    """
    del options
    require_post(delivery)
    headers = {name: value for name in _SIGNED if (value := delivery.header(name))}
    if len(headers) != len(_SIGNED):
        raise Refused(401, "a signed header is missing")
    secret = secrets.get(f"{headers['x-msg-type']}_secret") or secrets["app_secret"]
    if not same(douyin_live(headers, delivery.body, secret), delivery.header("x-signature") or ""):
        raise Refused(401, "x-signature does not match")
    facts = {"room": headers["x-roomid"], "type": headers["x-msg-type"], "at": headers["x-timestamp"]}
    return Verified(delivery.body, delivery.received_at, key_of(facts["type"], facts["room"], delivery.body), facts=facts)


def parse(verified: Verified, context: Context) -> Parsed:
    """Read a push.

    Raises:
        Refused: 400, it is not JSON.
    """
    found = read_json(verified.body)
    if isinstance(found, str):
        # The page calls the body "the JSON text of the payload": some senders encode it twice.
        found = read_json(found.encode())
    collector = EventCollector(context)
    room = verified.facts["room"]
    subject = context.session or f"{PLATFORM}:{room}"
    sent_at = timestamp(verified.facts["at"], per_second=1000) or verified.received_at
    messages = found if isinstance(found, list) else [found]
    if not messages:
        collector.ignore("an empty list")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not message:
            collector.unknown("neither a message nor a list of messages", found)
            continue
        number = identifier(message.get("msg_id")) or f"{verified.key}-{index}"
        _message(verified.facts["type"], message, found, f"{room}/{number}", subject, sent_at, collector)
    return collector.result(_REPLY)


def _message(
    kind: str, message: Mapping[str, object], raw: object, number: str, subject: str, sent_at: datetime, collector: EventCollector
) -> None:
    viewer = identifier(first(message, "sec_openid", "sec_open_id"))
    time = timestamp(message.get("timestamp"), per_second=1000) or timestamp(message.get("timestamp")) or sent_at
    made = _event_of(kind, message, viewer)
    if made is None:
        collector.unknown("no message that we know" if kind in TYPES else "no message type that we know", raw)
    elif isinstance(made, str):
        collector.ignore(made)
    else:
        collector.event(made[0], id=number, subject=subject, time=time, data=made[1], raw=raw)


def _event_of(kind: str, message: Mapping[str, object], viewer: str | None) -> tuple[str, dict[str, object]] | str | None:
    """Return type and data; the name of a known message that has no event; None for one that does not say what happened."""
    if message.get("test") is True:
        return f"test {kind}"
    if kind == "live_gift":
        gift = identifier(message.get("sec_gift_id"))
        return "live.gift.sent", {"viewer": viewer, "gift": gift, "count": count_of(message.get("gift_num"))}
    if kind == "live_fansclub":
        # A viewer who joins the fans club follows the host at the same time. Later levels and leaving change no figure.
        reason = integer(message.get("fansclub_reason_type"))
        return _followed(viewer, reason, _JOINED, "fans club level or leaving")
    if kind == "live_follow":
        action = integer(first(message, "user_follow_action", "use_follow_action"))
        return _followed(viewer, action, _FOLLOWED, "unfollow")
    likes = integer(message.get("like_num"))
    if kind == "live_like" and likes is None:
        return None
    made: dict[str, tuple[str, dict[str, object]]] = {
        "live_comment": ("live.comment.posted", {"viewer": viewer, "text": comment_text(message.get("content"))}),
        "live_like": ("live.like.sent", {"viewer": viewer, "count": likes}),
        "live_enter_room": ("live.viewer.entered", {"viewer": viewer}),
    }
    return made.get(kind)


def _followed(viewer: str | None, state: int | None, wanted: int, otherwise: str) -> tuple[str, dict[str, object]] | str | None:
    if state is None:
        return None
    return ("live.follow.gained", {"viewer": viewer}) if state == wanted else otherwise
