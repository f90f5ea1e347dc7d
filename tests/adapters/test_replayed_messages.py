"""A message that is parsed again alone, as the replay of its dead letter does, gives the same events as among the others.

A replay that made other ids would count what the platform sends once more, or has sent in a delivery that was accepted.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from app.adapters.documents import json_bytes
from app.adapters.event_collector import EventCollector
from app.adapters.protocol import Context, Delivery, Event, Unknown, Verified
from app.adapters.registry import ADAPTERS
from app.events import json_text
from app.platforms.administration.connections import POLLED
from app.platforms.deliveries.dead_letter_replay import delivery_facts, verified_again
from app.platforms.event_submitter import dead_letter
from tests.adapters.sample_requests import ANSWERED, KINDS, read_sample, secrets_of

PUSHED = [kind for kind in ADAPTERS if kind not in POLLED]
WEBHOOK = {"webhook-id": "m", "webhook-timestamp": "1788000400"}
Made = Callable[..., Delivery]


class Collected(NamedTuple):
    """An event, and the message that its dead letter would hold."""

    event: Event
    raw: object
    standalone: bool


def _verified(name: str, delivered: Made, now: datetime) -> Verified | None:
    """Return what a sample's delivery is once it is verified; None if it is no delivery with a message."""
    found = read_sample(name)
    if name in ANSWERED:
        if found["method"] == "GET":
            return None
        return ADAPTERS[found["kind"]].verify(delivered(found), secrets_of(found), found.get("options", {}))
    # Samples without an answer: what was recorded of them is the message alone.
    message = found.get("messages") or found.get("form") or found.get("body")
    if message is None or "expect" in found:
        return None
    body = message.encode() if isinstance(message, str) else json_bytes(message)
    if "form" in found:
        body = urlencode(found["form"]).encode()
    return Verified(body, now, "key of the delivery", facts=WEBHOOK)


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[Collected]:
    """Return the list that every event of an adapter is noted in, with its message."""
    found: list[Collected] = []
    add = EventCollector.add

    def noted(self: EventCollector, event: Event, raw: object, **options: Any) -> None:
        found.append(Collected(event, raw, self._apart))
        add(self, event, raw, **options)

    monkeypatch.setattr(EventCollector, "add", noted)
    return found


@pytest.mark.parametrize("kind", PUSHED)
def test_a_message_gives_the_same_events_alone_as_among_the_others(
    kind: str, delivered: Made, now: datetime, collected: list[Collected]
) -> None:
    """Of every sample. The replay is the server's, up to the body that `parse` takes."""
    samples = [name for name, its_kind in KINDS.items() if its_kind == kind]
    samples += ["cloudevents_batched", "cloudevents_structured"] if kind == "standard_webhooks" else []
    compared, follow_ups, most = 0, 0, 0
    for name in samples:
        if (verified := _verified(name, delivered, now)) is None:
            continue
        context = Context("//test", read_sample(name).get("options", {}))
        collected.clear()
        follow_ups += len(ADAPTERS[kind].parse(verified, context).follow_ups)
        together = list(collected)
        for one in together:
            kept = json_text.parse(dead_letter(Unknown("", one.raw, one.standalone), delivery_facts(verified)))
            collected.clear()
            ADAPTERS[kind].parse(verified_again(kept, verified.received_at), context)
            again = [other.event for other in collected]
            assert one.event in again, f"{name}: alone, the message gives {again}"
            assert [] == [event for event in again if event not in [other.event for other in together]]
        compared += len(together)
        if any(one.standalone for one in together):
            most = max(most, len({json_bytes(one.raw) for one in together}))
    assert compared or follow_ups, "no sample gives an event"
    # With one message in a delivery, an id from the place in it would be right by chance.
    assert most != 1, "messages are parsed alone: a sample needs two of them"
