"""Routes of brands' logos.

In: an image. Out: records, images. Never here: what an image may be, storage.
"""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.access.authorization import AppService, Operator, SessionId, Viewer
from app.api.catalogue.brands import BrandSlug
from app.api.conventions.bodies import read_body
from app.catalogue.brands import logos
from app.catalogue.brands.images import MOST_BYTES
from app.catalogue.brands.logos import Logo, LogoImage
from app.negotiation import matches
from app.problems import responses

router = APIRouter(tags=["brands"], responses=responses(401, 403, 404, 422))

_PATH = "/v1/brands/{brand}/logo"

_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_IMAGES: dict[str, Any] = {"image/png": _BINARY, "image/jpeg": _BINARY}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "the file: PNG or JPEG, at most 512 KiB, 2,000 pixels a side and 2,000,000 pixels; its content decides",
        "content": _IMAGES,
    }
}
_IMAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": _IMAGES, "description": "the image"},
    304: {"description": "The client has the image already."},
}


def _answer(request: Request, image: LogoImage) -> Response:
    tag = f'"{image.sha256}"'
    headers = {
        "ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie",
        # Opened alone it is a picture, whatever else its bytes may be taken for.
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }  # fmt: skip
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(image.content, media_type=image.media_type, headers=headers)


@router.put(
    _PATH, operation_id="put_brand_logo", summary="Set a brand's logo", responses=responses(400, 413), openapi_extra=_BODY
)
async def put_brand_logo(service: AppService, caller: Operator, brand: BrandSlug, request: Request) -> Logo:
    """Store the logo that the client edition and share links show, without its metadata. SVG is refused."""
    data = await read_body(request, MOST_BYTES)
    return await logos.put(service.database, caller, brand, data, datetime.now(UTC))


@router.get(_PATH, operation_id="get_brand_logo", summary="Get a brand's logo", response_class=Response, responses=_IMAGE)
async def get_brand_logo(service: AppService, caller: Viewer, brand: BrandSlug, request: Request) -> Response:
    """Return the image."""
    return _answer(request, await logos.of_brand(service.database, caller, brand))


@router.delete(_PATH, status_code=204, operation_id="delete_brand_logo", summary="Delete a brand's logo")
async def delete_brand_logo(service: AppService, caller: Operator, brand: BrandSlug) -> None:
    """Delete the logo; reports show the brand's name alone."""
    await logos.remove(service.database, caller, brand)


@router.get(
    "/v1/sessions/{session}/logo", operation_id="get_session_logo", summary="Get the logo of a session's brand",
    response_class=Response, responses=_IMAGE,
)  # fmt: skip
async def get_session_logo(service: AppService, caller: Viewer, session: SessionId, request: Request) -> Response:
    """Return the image; a guest of a share link may read it for the session of the link."""
    return _answer(request, await logos.of_session(service.database, caller, session))
