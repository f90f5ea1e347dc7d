"""Requests and records of products.

In: JSON values of clients. Out: validated forms; records. Never here: I/O.
"""

from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import ConfigDict, Field

from app.catalogue.models import UNCHANGED, CanonicalCode, Names, PatchModel, RequestModel, ResponseModel, Slug
from app.catalogue.products.customs import CUSTOMS_EXAMPLE, Customs, CustomsData

Aliases = Annotated[list[CanonicalCode], Field(max_length=200)]

_EXAMPLE: dict[str, Any] = {
    "brand": "maison-k",
    "code": "knit-01",
    "names": {"ja": "ニット", "zh": "针织衫", "en": "Knit"},
    "aliases": ["10000387"],
    "customs": CUSTOMS_EXAMPLE,
}


PRODUCT_EXAMPLE: dict[str, Any] = {"id": "0192f1a0-b3c4-7d01-8000-5f5e1a2b3c4d", **_EXAMPLE, "created_at": "2021-09-20T01:00:00Z"}


class NewProduct(RequestModel):
    """A product to create."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    brand: Slug | None = Field(default=None, description="created if missing; absent: the brand of the key")
    code: CanonicalCode = Field(description="the merchant's code; it never changes")
    names: Names = Field(default_factory=dict, description="name by language tag")
    aliases: Aliases = Field(default_factory=list, description="other codes that events use for it")
    customs: Customs | None = Field(default=None, description="for packing lists and customs declarations")


class ProductPatch(PatchModel):
    """Changes to a product."""

    names: Names = Field(default=UNCHANGED, examples=[_EXAMPLE["names"]], description="replaces all names")
    aliases: Aliases = Field(default=UNCHANGED, examples=[_EXAMPLE["aliases"]], description="replaces all aliases")
    customs: Customs | None = Field(
        default=UNCHANGED, examples=[CUSTOMS_EXAMPLE], description="replaces all customs data; null removes it"
    )


class Product(ResponseModel):
    """A product."""

    model_config = ConfigDict(json_schema_extra={"example": PRODUCT_EXAMPLE})

    id: UUID
    brand: str
    code: str
    names: dict[str, str]
    aliases: list[str]
    customs: CustomsData | None
    created_at: datetime


class StatedProduct(NamedTuple):
    """What became of a product that a row of a file states."""

    is_new: bool
    is_changed: bool
    aliases: list[str]
    """Those that are new, for `rebuild_sessions`."""
