"""The live-room message forwarder (wxlivespy): comments, entries, likes, gifts, the online count and the total of likes.

In: its JSON, bare or wrapped. Out: events of the audience, one sample per delivery. Never here: a signature: the tool
has none, so the URL carries an unguessable token (`signature_covers`).

Source: fire4nt/wxlivespy, EventForwarder.ts, CustomTypes.ts and schema.json. It repeats events; the broadcast's id and `seq`
identify them. One like message may represent several taps; the platform's total is in the sample.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from app.adapters.documents import read_json
from app.adapters.event_collector import EventCollector
from app.adapters.parsing import any_timestamp, as_list, as_map, comment_text, count_of, first, identifier, timestamp
from app.adapters.protocol import (
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
from app.adapters.signatures import key_of
from app.adapters.validation import CommonOptions, check_connection

KIND = "wechat_spy"
PLATFORM = "wechat"
SECRETS: tuple[Secret, ...] = ()
answer = no_url_check


def signature_covers(secrets: Secrets, options: Options) -> Coverage:
    """Return `nothing`: only the URL protects these deliveries."""
    del secrets, options
    return "nothing"


_COUNT_FIELDS = {"gift": "gift_num", "combogift": "combo_product_count"}
"""Message type → the field that counts its gifts."""


class SpyOptions(CommonOptions):
    """Options of a forwarder."""

    gift_messages: Literal["gift", "combogift", "both"] = "gift"
    """Which messages count gifts. WeChat does not document whether a combo repeats the gifts that it sums up."""


OPTIONS = SpyOptions


def check(secrets: Secrets, options: Options) -> None:
    """Accept the options, or raise `Misconfigured`; there are no secrets."""
    check_connection(SECRETS, secrets, options, SpyOptions)


def verify(delivery: Delivery, secrets: Secrets, options: Options) -> Verified:
    """Accept a delivery unchanged: the token of its URL has been checked before.

    Raises:
        Refused: 405 or 413.
    """
    del secrets, options
    require_post(delivery)
    return Verified(delivery.body, delivery.received_at, key_of(delivery.body), signed=False)


def parse(verified: Verified, context: Context) -> Parsed:
    """Read a delivery.

    Raises:
        Refused: 400, the body is not the forwarder's JSON.
    """
    found = as_map(read_json(verified.body, keep=False))
    body = as_map(found.get("decoded_data")) or found
    live = as_map(body.get("live_info"))
    rows = as_list(body.get("events"))
    if not live and not rows:
        raise Refused(400, "the body has no live_info and no events", keep=False)
    room = identifier(live.get("live_id"))
    subject = context.session or (f"{PLATFORM}:{room}" if room else None)
    collector = EventCollector(context, standalone=True)
    chosen = context.text("gift_messages") or "gift"
    counted = frozenset(_COUNT_FIELDS) if chosen == "both" else frozenset((chosen,))
    times = []
    for sent in rows:
        if not isinstance(sent, dict):
            collector.unknown("no message", {"live_info": {"live_id": room} if room else {}, "events": [sent]})
            continue
        row = as_map(sent)
        time = timestamp(row.get("msg_time"), per_second=1000)
        times += [time] if time else []
        _message(row, room or "", subject, time or verified.received_at, collector, counted)
    # A sample is as new as the newest message beside it. Its dead letter has no messages and says when that was.
    newest = max(times, default=None) or any_timestamp(body.get("sampled_at"))
    _sample(live, room or "", subject, newest, verified.received_at, collector)
    return collector.result(Reply(body=b'{"ok":true}', media_type="application/json"))


def _message(
    row: Mapping[str, object],
    room: str,
    subject: str | None,
    time: datetime,
    collector: EventCollector,
    gift_messages: frozenset[str],
) -> None:
    kind = identifier(row.get("decoded_type"))
    seq = identifier(row.get("seq"))
    message = identifier(row.get("msg_id"))
    # Without either, only the content distinguishes two messages.
    number = seq or (key_of(message) if message else key_of(*(f"{name}={value}" for name, value in sorted(row.items()))))
    viewer = identifier(first(row, "decoded_openid", "sec_openid"))
    again = {"live_info": {"live_id": room} if room else {}, "events": [dict(row)]}
    count = count_of(row.get(_COUNT_FIELDS.get(kind or "", "")))
    made: dict[object, tuple[str, dict[str, object]]] = {
        "comment": ("live.comment.posted", {"viewer": viewer, "text": comment_text(row.get("content"))}),
        "enter": ("live.viewer.entered", {"viewer": viewer}),
        "like": ("live.like.sent", {"viewer": viewer}),
        "gift": ("live.gift.sent", {"viewer": viewer, "gift": identifier(row.get("sec_gift_id")), "count": count}),
    }
    made["combogift"] = made["gift"]
    if kind == "levelup" or (kind in _COUNT_FIELDS and kind not in gift_messages):
        collector.ignore(kind)
    elif kind not in made:
        collector.unknown("no message type that we know", again)
    else:
        event_type, data = made[kind]
        collector.event(event_type, id=f"{room}/{number}", subject=subject, time=time, data=data, raw=again)


def _sample(
    live: Mapping[str, object],
    room: str,
    subject: str | None,
    newest: datetime | None,
    received_at: datetime,
    collector: EventCollector,
) -> None:
    data = {"concurrent": count_of(live.get("online_count")), "likes_total": count_of(live.get("like_count"))}
    if data["concurrent"] is None and data["likes_total"] is None:
        if live:
            collector.ignore("live_info without a count")
        return
    time = newest or received_at
    raw = {"live_info": dict(live)} | ({"sampled_at": newest.isoformat()} if newest else {})
    stamp = key_of(room, time.isoformat(), *(f"{name}={value}" for name, value in data.items()))
    collector.event("live.audience.sampled", id=f"{room}/sample/{stamp}", subject=subject, time=time, data=data, raw=raw)
