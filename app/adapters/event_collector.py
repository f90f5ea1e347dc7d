"""Collects the results of a parser.

In: event types and data as a parser reads them. Out: `Parsed`, whose events all pass the envelope's validation; the others become
dead letters with the reason. Never here: a platform's format.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import ValidationError
from pydantic_core import to_json

from app.adapters.parsing import as_map
from app.adapters.protocol import Context, Event, FollowUp, Parsed, Refused, Reply, Unknown
from app.events import reader
from app.events.characters import clean_text
from app.events.envelope import EVENT

MAX_MESSAGES = 10_000
"""Events, dead letters and ignored messages of one delivery; as many as a request of `POST /v1/events` may hold."""
_LONGEST_VALUE = 100
"""Characters of an unreadable figure that are kept."""
_SIDE_FACTS = ("buyer", "carrier", "tracking")


def cloud_event(
    source: str, event_type: str, event_id: str, subject: str, time: datetime | None, data: Mapping[str, object]
) -> Event:
    """Return an event in its JSON form; fields of `data` that are None are left out."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": event_type,
        "subject": subject,
        **({"time": time.isoformat()} if time else {}),
        "data": {name: value for name, value in data.items() if value is not None},
    }


def validation_error(event: Event) -> str | None:
    """Return why the envelope rejects an event, without quoting it; None if it is valid."""
    if all_ordinary([event]):
        return None
    try:
        EVENT.validate_python(event)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        # A discriminated union puts the tag first; the rest is the pointer.
        place = "/".join(str(part) for part in found["loc"] if part != event.get("type"))
        return f"/{place}: {found['msg']}" if found["type"] != "union_tag_invalid" else "/type: no event type of ours"
    return None


def all_ordinary(events: Sequence[Event]) -> bool:
    """Tell whether the fast reader takes all events; it takes nothing that the envelope rejects."""
    try:
        return reader.read_many(to_json(events)) is not None
    except (ValueError, TypeError, RecursionError):
        return False


def _side_fact(reason: str, event: Event) -> str | None:
    """Return the field of an order that is wrong and that the order can do without."""
    if not str(event.get("type")).startswith("live.order."):
        return None
    return next((name for name in _SIDE_FACTS if reason.startswith(f"/data/{name}:") and name in as_map(event["data"])), None)


class EventCollector:
    """Collects the events, dead letters and pulls of one delivery."""

    def __init__(self, context: Context, *, standalone: bool = False) -> None:
        """`standalone`: each `raw` is a part of a delivery that can be parsed alone."""
        self._context = context
        self._apart = standalone
        self._events: list[Event] = []
        self._unattributed: list[Event] = []
        self._unknown: list[Unknown] = []
        self._follow_ups: list[FollowUp] = []
        self._ignored: list[str] = []
        self._messages = 0

    def event(
        self,
        event_type: str,
        *,
        id: str,
        subject: str | None,
        time: datetime | None,
        data: Mapping[str, object],
        raw: object,
        attributed: bool = True,
    ) -> None:
        """Add an event; `raw` becomes a dead letter if the event has no subject or is not valid."""
        if subject is None:
            self.unknown(f"{event_type}: no room and no session", raw)
            return
        self.add(cloud_event(self._context.source, event_type, id, subject, time, data), raw, attributed=attributed)

    def add(self, event: Event, raw: object, *, attributed: bool = True) -> None:
        """Add a complete event."""
        self._count()
        reason = validation_error(event)
        while reason and (field := _side_fact(reason, event)):
            # The sale counts without its buyer or its parcel.
            event = {**event, "data": {name: value for name, value in as_map(event["data"]).items() if name != field}}
            self.ignore(f"{event.get('type')}: {reason}"[:200])
            reason = validation_error(event)
        if reason:
            self.unknown(f"{event.get('type')}: {reason}"[:500], raw)
        else:
            (self._events if attributed else self._unattributed).append(event)

    def unknown(self, reason: str, raw: object) -> None:
        """Add input that cannot be parsed, with the reason."""
        self._count()
        self._unknown.append(Unknown(_one_line(reason), raw, self._apart))

    def unreadable(self, field: str, value: object) -> None:
        """Add a figure of a sample that is there and cannot be read."""
        self._count()
        value = value[:_LONGEST_VALUE] if isinstance(value, str) else value
        self._unknown.append(Unknown(f"{field} cannot be read", {"field": field, "value": value}, figure=True))

    def follow_up(self, kind: str, fields: Mapping[str, str | None], key: str) -> None:
        """Request a pull; fields that are None are left out."""
        self._follow_ups.append(FollowUp(kind, {name: value for name, value in fields.items() if value is not None}, key))

    def ignore(self, name: str) -> None:
        """Add the name of a known message that has no event."""
        self._count()
        self._ignored.append(_one_line(name))

    def _count(self) -> None:
        self._messages += 1
        if self._messages > MAX_MESSAGES:
            raise Refused(413, f"the delivery holds more than {MAX_MESSAGES} messages", keep=True)

    def result(self, reply: Reply = Reply(), *, keep: bool = False) -> Parsed:  # noqa: B008 (frozen)
        """Return everything that was added."""
        return Parsed(
            events=tuple(self._events),
            unknown=tuple(self._unknown),
            follow_ups=tuple(self._follow_ups),
            ignored=tuple(self._ignored),
            unattributed=tuple(self._unattributed),
            reply=reply,
            keep=keep,
        )


def _one_line(text: str) -> str:
    """Return a reason without the line breaks and control characters of what it names, which a sender wrote."""
    return text if text.isprintable() else " ".join(clean_text(text).split())
