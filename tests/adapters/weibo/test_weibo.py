"""Weibo: the fans service, live interaction, counts of posts."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from app.adapters.protocol import Context, Delivery, Event, Parsed, Refused
from app.adapters.signatures import sha1_of_sorted, weibo_live as sign_of
from app.adapters.weibo import counts as weibo_counts, fans as weibo_fans, live as weibo_live

Sample = Callable[[str], dict[str, Any]]
Valid = Callable[[Iterable[Event]], list[Event]]
SECRETS = {"app_secret": "xyz123xyz"}


def fans(body: bytes, now: datetime, **options: object) -> Parsed:
    """Return what a signed fans-service push says."""
    stamp = str(round(now.timestamp() * 1000))
    query = {"timestamp": stamp, "nonce": "2", "signature": sha1_of_sorted("xyz123xyz", stamp, "2")}
    verified = weibo_fans.verify(Delivery("POST", query, {}, body, now), SECRETS, options)
    return weibo_fans.parse(verified, Context("//test", options))


def test_a_follow_is_a_new_follower_and_a_message_a_request_to_support(sample: Sample, now: datetime, valid: Valid) -> None:
    """A follow is a new follower and a private message a request to customer service, at the time Weibo says."""
    follow, text = (fans(sample(f"weibo_fans_{name}")["body"].encode(), now, session="s1") for name in ("event_follow", "text"))
    event = valid(follow.events)[0]
    assert (event["type"], event["subject"], event["data"]) == ("live.follow.gained", "s1", {"viewer": "2489518277"})
    assert event["time"] == "2012-07-16T10:09:20+00:00"
    assert valid(text.events)[0]["type"] == "live.support.requested"
    assert (follow.reply.body, follow.reply.status) == (b"", 200)


def test_xml_mode_says_the_same(now: datetime) -> None:
    """XML mode says the same as JSON."""
    xml = (
        "<xml><ToUserName>1902538057</ToUserName><FromUserName>2489518277</FromUserName><CreateTime>1342433360</CreateTime>"
        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[follow]]></Event></xml>"
    )
    event = fans(xml.encode(), now).events[0]
    assert (event["type"], event["subject"]) == ("live.follow.gained", "weibo:1902538057")
    assert event["time"] == "2012-07-16T10:09:20+00:00"


def test_other_events_are_left_out_or_kept(now: datetime) -> None:
    """An unfollow is left out, an unknown type is a dead letter."""
    unfollow = {"type": "event", "sender_id": 1, "receiver_id": 2, "data": {"subtype": "unfollow"}}
    assert fans(json.dumps(unfollow).encode(), now).ignored == ("event unfollow",)
    assert len(fans(b'{"type":"hologram"}', now).unknown) == 1


def test_an_unsigned_push_is_taken_only_where_the_option_says_so(sample: Sample, now: datetime) -> None:
    """An unsigned push is taken only where the option says so, and then the URL needs a token; a false one never is."""
    body = sample("weibo_fans_text")["body"].encode()
    unsigned = Delivery("POST", {}, {}, body, now)
    false = Delivery("POST", {"timestamp": "1", "nonce": "2", "signature": "0" * 40}, {}, body, now)
    lenient = {"signature": "if_present"}
    assert "nothing" == weibo_fans.signature_covers({}, lenient)
    assert body == weibo_fans.verify(unsigned, SECRETS, lenient).body
    for delivery, options in ((unsigned, {}), (false, {}), (false, lenient)):
        with pytest.raises(Refused):
            weibo_fans.verify(delivery, SECRETS, options)


def callback(form: dict[str, Any], now: datetime) -> Delivery:
    """Return a callback in the form it is documented in."""
    return Delivery("POST", {}, {"content-type": "application/x-www-form-urlencoded"}, urlencode(form).encode(), now)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("comment", ("live.comment.posted", {"viewer": "2489518277", "text": "主播好"})),
        ("like", ("live.like.sent", {"viewer": "2489518277", "count": 1})),
    ],
)
def test_a_signed_callback_is_read(
    name: str, expected: object, sample: Sample, context: Context, now: datetime, valid: Valid
) -> None:
    """A callback signed as the SDK signs is read, and answered as the platform expects."""
    form = sample(f"weibo_liveim_sync_{name}")["form"]
    parsed = weibo_live.parse(weibo_live.verify(callback(form, now), SECRETS, {}), context)
    event = valid(parsed.events)[0]
    assert expected == (event["type"], event["data"])
    assert f"weibo:{form['room_id']}" == event["subject"]
    assert json.loads(parsed.reply.body) == {"error_code": 0, "error_msg": ""}


def test_a_callback_in_json_is_signed_the_same_way(sample: Sample, context: Context, now: datetime) -> None:
    """A callback in JSON is signed the same way and is the same event."""
    form = sample("weibo_liveim_sync_comment")["form"]
    as_json = Delivery("POST", {}, {}, json.dumps(form).encode(), now)
    events = [
        weibo_live.parse(weibo_live.verify(item, SECRETS, {}), context).events[0] for item in (callback(form, now), as_json)
    ]
    assert (events[0]["type"], events[0]["data"]) == (events[1]["type"], events[1]["data"])


def test_a_tampered_callback_is_refused(sample: Sample, now: datetime) -> None:
    """A callback is refused when a field was changed, added, doubled or taken away."""
    form = sample("weibo_liveim_sync_comment")["form"]
    without = {name: value for name, value in form.items() if name != "nickname"}
    for changed in ({**form, "content": "x"}, {**form, "extra": "1"}, without, {**form, "sign": ""}):
        with pytest.raises(Refused) as refused:
            weibo_live.verify(callback(changed, now), SECRETS, {})
        assert (refused.value.status, refused.value.keep) == (401, False)
    doubled = callback(form, now).body + b"&content=x"
    for body in (doubled, b"\xff=1", b"", b"[]", json.dumps({"sign": sign_of({}, "xyz123xyz")}).encode()):
        with pytest.raises(Refused):
            weibo_live.verify(Delivery("POST", {}, {}, body, now), SECRETS, {})


def test_a_repeated_callback_is_the_same_event(sample: Sample, context: Context, now: datetime) -> None:
    """A callback that comes again is the same event, also with another access token."""
    form = sample("weibo_liveim_sync_comment")["form"]
    other = {**form, "access_token": "renewed"}
    other["sign"] = sign_of({name: str(value) for name, value in other.items()}, "xyz123xyz")
    ids = {
        weibo_live.parse(weibo_live.verify(callback(item, now), SECRETS, {}), context).events[0]["id"] for item in (form, other)
    }
    assert len(ids) == 1


def test_the_sdks_messages_become_events_and_samples(sample: Sample, context: Context, now: datetime, valid: Valid) -> None:
    """The SDK's messages become events of the audience, and their counters samples."""
    found = weibo_live.read_messages(sample("weibo_im_sdk_messages")["messages"], context, now)
    assert [(event["type"], event["data"]) for event in valid(found.events)] == [
        ("live.comment.posted", {"viewer": "2489518277", "text": "主播好"}),
        ("live.like.sent", {"viewer": "2489518277", "count": 3}),
        ("live.audience.sampled", {"likes_total": 4521}),
        ("live.viewer.entered", {"viewer": "2489518277"}),
        ("live.audience.sampled", {"concurrent": 128, "views_total": 1520, "likes_total": 4521}),
        ("live.session.ended", {}),
    ]


def test_nesting_is_read_leniently_and_unknown_types_are_kept(context: Context, now: datetime) -> None:
    """Messages may be wrapped, or be texts of JSON, and their fields flat; unknown types are dead letters."""
    message = {"room_id": "r", "mid": "7", "msg_type": "5", "uid": 9, "gift_info": {"name": "rose", "num": "3"}}
    for wrapped in ({"data": json.dumps([message])}, [[message]], {"message": {"msg": message}}):
        event = weibo_live.read_messages(wrapped, context, now).events[0]
        assert (event["id"], event["data"]) == ("r/7", {"viewer": "9", "gift": "rose", "count": 3})
    found = weibo_live.read_messages([{"room_id": "r", "msg_type": 77}, {"room_id": "r", "msg_type": 15}, {"a": 1}], context, now)
    assert (len(found.unknown), found.ignored, found.events) == (2, ("system",), ())


def test_the_stream_is_cut_at_lines(context: Context, now: datetime) -> None:
    """The stream is cut at its lines wherever the network cuts it; a broken line is a dead letter."""
    data = b'{"room_id":"r","mid":1,"msg_type":7,"uid":1}\n\r\n{"room_id":\n{"room_id":"r","mid":2,"msg_type":8,"uid":1}\n{"x'
    for cut in range(len(data)):
        first, rest = weibo_live.stream_lines(data[:cut])
        second, rest = weibo_live.stream_lines(rest + data[cut:])
        found = weibo_live.read_messages(first + second, context, now)
        assert ([event["id"] for event in found.events], len(found.unknown), rest) == (["r/1", "r/2"], 1, b'{"x')


def test_counts_are_measurements_of_promotions(sample: Sample, now: datetime, valid: Valid) -> None:
    """Counts are measurements of the promotion that a post is; the request is the published one."""
    found = sample("pull_weibo_count_sp_biz")
    context = Context("//test", {"session": "s1", "posts": {"3468865533114224": "https://example.org/video"}})
    first, second = valid(weibo_counts.read_counts(found["response"], context, now).events)
    assert first["data"] == {"promotion": "https://example.org/video", "views_total": 132, "engagements_total": 61353}
    assert second["data"]["promotion"] == "3468815805141776"  # type: ignore[index]
    call = weibo_counts.counts("T", ["3468865533114224", "3468815805141776"], context)
    url = f"{call.base}{call.path}?access_token={call.query['access_token']}&ids={call.query['ids']}"
    assert found["request"]["url"] == url
    assert "'T'" not in repr(call)


def test_an_error_of_the_counts_is_typed(context: Context, now: datetime) -> None:
    """An error of the counts is typed; too many posts are an error before anything is asked."""
    with pytest.raises(weibo_counts.WeiboError) as raised:
        weibo_counts.read_counts({"error": "expired_token", "error_code": "21327"}, context, now)
    assert (raised.value.token_refused, raised.value.quota_exceeded) == (True, False)
    with pytest.raises(ValueError, match="between 1 and 100"):
        weibo_counts.counts("T", ["1"] * 101, context)
