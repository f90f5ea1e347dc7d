"""The bench on which a parser lays out what it found.

In: event types and data as a parser reads them. Out: `Parsed`, whose events all pass the envelope's validation; whatever does not
pass is a dead letter with the reason. Never here: a platform's format.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import ValidationError
from pydantic_core import to_json

from app.adapters.protocol import Context, Event, FollowUp, Parsed, Reply, Unknown
from app.events.envelope import EVENT


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
    """Return why the envelope refuses an event, without quoting it; None if it is valid."""
    try:
        EVENT.validate_json(to_json(event))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        # A discriminated union puts the tag first; the rest is the pointer.
        place = "/".join(str(part) for part in found["loc"] if part != event.get("type"))
        return f"/{place}: {found['msg']}" if found["type"] != "union_tag_invalid" else "/type: no event type of ours"
    except ValueError:
        return "/: is not JSON"
    return None


class EventCollector:
    """Collects what one delivery says."""

    def __init__(self, context: Context, *, standalone: bool = False) -> None:
        """`standalone`: what is `raw` here is a part of a delivery that reads by itself."""
        self._context = context
        self._apart = standalone
        self._events: list[Event] = []
        self._unattributed: list[Event] = []
        self._unknown: list[Unknown] = []
        self._follow_ups: list[FollowUp] = []
        self._ignored: list[str] = []

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
        """Lay out an event; `raw` is kept instead if it has no subject or is not valid."""
        if subject is None:
            self.unknown(f"{event_type}: no room and no session", raw)
            return
        self.add(cloud_event(self._context.source, event_type, id, subject, time, data), raw, attributed=attributed)

    def add(self, event: Event, raw: object, *, attributed: bool = True) -> None:
        """Lay out an event that is complete already."""
        reason = validation_error(event)
        if reason:
            self.unknown(f"{event.get('type')}: {reason}"[:500], raw)
        else:
            (self._events if attributed else self._unattributed).append(event)

    def unknown(self, reason: str, raw: object) -> None:
        """Keep something that nobody can read, with the reason."""
        self._unknown.append(Unknown(reason, raw, self._apart))

    def follow_up(self, kind: str, fields: Mapping[str, str | None], key: str) -> None:
        """Ask for a pull; fields that are None are left out."""
        self._follow_ups.append(FollowUp(kind, {name: value for name, value in fields.items() if value is not None}, key))

    def ignore(self, name: str) -> None:
        """Note something that is known and has no event."""
        self._ignored.append(name)

    def result(self, reply: Reply = Reply(), *, keep: bool = False) -> Parsed:  # noqa: B008 (frozen)
        """Return all that was laid out."""
        return Parsed(
            events=tuple(self._events),
            unknown=tuple(self._unknown),
            follow_ups=tuple(self._follow_ups),
            ignored=tuple(self._ignored),
            unattributed=tuple(self._unattributed),
            reply=reply,
            keep=keep,
        )
