"""Customs data of a product: what a declaration and a list of contents say about it.

In: JSON values of clients. Out: validated values. Never here: I/O; duties and limits of value, which change.
"""

import re
from functools import cache
from typing import Annotated, Any

from babel import Locale
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.catalogue.models import RequestModel, ResponseModel, Text

CUSTOMS_EXAMPLE: dict[str, Any] = {
    "name_zh": "100%棉针织衫", "name_en": "Cotton knitted sweater", "material": "100% cotton", "hs_code": "611020",
    "origin": "JP", "net_weight_g": 320,
}  # fmt: skip
_NOT_ISO = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"})
"""Two-character codes that CLDR has besides those of ISO 3166-1."""


@cache
def _countries() -> frozenset[str]:
    return frozenset(str(code) for code in Locale("en").territories if re.fullmatch("[A-Z]{2}", str(code))) - _NOT_ISO


def _without_dots(value: object) -> object:
    # Tariffs print 6110.20.0000.
    return value.replace(".", "").replace(" ", "") if isinstance(value, str) else value


def _known_country(code: str) -> str:
    if code not in _countries():
        raise PydanticCustomError("country", "must be a country code (ISO 3166-1 alpha-2) such as JP")
    return code


HsCode = Annotated[str, BeforeValidator(_without_dots), StringConstraints(pattern=r"^[0-9]{6,10}$")]
Country = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}$"), AfterValidator(_known_country)]


class Customs(RequestModel):
    """Customs data of a product, as it is written; every part may be absent."""

    model_config = ConfigDict(json_schema_extra={"example": CUSTOMS_EXAMPLE})

    name_zh: Text | None = Field(default=None, description="Chinese name with material and kind of goods")
    name_en: Text | None = None
    material: Text | None = None
    hs_code: HsCode | None = Field(default=None, description="6 to 10 digits; dots are removed")
    origin: Country | None = Field(default=None, description="country of origin, ISO 3166-1 alpha-2")
    net_weight_g: Annotated[int, Field(strict=True, ge=1, le=10**7)] | None = Field(
        default=None, description="grams of one piece"
    )


class CustomsData(ResponseModel):
    """Customs data of a product."""

    name_zh: str | None
    name_en: str | None
    material: str | None
    hs_code: str | None
    origin: str | None
    net_weight_g: int | None


def stored(customs: Customs | None) -> dict[str, Any] | None:
    """Return the value of the column: every member, or NULL if none is known."""
    values = None if customs is None else customs.model_dump()
    return values if values and any(value is not None for value in values.values()) else None
