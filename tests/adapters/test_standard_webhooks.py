"""Standard Webhooks, signed by the project's own library."""

import base64
import json
import secrets as random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import to_structured_event
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks import Webhook

from app.adapters import standard_webhooks
from app.adapters.protocol import Context, Delivery, Event, Parsed, Refused

Valid = Callable[[Iterable[Event]], list[Event]]
LIKE = {"type": "live.like.sent", "timestamp": "2026-08-29T10:00:00Z", "data": {"room": "r1", "platform": "weibo", "count": 3}}


def fresh() -> str:
    """Return a new random secret."""
    return f"whsec_{base64.b64encode(random.token_bytes(32)).decode()}"


def signed(secret: str, body: object, now: datetime, *, prefix: str = "webhook", **headers: str) -> Delivery:
    """Return a delivery that the library signs."""
    text = json.dumps(body)
    signature = Webhook(secret).sign("msg_1", now, text)
    stamped = {"id": "msg_1", "timestamp": str(int(now.timestamp())), "signature": signature, **headers}
    return Delivery("POST", {}, {f"{prefix}-{name}": value for name, value in stamped.items()}, text.encode(), now)


def parsed(body: object, now: datetime, **options: object) -> Parsed:
    """Return what a signed body says."""
    secret = fresh()
    verified = standard_webhooks.verify(signed(secret, body, now), {"secret": secret}, options)
    return standard_webhooks.parse(verified, Context("//test", options))


@pytest.mark.parametrize("prefix", ["webhook", "svix", "Webhook", "SVIX"])
def test_what_the_library_signs_is_authentic(prefix: str, now: datetime) -> None:
    """What the library signs is authentic, also under Svix's header names, in any case."""
    secret = fresh()
    assert standard_webhooks.verify(signed(secret, LIKE, now, prefix=prefix), {"secret": secret}, {}).key


def test_the_secret_may_be_rotated(now: datetime) -> None:
    """While a secret is rotated both are taken; afterwards the old one is not."""
    old, new = fresh(), fresh()
    for secret in (old, new):
        assert standard_webhooks.verify(signed(secret, LIKE, now), {"secret": new, "previous_secret": old}, {})
    with pytest.raises(Refused, match="no signature matches"):
        standard_webhooks.verify(signed(old, LIKE, now), {"secret": new}, {})


def test_one_right_signature_among_many_is_enough(now: datetime) -> None:
    """One right signature among malformed and foreign ones is enough."""
    secret = fresh()
    right = signed(secret, LIKE, now).headers["webhook-signature"]
    for header in (f"v1,AAAA {right}", f"garbage v1,a,b v1a,xx {right}", f"{right} v2,{right[3:]}"):
        assert standard_webhooks.verify(signed(secret, LIKE, now, signature=header), {"secret": secret}, {})


@pytest.mark.parametrize(
    "headers",
    [
        {"signature": value}
        for value in ("garbage", "v1,a,b", "v1", "v1,", "", "v1,é", "v1,\udc80", ",,,", " ", "v2,AAAA", "v1 AAAA")
    ]
    + [{"timestamp": value} for value in ("", "soon", "1.5", "-1", "²", "1" * 40)]
    + [{"id": value} for value in ("", "msg.1", "a b", "é", "x" * 257, "msg_2")],
)
def test_a_malformed_header_is_a_401(headers: dict[str, str], now: datetime) -> None:
    """A malformed or missing header is a 401, never another error."""
    secret = fresh()
    with pytest.raises(Refused) as refused:
        standard_webhooks.verify(signed(secret, LIKE, now, **headers), {"secret": secret}, {})
    assert (refused.value.status, refused.value.keep) == (401, False)


def test_a_changed_body_and_an_old_delivery_are_refused(now: datetime) -> None:
    """A changed body is refused, and a delivery older or newer than five minutes."""
    secret = fresh()
    good = signed(secret, LIKE, now)
    with pytest.raises(Refused):
        standard_webhooks.verify(Delivery("POST", {}, good.headers, good.body + b" ", now), {"secret": secret}, {})
    for offset in (-301, 301):
        late = datetime.fromtimestamp(now.timestamp() + offset, UTC)
        with pytest.raises(Refused, match="too far"):
            standard_webhooks.verify(Delivery("POST", {}, good.headers, good.body, late), {"secret": secret}, {})


def test_typed_bodies_become_our_events(now: datetime, valid: Valid) -> None:
    """A body of type, timestamp and data becomes an event whose id is the delivery's."""
    event = valid(parsed(LIKE, now).events)[0]
    assert (event["id"], event["subject"], event["time"]) == ("msg_1", "weibo:r1", "2026-08-29T10:00:00+00:00")
    foreign = parsed({**LIKE, "type": "heart"}, now, types={"heart": "live.like.sent"})
    assert event["type"] == foreign.events[0]["type"]
    tied = parsed({**LIKE, "data": {"count": 1}}, now, session="s1")
    assert tied.events[0]["subject"] == "s1"


def test_live_metrics_become_a_sample(sample: Callable[[str], dict[str, Any]], now: datetime, valid: Valid) -> None:
    """The metrics of a streaming tool become a sample of the audience."""
    event = valid(parsed(json.loads(sample("standardwebhooks_live_metrics")["body"]), now).events)[0]
    assert (event["type"], event["subject"]) == ("live.audience.sampled", "wechat:export/UzFfAgtgekIEAQAAAAAA7H0w5NglsgAA")
    data = event["data"]
    assert isinstance(data, dict)
    assert (data["concurrent"], data["comments_total"], data["likes_total"]) == (128, 12, 40)


def test_cloud_events_pass_as_they_are(now: datetime, valid: Valid) -> None:
    """A CloudEvent that its SDK writes passes as it is, alone or in a batch."""
    attributes = {
        "id": "e1",
        "source": "/tool",
        "type": "live.comment.posted",
        "subject": "s1",
        "specversion": "1.0",
        "time": now,
    }
    written = to_structured_event(CloudEvent(attributes, {"viewer": "v", "text": "多少钱"})).body
    one = json.loads(written)
    events = valid(parsed(one, now).events)
    assert (events[0]["id"], events[0]["source"], events[0]["subject"]) == ("e1", "/tool", "s1")
    batch = parsed([one, {**one, "id": "e2"}, {**one, "type": "com.example.x"}, 7], now)
    assert ([event["id"] for event in valid(batch.events)], len(batch.unknown)) == (["e1", "e2"], 2)


@pytest.mark.parametrize(
    "body", [{"test": 2432232314}, 7, "x", None, {"type": "live.like.sent", "data": {}}, {"type": [], "data": {}}]
)
def test_an_authentic_body_that_says_nothing_is_a_dead_letter(body: object, now: datetime) -> None:
    """An authentic body that says nothing is accepted and becomes a dead letter."""
    found = parsed(body, now)
    assert (found.reply.status, found.events, len(found.unknown)) == (200, (), 1)


def test_an_authentic_body_that_is_no_json_is_kept(now: datetime, context: Context) -> None:
    """An authentic body that is no JSON is refused and kept."""
    secret = fresh()
    text = "no json"
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("m", now, text),
    }
    verified = standard_webhooks.verify(Delivery("POST", {}, headers, text.encode(), now), {"secret": secret}, {})
    with pytest.raises(Refused) as refused:
        standard_webhooks.parse(verified, context)
    assert (refused.value.status, refused.value.keep) == (400, True)
