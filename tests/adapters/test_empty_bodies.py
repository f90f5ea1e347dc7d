"""Authentic deliveries that hold next to nothing: a dead letter, or ignored with a reason; never a success that no one can find."""

from datetime import datetime

import pytest

from app.adapters.protocol import Context, Parsed, Refused, Verified
from app.adapters.registry import ADAPTERS
from app.adapters.weibo.live import read_messages

LIKE = {"type": "live.like.sent", "each": "likes", "data": {"count": "item.n"}}
KINDS: dict[str, tuple[str, dict[str, str], dict[str, object]]] = {
    **{
        name: ("douyin_live", {"room": "r", "type": name, "at": "1788000400123"}, {})
        for name in ("live_comment", "live_gift", "live_like", "live_fansclub", "live_follow", "live_enter_room", "other")
    },
    "weibo_live": ("weibo_live", {}, {}),
    "weibo_fans": ("weibo_fans", {}, {}),
    "wechat_shop": ("wechat_shop", {}, {}),
    "wechat_spy": ("wechat_spy", {}, {}),
    "standard_webhooks": ("standard_webhooks", {"webhook-id": "m", "webhook-timestamp": "1788000400"}, {"session": "s"}),
    "twitch": ("mapping", {"style": "twitch"}, {"signature": "twitch", "rules": [LIKE]}),
    "shopify": ("mapping", {"style": "shopify"}, {"signature": "shopify", "session": "s", "rules": [LIKE]}),
}
BODIES = (
    b"null", b"{}", b"[]", b'""', b"0", b"[null]", b"[{}]", b"[5]", b"[[]]", b'"x"', b'{"a":null}', b'{"a":1,"a":2}', b"", b"<a/>",
    b"<a>x</a>", b"[" * 300 + b"]" * 300,
)  # fmt: skip


def parsed(name: str, body: bytes, now: datetime) -> Parsed:
    """Return what a connection reads in a body."""
    kind, facts, options = KINDS[name]
    return ADAPTERS[kind].parse(Verified(body, now, "k", True, facts), Context("//test", options))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", KINDS)
def test_what_holds_next_to_nothing_is_found_again_and_counts_nothing(name: str, body: bytes, now: datetime) -> None:
    """It is refused, or a dead letter, or ignored for a reason; it brings no event."""
    try:
        found = parsed(name, body, now)
    except Refused:
        return
    assert found.events == ()
    assert found.unknown or found.ignored
    if body in (b"null", b"{}") and name != "shopify":  # Rules say what a mapping leaves out.
        assert found.unknown


@pytest.mark.parametrize("wrapper", ["messages", "message", "data", "msg"])
@pytest.mark.parametrize(
    "inner", ["null", "[]", "{}", '""', '"x"', "0", "[null]", '["x"]', "[[]]", '"[]"', '"{broken"', '"[null]"']
)
def test_a_wrapper_of_nothing_is_kept(wrapper: str, inner: str, now: datetime) -> None:
    """Weibo's callback that wraps no message is a dead letter, which stays one when it is replayed."""
    found = parsed("weibo_live", f'{{"room_id":"1","ts":"1","{wrapper}":{inner}}}'.encode(), now)
    assert (found.events, found.ignored, len(found.unknown)) == ((), (), 1)


def test_a_line_that_keeps_the_stream_alive_is_no_dead_letter(now: datetime) -> None:
    """Empty lines of Weibo's pull stream are ignored; a text in the place of a message is kept."""
    found = read_messages([None, {}, [], "x"], Context("//test"), now, states={})
    assert (len(found.ignored), [unknown.raw for unknown in found.unknown]) == (3, [["x"]])


@pytest.mark.parametrize(
    ("kind", "message"), [("live_like", "{}"), ("live_like", '{"like_num":"many"}'), ("live_follow", '{"a":1}')]
)
def test_a_message_that_does_not_say_what_happened_is_kept(kind: str, message: str, now: datetime) -> None:
    """A like without a readable number is no like, and a follow without its action no unfollow."""
    found = parsed(kind, f"[{message}]".encode(), now)
    assert (found.events, found.ignored, len(found.unknown)) == ((), (), 1)


def test_what_stands_among_the_forwarders_messages_is_kept_as_it_came(now: datetime) -> None:
    """A text in the place of a message is in its dead letter; figures without a count are ignored with a reason."""
    found = parsed("wechat_spy", b'{"live_info":{"live_id":"1"},"events":["x"]}', now)
    assert [unknown.raw for unknown in found.unknown] == [{"live_info": {"live_id": "1"}, "events": ["x"]}]
    assert parsed("wechat_spy", b'{"live_info":{"live_id":"1"}}', now).ignored == ("live_info without a count",)
