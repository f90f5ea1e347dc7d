"""The base class of all payloads, and the registry of event types.

In: payload classes that declare their type. Out: `PAYLOADS`, from which the envelope builds its union. Never here: I/O.
"""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from app.events.contributions import NOTHING, Contributions, FoldContext

PAYLOADS: dict[str, type["Payload"]] = {}


class Payload(BaseModel):
    """The `data` of one event type. Unknown fields are ignored, so that senders may use a newer version of the contract."""

    model_config = ConfigDict(extra="ignore", strict=True)

    type: ClassVar[str]
    person_fields: ClassVar[tuple[str, ...]]
    """Fields with a platform's id of a person; the writer replaces the ids by pseudonyms before it stores the event."""

    text_fields: ClassVar[tuple[str, ...]]
    """Fields with text that a person wrote; stored only if `TALLYLIGHT_KEEP_COMMENT_TEXT` is set."""

    def __init_subclass__(
        cls, *, type: str = "", person_fields: tuple[str, ...] = (), text_fields: tuple[str, ...] = (), **kwargs: Any
    ) -> None:
        """Register the class under its event type."""
        super().__init_subclass__(**kwargs)
        cls.person_fields = person_fields
        cls.text_fields = text_fields
        if type:
            cls.type = type
            PAYLOADS[type] = cls

    def json_bytes(self) -> bytes:
        """Return the payload as JSON, without fields that are None."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)

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
