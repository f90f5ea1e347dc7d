"""Douyin's live data push."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime

import pytest

from app.adapters import douyin_live
from app.adapters.protocol import Context, Delivery, Event, Parsed, Refused
from app.adapters.signatures import douyin_live as sign

Valid = Callable[[Iterable[Event]], list[Event]]
BASE = {"x-nonce-str": "123456", "x-timestamp": "456789", "x-roomid": "268"}


@pytest.mark.parametrize(
    ("kind", "signature"), [("user_group", "GAkalGmhzqlUGQO/TgvMug=="), ("live_gift", "PDcKhdlsrKEJif6uMKD2dw==")]
)
def test_the_published_examples_have_our_signature(kind: str, signature: str, now: datetime) -> None:
    """The platform's published examples have the signature that we compute."""
    headers = {**BASE, "x-msg-type": kind}
    body = "abc123你好".encode()
    assert signature == sign(headers, body, "123abc")
    delivery = Delivery("POST", {}, {**headers, "X-Signature": signature}, body, now)
    assert douyin_live.verify(delivery, {"app_secret": "123abc"}, {}).facts["room"] == "268"


def pushed(kind: str, body: object, now: datetime, secrets: dict[str, str] | None = None) -> Parsed:
    """Return what a signed push says."""
    headers = {**BASE, "x-msg-type": kind}
    raw = json.dumps(body).encode()
    signed = Delivery("POST", {}, {**headers, "x-signature": sign(headers, raw, "s")}, raw, now)
    return douyin_live.parse(douyin_live.verify(signed, secrets or {"app_secret": "s"}, {}), Context("//test"))


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("live_comment", {"content": "好"}, ("live.comment.posted", {"viewer": "u", "text": "好"})),
        ("live_like", {"like_num": 5}, ("live.like.sent", {"viewer": "u", "count": 5})),
        ("live_gift", {"sec_gift_id": "g", "gift_num": 2}, ("live.gift.sent", {"viewer": "u", "gift": "g", "count": 2})),
        ("live_fansclub", {"fansclub_reason_type": 2}, ("live.follow.gained", {"viewer": "u"})),
        ("live_follow", {"user_follow_action": 1}, ("live.follow.gained", {"viewer": "u"})),
        ("live_enter_room", {}, ("live.viewer.entered", {"viewer": "u"})),
    ],
)
def test_a_push_is_read(kind: str, fields: dict[str, object], expected: object, now: datetime, valid: Valid) -> None:
    """Each type of push is read; a repeated message is the same event."""
    message = {"msg_id": "m1", "sec_openid": "u", "timestamp": 1788000400123, **fields}
    found = valid(pushed(kind, [message, message], now).events)
    assert expected == (found[0]["type"], found[0]["data"])
    assert tuple(found[0][name] for name in ("id", "subject", "time")) == (
        "268/m1",
        "douyin:268",
        "2026-08-29T10:46:40.123000+00:00",
    )
    assert found[0] == found[1]


def test_tests_levels_and_unfollows_are_left_out(now: datetime) -> None:
    """Test gifts, fans club levels and unfollows are left out; an unknown type is a dead letter."""
    assert pushed("live_gift", [{"test": True, "sec_gift_id": "g"}], now).events == ()
    assert len(pushed("live_fansclub", [{"fansclub_reason_type": 1}], now).ignored) == 1
    assert len(pushed("live_follow", [{"user_follow_action": 2}], now).ignored) == 1
    assert len(pushed("live_hologram", [{}], now).unknown) == 1


def test_a_type_may_have_its_own_secret(now: datetime) -> None:
    """A message type may have its own secret, which alone counts for it then."""
    message = [{"msg_id": "m", "sec_openid": "u", "content": ""}]
    assert pushed("live_comment", message, now, {"app_secret": "other", "live_comment_secret": "s"}).events
    with pytest.raises(Refused):
        pushed("live_comment", message, now, {"app_secret": "s", "live_comment_secret": "other"})


@pytest.mark.parametrize("name", ["x-nonce-str", "x-timestamp", "x-roomid", "x-msg-type", "x-signature"])
def test_every_header_counts(name: str, now: datetime) -> None:
    """A push with a header changed or missing is refused."""
    headers = {**BASE, "x-msg-type": "live_like"}
    good = {**headers, "x-signature": sign(headers, b"[]", "s")}
    for changed in ({**good, name: "9"}, {key: value for key, value in good.items() if key != name}):
        with pytest.raises(Refused) as refused:
            douyin_live.verify(Delivery("POST", {}, changed, b"[]", now), {"app_secret": "s"}, {})
        assert refused.value.status == 401
