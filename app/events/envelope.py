"""The CloudEvents 1.0 envelope around the typed payloads.

In: an event in its JSON form (`cloudevents.canonical` makes it of what senders write). Out: an `Event` whose `data` is one of the
registered payloads. Never here: HTTP, I/O.

Attributes: CloudEvents 1.0.2, section "Context Attributes". Extension attributes and `dataschema` are kept.
"""

from hashlib import blake2b
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, create_model

from app.events.fields import EventTime, LongText, Name, Text
from app.events.payload import Payload
from app.events.registry import PAYLOADS

JSON_MEDIA_TYPE = r"^[a-zA-Z0-9!#$&^_.+-]+/([a-zA-Z0-9!#$&^_.+-]+\+)?[jJ][sS][oO][nN]\s*(;.*)?$"
"""JSON Event Format 1.0.2, section 3.1: the subtype is `json` or ends with `+json`."""


class Event(BaseModel):
    """One event of a live session, as its sender describes it."""

    model_config = ConfigDict(extra="allow", strict=True)

    specversion: Literal["1.0"] = Field(description="CloudEvents version")
    id: Text = Field(description="unique within the source; (source, id) is the event's identity")
    source: LongText = Field(description="who sends, a URI reference")
    subject: Name = Field(description="the session's id, or platform:room of one of its streams")
    time: EventTime | None = Field(default=None, description="when it happened; the time of arrival if absent")
    datacontenttype: Annotated[str, StringConstraints(pattern=JSON_MEDIA_TYPE)] | None = None
    dataschema: LongText | None = None
    type: str
    data: Payload

    @property
    def attributes(self) -> dict[str, Any] | None:
        """Return the extension attributes and `dataschema`; None if there are none."""
        found = dict(self.__pydantic_extra__ or {})
        if self.dataschema is not None:
            found["dataschema"] = self.dataschema
        return found or None


_KEY = blake2b(digest_size=16)


def event_key(source: str, id: str) -> bytes:
    """Return the 16-byte digest that identifies an event (CloudEvents: source and id together are unique)."""
    found = _KEY.copy()  # takes half of the time of a new one
    found.update(f"{source}\0{id}".encode())
    return found.digest()


def _model_of(event_type: str, payload: type[Payload]) -> type[Event]:
    has_required = any(field.is_required() for field in payload.model_fields.values())
    return create_model(
        f"{payload.__name__}Event",
        __base__=Event,
        __doc__=payload.__doc__,
        type=(Literal[event_type], ...),  # type: ignore[arg-type]  # made at run time from the register
        data=(payload, ...) if has_required else (payload, Field(default_factory=payload)),
    )


EVENT_MODELS: dict[str, type[Event]] = {name: _model_of(name, payload) for name, payload in PAYLOADS.items()}
_ANY_EVENT: Any = Annotated[Union[tuple(EVENT_MODELS.values())], Field(discriminator="type")]  # noqa: UP007

EVENT: TypeAdapter[Event] = TypeAdapter(_ANY_EVENT)
"""A union of all event types, discriminated by `type`."""
EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[_ANY_EVENT])
"""A list of such events."""
