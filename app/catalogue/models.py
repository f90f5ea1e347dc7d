"""Field types and base models of the catalogue's requests and responses.

In: JSON values of clients. Out: validated values. Never here: I/O.
"""

import re
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from babel.numbers import is_currency
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.currency import decimal_string, digits_of
from app.events.fields import Comment, Count, Currency, LongText, Money, ProductCode, Slug, Text, Timestamp, canonical_code

__all__ = [
    "UNCHANGED",
    "CanonicalCode",
    "Count",
    "CurrencyCode",
    "Day",
    "LongText",
    "Money",
    "Names",
    "NoteText",
    "PatchModel",
    "RequestModel",
    "ResponseModel",
    "SessionKind",
    "Slug",
    "Text",
    "TimeZone",
    "Timestamp",
    "Url",
    "decimal_string",
    "digits_of",
]


def _known_currency(code: str) -> str:
    if not is_currency(code):
        raise PydanticCustomError("currency", "must be an ISO 4217 currency code such as CNY")
    return code


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_time_zone(name: str) -> str:
    if name not in _time_zones():
        raise PydanticCustomError("time_zone", "must be a time zone of the IANA database such as Asia/Tokyo")
    return name


def _day(value: object) -> object:
    # Pydantic alone takes seconds since 1970 and the start of a timestamp for a date.
    if not isinstance(value, date) and not (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII)):
        raise PydanticCustomError("day", "must be a day such as 2021-09-25")
    return value


def _within_months(day: date) -> date:
    if not 2000 <= day.year < 2200:
        raise PydanticCustomError("day", "must be a day from 2000-01-01 to 2199-12-31")
    return day


CurrencyCode = Annotated[Currency, AfterValidator(_known_currency)]
TimeZone = Annotated[Text, AfterValidator(_known_time_zone)]
CanonicalCode = Annotated[ProductCode, AfterValidator(canonical_code)]
"""A product's code or alias, in the form in which codes are compared."""
Day = Annotated[date, BeforeValidator(_day), Field(strict=False), AfterValidator(_within_months)]
"""A day of a contract or a rate, within the months that statements have."""
NoteText = Annotated[Comment, Field(min_length=1)]
Url = Annotated[LongText, Field(pattern=r"^https?://\S+$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
Names = Annotated[dict[Language, Text], Field(max_length=30)]
"""Names by language tag (BCP 47): ja, zh, en."""
SessionKind = Literal["live", "rehearsal"]


class RequestModel(BaseModel):
    """A request of a client; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _without_defaults(schema: dict[str, Any]) -> None:
    # The default of a patch field means "unchanged", which is not a JSON value.
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


UNCHANGED: Any = None
"""The default of a patch's fields; it is never read, because only the fields that were sent are applied."""


class PatchModel(RequestModel):
    """Changes to a record; an absent field is unchanged."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent, by name."""
        return self.model_dump(exclude_unset=True)


class ResponseModel(BaseModel):
    """A stored record in a response."""

    model_config = ConfigDict(frozen=True)
