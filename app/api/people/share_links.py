"""Routes of share links.

In: requests of operators. Out: share links; the URL of a new one once. Never here: what a guest may read.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from app.api.access.authorization import AppService, Operator, SessionId, external_url
from app.catalogue.callers import share_links
from app.catalogue.callers.share_links import CreatedShareLink, NewShareLink, ShareLink
from app.problems import not_found, responses

router = APIRouter(prefix="/v1/sessions/{session}/share-links", tags=["release"], responses=responses(401, 403, 404))


class ShareLinkList(BaseModel):
    """The share links of a session."""

    share_links: list[ShareLink]


async def link_uuid(link: str) -> UUID:
    """Return the link's id. Text that is not an id names none: 404."""
    try:
        return UUID(link)
    except ValueError:
        raise not_found("share link") from None


LinkId = Annotated[UUID, Depends(link_uuid)]


@router.get("", operation_id="list_share_links", summary="List share links")
async def list_share_links(service: AppService, caller: Operator, session: SessionId) -> ShareLinkList:
    """Return the share links of a session, the newest first, expired ones included. Their secrets cannot be read."""
    return ShareLinkList(share_links=await share_links.listing(service.database, caller, session))


@router.post(
    "", status_code=201, operation_id="create_share_link", summary="Create a share link", responses=responses(400, 409, 422)
)
async def create_share_link(
    request: Request, service: AppService, caller: Operator, session: SessionId, form: NewShareLink
) -> CreatedShareLink:
    """Create a link to the client edition of this session for readers without a key. `url` is returned only here.

    The secret stands in the fragment of the URL, which browsers do not send.
    """
    link, secret = await share_links.create(service.database, caller, session, form, datetime.now(UTC))
    return CreatedShareLink(**link.model_dump(), url=f"{external_url(request)}/#/share/{secret}")


@router.delete("/{link}", status_code=204, operation_id="revoke_share_link", summary="Revoke a share link")
async def revoke_share_link(service: AppService, caller: Operator, session: SessionId, link: LinkId) -> None:
    """Revoke a share link. Its readers are refused at once; in other server processes within two seconds."""
    await share_links.revoke(service.database, service.devices, caller, session, link)
