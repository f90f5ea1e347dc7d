"""The route of the caller.

In: a request. Out: who sends it. Never here: secrets.
"""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.access.authorization import AnyCaller, AppService
from app.catalogue.access import Principal, Role
from app.catalogue.brands import brands
from app.labels.catalogue import Language
from app.problems import responses
from app.service import Service

router = APIRouter(prefix="/v1/me", tags=["people"])


class Me(BaseModel):
    """The caller."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kind": "key",
                "id": "5f5e1a2b3c4d",
                "name": "Maison K, studio",
                "role": "operator",
                "brand": "maison-k",
                "brand_name": "Maison K",
                "session": None,
                "shows": None,
                "lang": None,
            }
        }
    )

    kind: Literal["key", "person", "guest"]
    id: str
    name: str | None
    role: Role
    brand: str | None = Field(description="slug of the brand that the caller is bound to; of a guest the session's")
    brand_name: str | None
    brand_logo: str | None = Field(default=None, description="SHA-256 of the brand's logo; left out without one")
    session: str | None = Field(description="the session that a guest reads")
    shows: list[Literal["report", "live"]] | None = Field(description="what a guest's share link shows")
    lang: Language | None = Field(description="language of a guest's share link")


async def describe(service: Service, caller: Principal) -> Me:
    """Return what a caller may know about itself."""
    brand = None if caller.brand_id is None else await brands.by_id(service.database, caller.brand_id)
    document: dict[str, Any] = {
        "kind": caller.kind,
        "id": caller.id,
        "name": caller.name,
        "role": caller.role,
        "brand": brand and brand.slug,
        "brand_name": brand and brand.name,
        "session": None,
        "shows": None,
        "lang": caller.language,
    }
    if brand is not None and brand.logo is not None:
        document["brand_logo"] = brand.logo
    if caller.kind == "guest":
        document |= {"session": str(caller.session_id), "shows": ["report", "live"] if caller.shows_live else ["report"]}
    return Me.model_validate(document)


@router.get("", operation_id="get_me", summary="Get the caller", response_model_exclude_unset=True, responses=responses(401))
async def get_me(service: AppService, caller: AnyCaller) -> Me:
    """Return who the request comes from: an API key, a person, or a guest of a share link."""
    return await describe(service, caller)
