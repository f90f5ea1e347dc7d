"""The base class of all payloads.

In: payload classes that declare their type. Out: `DECLARED`, from which `registry` lists the event types. Never here: I/O.
"""

from datetime import datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError, to_json

from app.events.characters import clean_values
from app.events.contributions import NOTHING, Contributions, FoldContext
from app.events.fields import EARLIEST, FURTHEST
from app.events.timestamps import rfc3339

DECLARED: dict[str, type["Payload"]] = {}
"""The classes of the modules that were imported up to now."""


class OpenModel(BaseModel):
    """An object whose unknown members are kept as they came: senders may run ahead of us, and the log loses nothing."""

    model_config = ConfigDict(extra="allow", strict=True)

    @model_validator(mode="after")
    def _clean_unknown(self) -> Self:
        unknown = self.__pydantic_extra__
        if unknown:
            try:
                cleaned = clean_values(unknown)
            except ValueError as error:
                raise PydanticCustomError("depth", "an unknown field {reason}", {"reason": str(error)}) from None
            unknown.clear()
            unknown.update(cleaned)
        return self


def plain(value: Any) -> Any:
    """Return a model, or a list of models, as JSON values; fields that hold nothing are left out, unknown members stay."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, OpenModel):
        return value
    known = {name: plain(item) for name, item in value.__dict__.items() if item is not None}
    return known | (value.__pydantic_extra__ or {})


class Payload(OpenModel):
    """The `data` of one event type."""

    type: ClassVar[str]
    person_fields: ClassVar[tuple[str, ...]]
    """Fields with a platform's id of a person; the writer replaces the ids by pseudonyms before it stores the event."""

    text_fields: ClassVar[tuple[str, ...]]
    """Fields with text that a person wrote; stored only if `TALLYLIGHT_KEEP_COMMENT_TEXT` is set."""

    samples: ClassVar[bool]
    """True if `fold` may return samples, or the session's start or end: a void of such an event reads the others again."""

    def __init_subclass__(
        cls,
        *,
        type: str = "",
        person_fields: tuple[str, ...] = (),
        text_fields: tuple[str, ...] = (),
        samples: bool = False,
        **kwargs: Any,
    ) -> None:
        """Register the class under its event type."""
        super().__init_subclass__(**kwargs)
        cls.person_fields = person_fields
        cls.text_fields = text_fields
        cls.samples = samples
        if type:
            cls.type = type
            DECLARED[type] = cls

    def json_bytes(self) -> bytes:
        """Return the payload as JSON, without fields that are None; unknown fields as they came."""
        return to_json(plain(self))

    def statement(self) -> tuple[str, str] | None:
        """Return what the event is a statement about, and its revision; None if no later statement replaces it."""
        return None

    def fold(self, context: FoldContext) -> Contributions:
        """Return the contributions of the event.

        Raises:
            Unfoldable: the payload contradicts the session (a foreign currency, too many decimals).
        """
        del context
        return NOTHING


class Unfoldable(ValueError):
    """A valid payload that contradicts its session; `pointer` names the field inside `data`."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


def timestamp_in(text: str | None, pointer: str) -> datetime | None:
    """Return a time that a payload states as RFC 3339 text; None stays None.

    Raises:
        Unfoldable: it is no such text, or lies outside of the times that are stored.
    """
    found = None if text is None else rfc3339(text)
    if text is not None and (found is None or not EARLIEST <= found < FURTHEST):
        raise Unfoldable(pointer, "must be an RFC 3339 timestamp with an offset, such as 2021-09-25T14:31:07+09:00")
    return found
