"""Standard Webhooks 1.0.0: any tool that signs its webhooks by this standard, including Svix.

In: signed deliveries whose body is one CloudEvent, a batch of them, or `{type, timestamp, data}`. Out: the events. Never
here: a platform's own names.

Source: the Standard Webhooks specification 1.0.0; CloudEvents 1.0.2. It specifies no tolerance; 300 s both
ways is used, as in the libraries. This module is the example of "how to add an adapter".
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pydantic import Field

from app.adapters.documents import read_json
from app.adapters.event_collector import EventCollector, cloud_event
from app.adapters.parsing import any_timestamp, as_map, count_of, first, identifier
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
from app.adapters.signatures import from_base64, key_of, same, standard_webhook
from app.adapters.validation import CommonOptions, InvalidField, check_connection
from app.events.cloudevents import canonical

KIND = "standard_webhooks"
PLATFORM = None
SECRETS = (Secret("secret"), Secret("previous_secret", required=False))
signature_covers = covers_body
answer = no_url_check

TOLERANCE = timedelta(seconds=300)
_MIN_KEY, _MAX_KEY = 24, 64
_MAX_SIGNATURES = 20
_REPLY = Reply(body=b"{}", media_type="application/json")
_METRICS = {
    "viewers": "concurrent",
    "comments": "comments_total",
    "likes": "likes_total",
    "shares": "shares_total",
    "views": "views_total",
    "followers": "followers_total",
}
"""Fields of the type live.metrics, a sample of streaming tools, and the fields of `live.audience.sampled`."""


class WebhookOptions(CommonOptions):
    """Options of a standard webhook."""

    types: dict[str, str] = Field(default_factory=dict)
    """The sender's event type → an event type of Tallylight."""


def _key(secret: str) -> bytes | None:
    key = from_base64(secret.removeprefix("whsec_"))
    return key if key is not None and _MIN_KEY <= len(key) <= _MAX_KEY else None


OPTIONS = WebhookOptions


def check(secrets: Secrets, options: Options) -> None:
    """Accept the secrets and options, or raise `Misconfigured`."""
    faults = [
        InvalidField(f"/secrets/{name}", "must be whsec_ and the base64 of 24 to 64 bytes")
        for name in ("secret", "previous_secret")
        if isinstance(secrets.get(name), str) and secrets[name] and _key(secrets[name]) is None
    ]
    check_connection(SECRETS, secrets, options, WebhookOptions, faults)


def verify(delivery: Delivery, secrets: Secrets, options: Options) -> Verified:
    """Prove that a delivery is signed with the secret, or with the one before it, and is not old.

    Malformed entries of the signature header, and entries of another version, are ignored.

    Raises:
        Refused: 401, no entry proves it.
    """
    del options
    require_post(delivery)
    webhook_id, timestamp, signatures = (
        delivery.header(f"webhook-{name}") or delivery.header(f"svix-{name}") or "" for name in ("id", "timestamp", "signature")
    )
    # With a dot in the id, two pairs of id and timestamp could have one signature.
    if not re.fullmatch(r"[!-~]{1,256}", webhook_id) or "." in webhook_id:
        raise Refused(401, "webhook-id is missing or malformed")
    if not re.fullmatch(r"[0-9]{1,11}", timestamp):
        raise Refused(401, "webhook-timestamp is missing or malformed")
    if abs(int(timestamp) - delivery.received_at.timestamp()) > TOLERANCE.total_seconds():
        raise Refused(401, "webhook-timestamp is too far from now")
    given = []
    for entry in signatures.split(" ")[:_MAX_SIGNATURES]:
        version, _, text = entry.partition(",")
        found = from_base64(text) if version == "v1" else None
        given += [found] if found else []
    keys = [key for name in ("secret", "previous_secret") if (key := _key(secrets.get(name, "")))]
    wanted = [standard_webhook(key, webhook_id, timestamp, delivery.body) for key in keys]
    # Every pair is compared, so that the duration does not reveal which secret is in use.
    if not any([same(left, right) for left in wanted for right in given]):  # noqa: C419
        raise Refused(401, "no signature matches")
    return Verified(
        delivery.body,
        delivery.received_at,
        key_of(webhook_id),
        facts={"webhook-id": webhook_id, "webhook-timestamp": timestamp},
    )


def parse(verified: Verified, context: Context) -> Parsed:
    """Read a body in any of the three forms.

    Raises:
        Refused: 400, the body is not JSON.
    """
    found = read_json(verified.body)
    collector = EventCollector(context)
    batch = isinstance(found, list)
    if found == []:
        collector.ignore("an empty batch")
    for item in found if isinstance(found, list) else [found]:
        body = as_map(item)
        # The dead letter of an event of a batch is a batch of one: alone it could be read as another form.
        again = [item] if batch else item
        if "specversion" in body:
            _cloud_event(body, again, verified, context, collector)
        elif isinstance(body.get("type"), str) and isinstance(body.get("data"), dict) and not batch:
            _typed(body, verified, context, collector)
        else:
            collector.unknown("neither a CloudEvent nor {type, timestamp, data}", again)
    return collector.result(_REPLY)


def _our_type(name: object, context: Context) -> object:
    ours = as_map(context.options.get("types")).get(name) if isinstance(name, str) else None
    return ours or name


def _cloud_event(
    body: Mapping[str, object], again: object, verified: Verified, context: Context, collector: EventCollector
) -> None:
    event, problems = canonical(body)
    if problems:
        reasons = "; ".join(f"/{problem.member}: {problem.detail}" for problem in problems)
        collector.unknown(f"{event.get('type')}: {reasons}"[:500], again)
        return
    event["type"] = _our_type(event.get("type"), context)
    if not event.get("subject") and context.session:
        event["subject"] = context.session
    if not event.get("time"):
        event["time"] = _sent_at(verified).isoformat()
    collector.add(event, again)


def _sent_at(verified: Verified) -> datetime:
    return datetime.fromtimestamp(int(verified.facts["webhook-timestamp"]), UTC)


def _subject(body: Mapping[str, object], data: Mapping[str, object], context: Context) -> str | None:
    """Return the subject of an event: its subject, its platform and room, or the connection's session."""
    subject = identifier(first(body, "subject")) or identifier(first(data, "subject"))
    if subject:
        return subject
    platform = identifier(data.get("platform")) or context.text("platform")
    room = identifier(first(data, "room", "room_id", "live_id"))
    named = identifier(first(data, "session_id", "session"))
    if platform and (room or named):
        return f"{platform}:{room or named}"
    return named or context.session


def _typed(body: Mapping[str, object], verified: Verified, context: Context, collector: EventCollector) -> None:
    data = as_map(body["data"])
    event_type = _our_type(body["type"], context)
    fields: Mapping[str, object] = data
    if event_type == "live.metrics":
        event_type = "live.audience.sampled"
        own = {name: value for name, value in data.items() if name not in _METRICS}
        fields = {**own, **{ours: count_of(data.get(theirs)) for theirs, ours in _METRICS.items() if theirs in data}}
    subject = _subject(body, data, context)
    if subject is None:
        collector.unknown(f"{event_type}: no room and no session", dict(body))
        return
    time = any_timestamp(body.get("timestamp")) or _sent_at(verified)
    webhook_id = verified.facts["webhook-id"]
    collector.add(cloud_event(context.source, str(event_type), webhook_id, subject, time, fields), dict(body))
