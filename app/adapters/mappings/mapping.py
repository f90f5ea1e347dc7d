"""Bring your own: any JSON webhook, mapped to events by rules that the operator writes.

In: deliveries signed in Shopify's, Twitch's or GitHub's style, or unsigned. Out: the events that the rules make; the answer to
Twitch's challenge. Never here: the rules themselves (`mapping_rules`).

Source: shopify.dev (webhooks over HTTPS), dev.twitch.tv (EventSub webhooks), docs.github.com (validating webhook deliveries).
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from app.adapters.documents import read_json
from app.adapters.event_collector import EventCollector
from app.adapters.mappings.mapping_rules import MappingRule, Rules, apply
from app.adapters.parsing import any_timestamp, as_map, identifier
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
from app.adapters.signatures import from_base64, hmac_sha256, key_of, same
from app.adapters.validation import CommonOptions, InvalidField, check_connection

KIND = "mapping"
PLATFORM = None
SECRETS = (Secret("secret", required=False), Secret("previous_secret", required=False))
answer = no_url_check

_REPLY = Reply(body=b'{"ok":true}', media_type="application/json")
_TOPIC_HEADERS = {
    "shopify": "x-shopify-topic",
    "twitch": "twitch-eventsub-subscription-type",
    "github": "x-github-event",
    "none": "x-event-type",
}
_TWITCH_TOLERANCE = timedelta(minutes=10)
"""How old a message of Twitch may be (dev.twitch.tv: "older than 10 minutes: ignore"), and how far ahead its clock."""
_TWITCH = "twitch-eventsub-message"
PREVIEW_KEY = "preview"
"""The key of the delivery whose body the sample is; no real delivery has it."""


class MappingOptions(CommonOptions):
    """Options of a mapping."""

    signature: Literal["shopify", "twitch", "github", "none"]
    platform: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")] | None = None
    """Slug of the platform whose rooms the rules name."""
    rules: Annotated[list[MappingRule], Field(min_length=1, max_length=50)]
    count_unsigned_money: StrictBool = True
    """Whether unsigned deliveries may bring orders, refunds, settlements and entries of an account, for which the URL's token is
    then the only proof. If not, they become dead letters."""


def signature_covers(secrets: Secrets, options: Options) -> Coverage:
    """Return `nothing` for unsigned deliveries, else `body`."""
    del secrets
    return "nothing" if options.get("signature", "none") == "none" else "body"


OPTIONS = MappingOptions


def check(secrets: Secrets, options: Options) -> None:
    """Accept the secrets, the options and every expression of the rules, or raise `Misconfigured`."""
    more = []
    if signature_covers(secrets, options) == "body" and not secrets.get("secret"):
        more.append(InvalidField("/secrets/secret", "is required: the deliveries are signed with it"))
    check_connection(SECRETS, secrets, options, MappingOptions, more)


def _signature(style: str, delivery: Delivery) -> tuple[bytes | None, list[str | bytes]]:
    """Return the signature that a delivery carries, and the parts that it signs."""
    if style == "shopify":
        return from_base64(delivery.header("x-shopify-hmac-sha256") or ""), [delivery.body]
    if style == "github":
        return _hex(delivery.header("x-hub-signature-256")), [delivery.body]
    parts = [delivery.header(f"{_TWITCH}-{name}") or "" for name in ("id", "timestamp")]
    return _hex(delivery.header(f"{_TWITCH}-signature")), [*parts, delivery.body]


def _hex(header: str | None) -> bytes | None:
    prefix, _, digits = (header or "").partition("=")
    try:
        return bytes.fromhex(digits) if prefix == "sha256" else None
    except ValueError:
        return None


def verify(delivery: Delivery, secrets: Secrets, options: Options) -> Verified:
    """Prove that a delivery is signed with the secret, or with the one before it.

    Raises:
        Refused: 401, the signature does not match.
    """
    require_post(delivery)
    style = options.get("signature", "none")
    style = style if isinstance(style, str) and style in _TOPIC_HEADERS else "none"
    signed = style != "none"
    if signed:
        given, parts = _signature(style, delivery)
        keys = [key for name in ("secret", "previous_secret") if (key := secrets.get(name))]
        if not given or not any([same(hmac_sha256(key, *parts), given) for key in keys]):  # noqa: C419
            raise Refused(401, "the signature does not match")
    facts = {"style": style}
    if style == "twitch":
        # Twitch signs id, time and body. Its other headers repeat what the body says, and are not signed.
        sent_at = any_timestamp(delivery.header(f"{_TWITCH}-timestamp"))
        if sent_at is None or abs(sent_at - delivery.received_at) > _TWITCH_TOLERANCE:
            raise Refused(401, "the timestamp is too far from now")
        return Verified(delivery.body, delivery.received_at, key_of(delivery.header(f"{_TWITCH}-id") or ""), signed, facts)
    topic = delivery.header(_TOPIC_HEADERS[style])
    if topic:
        facts["topic"] = topic[:200]
    # No signature covers a delivery's id in a header: only the body identifies it.
    key = key_of(delivery.body)
    # Nor does one cover the topic: the first delivery of a body decides which it is.
    binding = Binding(f"topic/{key}", topic or "") if signed else None
    return Verified(delivery.body, delivery.received_at, key, signed, facts, binding)


def parse(verified: Verified, context: Context) -> Parsed:
    """Apply the rules; answer Twitch's challenge.

    Raises:
        Refused: 400, the body is not JSON.
    """
    body = read_json(verified.body, keep=verified.signed)
    collector = EventCollector(context)
    topic = verified.facts.get("topic")
    if verified.facts.get("style") == "twitch":
        message, subscription = as_map(body), as_map(as_map(body).get("subscription"))
        challenge = message.get("challenge")
        if isinstance(challenge, str):
            return collector.result(Reply(body=challenge.encode()))
        if "event" not in message and "events" not in message:
            if subscription:
                collector.ignore("revocation")
            else:
                collector.unknown("neither a challenge, an event nor a subscription", body)
            return collector.result(_REPLY)
        topic = identifier(subscription.get("type"))
    # The options were valid when the connection was saved. If they no longer are, the error names the connection.
    apply(_rules(MappingOptions.model_validate(dict(context.options))), body, topic, verified, context, collector)
    return collector.result(_REPLY)


def _rules(options: MappingOptions) -> Rules:
    return Rules(options.rules, money=options.signature != "none" or options.count_unsigned_money)


def preview(sample: object, options: Options, now: datetime, topic: str | None = None, *, source: str = "//preview") -> Parsed:
    """Return the events that the rules make of a sample body, as of a delivery that arrives now. Nothing is verified or stored.

    `source` is that of the connection's events.

    Raises:
        Misconfigured: the options are not valid.
    """
    check_connection((), {}, options, MappingOptions)
    context = Context(source, options)
    collector = EventCollector(context)
    verified = Verified(b"", now, PREVIEW_KEY)
    apply(_rules(MappingOptions.model_validate(dict(options))), sample, topic, verified, context, collector)
    return collector.result(_REPLY)
