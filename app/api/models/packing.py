"""Response models of packing lists.

In: nothing. Out: models for the OpenAPI document. Never here: figures.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from app.api.models.results import DocumentModel

_LINE: dict[str, Any] = {"product": "knit-01", "sku": "M", "name": "ニット", "quantity": 1}
_EXAMPLE: dict[str, Any] = {
    "customers": [{"customer": "5f2a9c01b7de", "orders": ["A-1"], "units": 1, "lines": [_LINE]}],
    "totals": [_LINE],
    "excluded": [{"order": "A-2", "platform": "wechat", "reason": "cancelled"}],
    "warnings": [],
}
_CARTON: dict[str, Any] = {
    "number": 1,
    "customers": ["5f2a9c01b7de"],
    "orders": 1,
    "units": 1,
    "gross_weight_g": 12400,
    "size": "60x40x40 cm",
}


class PackingLine(DocumentModel):
    """Pieces of one product and SKU."""

    product: str
    sku: str | None
    name: str = Field(description="the line-up's name, else the catalogue's, else the code")
    quantity: int = Field(description="free gifts included")


class PackingCustomer(DocumentModel):
    """What one customer is to be sent."""

    customer: str = Field(description="short pseudonym, the same on every document of the brand")
    orders: list[str]
    units: int
    lines: list[PackingLine]


class ExcludedOrder(DocumentModel):
    """An order that is not in the list."""

    order: str
    platform: str
    reason: Literal["cancelled", "refunded", "shipped"]


class PackingWarning(DocumentModel):
    """What has to be checked before the list is used."""

    code: str
    message: str
    figures: dict[str, Any] = Field(description="`count`, and up to 20 of the `orders` or `products`")


class PackingDocument(DocumentModel):
    """What of a session is still to be sent, by customer and in total."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    customers: list[PackingCustomer]
    totals: list[PackingLine]
    excluded: list[ExcludedOrder]
    warnings: list[PackingWarning]


class Carton(DocumentModel):
    """A carton and what is in it."""

    number: int
    customers: list[str]
    orders: int
    units: int
    gross_weight_g: int | None
    size: str | None


class CartonsDocument(DocumentModel):
    """All cartons of a session."""

    model_config = ConfigDict(json_schema_extra={"example": {"cartons": [_CARTON]}})

    cartons: list[Carton]
