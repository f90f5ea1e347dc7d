"""Weibo live interaction (微博直播互动): messages of a live room.

In: the callback (a form, or JSON of the same fields), or messages of the pull stream. Out: events of the audience, samples
from counters, the reply `{"error_code":0}`. Never here: the stream's connection.

Source: open.weibo.com/wiki/Live/im/api, WeiboLiveSDK.m (sign), the Android SDK's model classes (keys, types). The SDK's
nesting is partly inferred, so fields are read from each likely place. Undocumented message types are dead letters.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic_core import from_json

from app.adapters.documents import embedded_json, read_form, read_json
from app.adapters.event_collector import EventCollector
from app.adapters.figures import Figures
from app.adapters.parsing import as_map, comment_text, count_of, first, first_value, identifier, integer, timestamp
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
    Verified,
    no_url_check,
    require_post,
)
from app.adapters.signatures import key_of, same, weibo_live
from app.adapters.validation import CommonOptions, check_connection

KIND = "weibo_live"
PLATFORM = "weibo"
SECRETS = (Secret("app_secret"), Secret("access_token", required=False))
answer = no_url_check

_REPLY = Reply(body=b'{"error_code":0,"error_msg":""}', media_type="application/json")
_IGNORED = {3: "light-up", 4: "mute", 6: "notice", 9: "cart", 10: "product", 14: "admin", 15: "system", 16: "pin", 100: "custom"}
_ON_AIR, _ENDED = 1, frozenset((3, 5))
_STATES = {"live.session.started": True, "live.session.ended": False}
_WRAPPERS = ("messages", "message", "data", "msg")
_CREDENTIALS = frozenset(("sign", "access_token"))


OPTIONS = CommonOptions


def check(secrets: Secrets, options: Options) -> None:
    """Accept the secrets and options, or raise `Misconfigured`."""
    check_connection(SECRETS, secrets, options)


def signature_covers(secrets: Secrets, options: Options) -> Coverage:
    """Return `part`: of JSON the fields that are not nested, and 60 bits of a form."""
    del secrets, options
    return "part"


def verify(delivery: Delivery, secrets: Secrets, options: Options) -> Verified:
    """Prove that a callback carries the `sign` of its own fields.

    A JSON body is signed as a form of its scalar fields would be; nested fields are outside the signature.

    Raises:
        Refused: 401 for the sign, 400 for a body in no format.
    """
    del options
    require_post(delivery)
    form = delivery.body.lstrip()[:1] not in (b"{", b"[")
    if form:
        fields = read_form(delivery.body)
    else:
        found = as_map(read_json(delivery.body, keep=False))
        fields = {name: text for name, value in found.items() if (text := _as_in_a_form(value)) is not None}
    if not fields.get("room_id") or not (fields.get("ts") or fields.get("mid") or fields.get("create_at")):
        # A signature that covers nothing of the message would be valid for any message.
        raise Refused(401, "room_id and a time are not among the signed fields")
    sign = fields.get("sign", delivery.query.get("sign", ""))
    if not same(weibo_live(fields, secrets["app_secret"]), sign):
        raise Refused(401, "sign does not match")
    # ts is signed, so a retry of the callback has the same key.
    key = key_of(*(f"{name}={value}" for name, value in sorted(fields.items()) if name not in _CREDENTIALS))
    if form:
        return Verified(delivery.body, delivery.received_at, key)
    # Nested fields are outside the signature: the first body that comes with it is the only one.
    binding = Binding(f"sign/{key}", key_of(delivery.body))
    signed_at = timestamp(fields.get("ts") or fields.get("create_at"), per_second=1000)
    if signed_at is not None and delivery.received_at - signed_at > binding.kept_for:
        raise Refused(401, "the signature is older than signatures are remembered")
    return Verified(delivery.body, delivery.received_at, key, signed=False, binding=binding)


def _as_in_a_form(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def parse(verified: Verified, context: Context) -> Parsed:
    """Read a callback.

    Raises:
        Refused: 400, its format cannot be read.
    """
    body = verified.body
    found = read_json(body) if body.lstrip()[:1] in (b"{", b"[") else read_form(body, keep=True)
    return read_messages(found, context, verified.received_at, _REPLY)


def read_messages(
    found: object, context: Context, received_at: datetime, reply: Reply = _REPLY, *, states: dict[str, bool] | None = None
) -> Parsed:
    """Read messages of the callback or of a line of the pull stream: one, a list, or wrapped.

    `states` holds which rooms are on air, as far as the reader of the stream knows. If a message's room_info states another
    status, the broadcast has started or ended, with or without a message of its own.
    """
    collector = EventCollector(context, standalone=True)
    for message in _messages(found):
        if isinstance(message, dict) and message:
            _read(message, context, received_at, collector, states)
        elif states is not None and not message:
            # A line may be there to keep the stream alive.
            collector.ignore("an empty line")
        else:
            collector.unknown("no message", [message])
    return collector.result(reply)


def _messages(found: object, depth: int = 0) -> Iterable[object]:
    """Yield the messages, and what stands in their place as it is."""
    found = _unquoted(found)
    if isinstance(found, list) and found:
        for item in found:
            yield from _messages(item, depth)
        return
    message = as_map(found)
    inner = _unquoted(first(message, *_WRAPPERS))
    # What wraps nothing is itself what was sent.
    if "msg_type" not in message and isinstance(inner, dict | list) and inner and depth < len(_WRAPPERS):
        yield from _messages(inner, depth + 1)
    else:
        yield found


def _unquoted(found: object) -> object:
    inner = embedded_json(found) if isinstance(found, str) and found[:1] in ("{", "[") else None
    return found if inner is None else inner


def _counters(message: Mapping[str, object], collector: EventCollector) -> dict[str, object]:
    room = as_map(message.get("room_info"))
    counters = as_map(first(room, "counters")) or as_map(message.get("counters"))
    places = [Figures(found, "liveim message", collector) for found in (counters, room, message)]
    onlines, plays, likes = (
        first_value(*(place.count(name) for place in places)) for name in ("onlines", "play_count", "praise_count")
    )
    return {"concurrent": onlines, "views_total": plays, "likes_total": first_value(places[-1].count("praises_count"), likes)}


def _gift(message: Mapping[str, object], viewer: str | None) -> dict[str, object]:
    info = as_map(message.get("gift_info"))
    name = identifier(first(info, "gift_id", "id", "gift_name", "name")) or identifier(message.get("gift_id")) or "gift"
    return {"viewer": viewer, "gift": name, "count": count_of(first(info, "gift_num", "num", "count", "amount"))}


def _event_of(kind: int, message: Mapping[str, object], viewer: str | None) -> tuple[str, dict[str, object]] | str | None:
    """Return type and data; the name of a known type that has no event; None for an unknown type."""
    if kind == 1:
        return "live.comment.posted", {"viewer": viewer, "text": comment_text(message.get("content"))}
    if kind == 2:
        count = first_value(count_of(message.get("inc_praises")), count_of(message.get("praise_num")), 1)
        return "live.like.sent", {"viewer": viewer, "count": count}
    if kind == 12:
        entered = integer(message.get("exit_or_enter_room"))
        return ("live.viewer.entered" if entered else "live.viewer.left", {"viewer": viewer}) if entered is not None else None
    if kind == 11:
        state = first_value(integer(message.get("live_status")), integer(as_map(message.get("room_info")).get("status")))
        if state == _ON_AIR:
            return "live.session.started", {}
        return ("live.session.ended", {}) if state in _ENDED else f"live state {state}"
    simple: dict[int, tuple[str, dict[str, object]]] = {
        5: ("live.gift.sent", _gift(message, viewer)),
        13: ("live.gift.sent", {"viewer": viewer, "gift": "reward"}),
        7: ("live.share.sent", {"viewer": viewer}),
        8: ("live.follow.gained", {"viewer": viewer}),
    }
    return simple.get(kind) or _IGNORED.get(kind)


def _change(message: Mapping[str, object], room: str, states: dict[str, bool], *, stated: bool | None) -> bool | None:
    """Record a room's status; return it if it changed and the message is no message about the status."""
    status = integer(as_map(message.get("room_info")).get("status"))
    on_air = stated if stated is not None else True if status == _ON_AIR else False if status in _ENDED else None
    if on_air is None or states.get(room, False) == on_air:
        return None
    states[room] = on_air
    return on_air if stated is None else None


def _read(
    message: Mapping[str, object],
    context: Context,
    received_at: datetime,
    collector: EventCollector,
    states: dict[str, bool] | None,
) -> None:
    raw = {name: value for name, value in message.items() if name not in _CREDENTIALS}
    room = identifier(first(message, "room_id")) or identifier(as_map(message.get("room_info")).get("room_id"))
    subject = context.session or (f"{PLATFORM}:{room}" if room else None)
    sender = as_map(first(message, "sender_info", "sender", "user"))
    viewer = identifier(first(sender, "uid", "id")) or identifier(message.get("uid"))
    stamp = first(message, "create_at", "created_at", "ts")
    time = timestamp(stamp, per_second=1000) or timestamp(stamp) or received_at
    kind = integer(message.get("msg_type"))
    content = key_of(*(f"{name}={value}" for name, value in sorted(raw.items())))
    number = f"{room}/{identifier(message.get('mid')) or content}"
    made = None if kind is None else _event_of(kind, message, viewer)
    if made is None:
        collector.unknown("no message type that we know", raw)
    elif isinstance(made, str):
        collector.ignore(made)
    else:
        collector.event(made[0], id=number, subject=subject, time=time, data=made[1], raw=raw)
    if states is not None:
        on_air = _change(message, room or "", states, stated=_STATES.get(made[0]) if isinstance(made, tuple) else None)
        if on_air is not None:
            state = "live.session.started" if on_air else "live.session.ended"
            collector.event(state, id=f"{number}/status", subject=subject, time=time, data={}, raw=raw)
    counters = _counters(message, collector)
    if any(value is not None for value in counters.values()):
        collector.event("live.audience.sampled", id=f"{number}/counters", subject=subject, time=time, data=counters, raw=raw)


def stream_lines(buffer: bytes) -> tuple[list[object], bytes]:
    """Split the bytes of the pull stream into complete messages (one JSON text a line) and the rest.

    Empty lines keep the connection alive. A line that is not JSON is returned as text and becomes a dead letter.
    """
    *lines, rest = buffer.split(b"\n")
    return [_line(line) for line in lines if line.strip()], rest


def _line(line: bytes) -> object:
    try:
        return from_json(line, allow_inf_nan=False)
    except ValueError:
        return {"unreadable_line": line.decode("utf-8", "replace")[:4096]}
