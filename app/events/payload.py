"""The base of all payloads and the register of event types.

In: a payload class declares its type. Out: `PAYLOADS`, from which the envelope's union is made. Never here: I/O.
"""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from app.events.contributions import NOTHING, Contributions, FoldContext

PAYLOADS: dict[str, type["Payload"]] = {}


class Payload(BaseModel):
    """The `data` of one event type. Fields that we do not know are ignored, so that senders may run ahead of us."""

    model_config = ConfigDict(extra="ignore", strict=True)

    type: ClassVar[str]
    person_fields: ClassVar[tuple[str, ...]]
    """Fields that hold a platform's id of a person; the writer replaces them by keyed hashes before anything is stored."""

    text_fields: ClassVar[tuple[str, ...]]
    """Fields that hold what a person wrote; kept only where the deployment's setting says so."""

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
        """Return the payload as JSON, without the fields that hold nothing."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)

    def fold(self, context: FoldContext) -> Contributions:
        """Return what the event adds to the tables.

        Raises:
            Unfoldable: the payload contradicts the session (a foreign currency, too many decimals).
        """
        del context
        return NOTHING


class Unfoldable(ValueError):
    """A valid payload that this session cannot take; `pointer` names the field inside `data`."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail
