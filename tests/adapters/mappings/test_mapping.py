"""Mappings that an operator writes, and the usual signatures."""

import base64
import copy
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pytest

from app.adapters.mappings import mapping
from app.adapters.protocol import Context, Delivery, Event, Refused
from app.adapters.validation import Misconfigured

Valid = Callable[[Iterable[Event]], list[Event]]
SECRET = {"secret": "s3cret"}
ORDER_RULE: dict[str, Any] = {
    "type": "live.order.paid",
    "topics": ["orders/paid"],
    "when": "financial_status == 'paid'",
    "id": "id",
    "time": "processed_at",
    "data": {
        "order": "id",
        "buyer": "customer.id",
        "currency": "currency",
        "amount": "total_price",
        "lines": "line_items[].{product: sku, quantity: quantity, amount: price}",
    },
}
SHOPIFY: dict[str, Any] = {"signature": "shopify", "session": "s1", "rules": [ORDER_RULE]}
BODY: dict[str, Any] = {
    "id": 3705115058471208929,
    "financial_status": "paid",
    "processed_at": "2026-08-29T18:00:00+08:00",
    "currency": "CNY",
    "total_price": "1099.00",
    "customer": {"id": 9007199254740993},
    "line_items": [{"sku": "knit-01", "quantity": "2", "price": 549.5}],
}


def digest(*parts: bytes) -> bytes:
    """Return the HMAC that all three styles use."""
    return hmac.new(b"s3cret", b"".join(parts), hashlib.sha256).digest()


def delivered(style: str, body: bytes, now: datetime, **more: str) -> Delivery:
    """Return a delivery signed in a style."""
    if style == "shopify":
        headers = {"X-Shopify-Hmac-SHA256": base64.b64encode(digest(body)).decode(), "X-Shopify-Topic": "orders/paid"}
    elif style == "github":
        headers = {"X-Hub-Signature-256": f"sha256={digest(body).hex()}", "X-GitHub-Delivery": "d1", "X-GitHub-Event": "ping"}
    else:
        headers = {
            "Twitch-Eventsub-Message-Id": "t1",
            "Twitch-Eventsub-Message-Timestamp": "2026-08-29T10:45:00.123456789Z",
            "Twitch-Eventsub-Message-Type": "notification",
            "Twitch-Eventsub-Message-Signature": f"sha256={digest(b't1', b'2026-08-29T10:45:00.123456789Z', body).hex()}",
        }
    return Delivery("POST", {}, {**headers, **more}, body, now)


def test_a_shopify_order_becomes_ours(now: datetime, valid: Valid) -> None:
    """A Shopify order becomes ours: ids with all digits, amounts as they were written."""
    mapping.check(SECRET, SHOPIFY)
    verified = mapping.verify(delivered("shopify", json.dumps(BODY).encode(), now), SECRET, SHOPIFY)
    event = valid(mapping.parse(verified, Context("//test", SHOPIFY)).events)[0]
    assert event["data"] == {
        "order": "3705115058471208929",
        "buyer": "9007199254740993",
        "currency": "CNY",
        "amount": "1099.00",
        "lines": [{"product": "knit-01", "quantity": 2, "amount": "549.5"}],
    }
    assert (event["subject"], event["time"]) == ("s1", "2026-08-29T10:00:00+00:00")


@pytest.mark.parametrize("style", ["shopify", "github", "twitch"])
def test_a_signature_covers_the_body_and_the_secret_may_rotate(style: str, now: datetime) -> None:
    """A signature covers the body; the secret before the present one is taken too."""
    options = {"signature": style, "rules": [ORDER_RULE]}
    good = delivered(style, b"{}", now)
    assert mapping.verify(good, SECRET, options).signed
    assert mapping.verify(good, {"secret": "new", "previous_secret": "s3cret"}, options).signed
    assert "body" == mapping.signature_covers({}, options)
    bad = [Delivery("POST", {}, good.headers, b"{ }", now), Delivery("POST", {}, {}, b"{}", now)]
    bad += [Delivery("POST", {}, dict.fromkeys(good.headers, value), b"{}", now) for value in ("", "sha256=zz", "é", "\udc80")]
    for delivery in bad:
        with pytest.raises(Refused) as refused:
            mapping.verify(delivery, SECRET, options)
        assert (refused.value.status, refused.value.keep) == (401, False)


def test_twitchs_challenge_is_answered_and_a_revocation_left_out(now: datetime) -> None:
    """Twitch's challenge is answered as plain text; a revocation makes no event."""
    options = {"signature": "twitch", "rules": [ORDER_RULE]}
    context = Context("//test", options)
    revoked = b'{"subscription":{"status":"authorization_revoked"}}'
    for body, reply in ((b'{"challenge":"pogchamp"}', b"pogchamp"), (revoked, b'{"ok":true}')):
        delivery = delivered("twitch", body, now)
        parsed = mapping.parse(mapping.verify(delivery, SECRET, options), context)
        assert (reply, ()) == (parsed.reply.body, parsed.events)


def test_a_rule_may_make_an_event_per_item(now: datetime, valid: Valid) -> None:
    """A rule may make an event per item of a list, which sees the whole body too."""
    options = {
        "signature": "none",
        "platform": "twitch",
        "rules": [
            {"type": "live.comment.posted", "each": "chat", "id": "item.id", "room": "body.room", "data": {"viewer": "item.user"}}
        ],
    }
    mapping.check({}, options)
    assert "nothing" == mapping.signature_covers({}, options)
    body = {"room": 77, "chat": [{"id": 1, "user": "a"}, {"id": 2, "user": "b"}, {"id": 3}]}
    found = mapping.preview(body, options, now)
    assert [(event["subject"], event["data"]) for event in valid(found.events)] == [
        ("twitch:77", {"viewer": "a"}),
        ("twitch:77", {"viewer": "b"}),
    ]
    assert [unknown.reason for unknown in found.unknown] == ["live.comment.posted: /data/viewer: Field required"]


def test_a_body_that_fits_no_rule_is_left_out_and_one_that_breaks_a_rule_is_kept(now: datetime) -> None:
    """A body that fits no rule is left out, one that breaks a rule is a dead letter."""
    refunded = mapping.preview({**BODY, "financial_status": "refunded"}, SHOPIFY, now, "orders/paid")
    other = mapping.preview(BODY, SHOPIFY, now, "orders/create")
    broken = mapping.preview({**BODY, "processed_at": "yesterday"}, SHOPIFY, now, "orders/paid")
    assert (len(refunded.ignored), len(other.ignored), len(broken.unknown)) == (1, 1, 1)
    assert not refunded.events + other.events + broken.events


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"signature": "rot13"}, "/options/signature"),
        ({"rules": []}, "/options/rules"),
        ({"rules": [{**ORDER_RULE, "when": "a b ]["}]}, "/options/rules/0/when"),
        ({"rules": [{**ORDER_RULE, "data": {**ORDER_RULE["data"], "order": "["}}]}, "/options/rules/0/data/order"),
        ({"rules": [{**ORDER_RULE, "data": {"order": "id"}}]}, "/options/rules/0"),
        ({"rules": [{**ORDER_RULE, "data": {**ORDER_RULE["data"], "colour": "c"}}]}, "/options/rules/0"),
        ({"rules": [{**ORDER_RULE, "type": "live.nothing"}]}, "/options/rules/0"),
        ({"rules": [{**ORDER_RULE, "extra": 1}]}, "/options/rules/0/extra"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_when_saved(change: dict[str, Any], pointer: str) -> None:
    """A rule that cannot work is refused when it is saved, by name."""
    with pytest.raises(Misconfigured) as refused:
        mapping.check(SECRET, {**copy.deepcopy(SHOPIFY), **change})
    assert pointer in [fault.pointer for fault in refused.value.faults]


def test_a_signed_mapping_needs_its_secret() -> None:
    """A signed mapping needs its secret."""
    with pytest.raises(Misconfigured, match="/secrets/secret"):
        mapping.check({}, SHOPIFY)
