"""Routes of channels.

In: requests of administrators. Out: records without secrets. Never here: rules, SQL.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from app.api.access.authorization import Admin, AppService
from app.api.conventions.paging import Paging, encode
from app.channels import administration, deliveries
from app.channels.administration import ChannelAdmin
from app.channels.models import Channel, ChannelPatch, ChannelTest, Delivery, NewChannel
from app.problems import not_found, responses

router = APIRouter(prefix="/v1/channels", tags=["channels"])


async def _channel_admin(service: AppService) -> ChannelAdmin:
    return ChannelAdmin(service.database, service.channels.cipher, service.channels.reachable, datetime.now(UTC))


async def _channel_id(
    channel: Annotated[str, Path(description="the channel's id", examples=["0192f1a0-b3c4-7d0a-8000-5f5e1a2b3c4d"])],
) -> UUID:
    try:
        return UUID(channel)
    except ValueError:
        raise not_found("channel") from None


async def _delivery_id(
    delivery: Annotated[str, Path(description="the delivery's id", examples=["0192f1a0-b3c4-4d0b-8000-5f5e1a2b3c4d"])],
) -> UUID:
    try:
        return UUID(delivery)
    except ValueError:
        raise not_found("delivery") from None


AppChannelAdmin = Annotated[ChannelAdmin, Depends(_channel_admin)]
ChannelId = Annotated[UUID, Depends(_channel_id)]
DeliveryId = Annotated[UUID, Depends(_delivery_id)]


class ChannelList(BaseModel):
    """A page of channels."""

    channels: list[Channel]
    next_cursor: str | None


class DeliveryList(BaseModel):
    """A page of a channel's deliveries."""

    deliveries: list[Delivery]
    next_cursor: str | None


@router.get("", operation_id="list_channels", summary="List channels", responses=responses(401, 403, 422))
async def list_channels(admin: AppChannelAdmin, caller: Admin, paging: Paging) -> ChannelList:
    """Return the channels with their state, the newest first."""
    del caller
    page = await administration.listing(admin, after=paging.after(datetime, UUID), limit=paging.limit)
    return ChannelList(channels=page.items, next_cursor=encode(page.next))


@router.post(
    "", status_code=201, operation_id="create_channel", summary="Create a channel", responses=responses(401, 403, 404, 422)
)
async def create_channel(admin: AppChannelAdmin, caller: Admin, form: NewChannel) -> Channel:
    """Create a channel. From now on it gets a message for each of its events."""
    return await administration.create(admin, caller, form)


@router.get("/{channel}", operation_id="get_channel", summary="Get a channel", responses=responses(401, 403, 404))
async def get_channel(admin: AppChannelAdmin, caller: Admin, channel: ChannelId) -> Channel:
    """Return the channel with its state."""
    del caller
    return await administration.get(admin, channel)


@router.patch(
    "/{channel}", operation_id="update_channel", summary="Change a channel", responses=responses(401, 403, 404, 409, 422)
)
async def patch_channel(admin: AppChannelAdmin, caller: Admin, channel: ChannelId, form: ChannelPatch) -> Channel:
    """Change name, events, language, options or secrets, or disable the channel."""
    del caller
    return await administration.patch(admin, channel, form)


@router.delete(
    "/{channel}", status_code=204, operation_id="delete_channel", summary="Delete a channel", responses=responses(401, 403, 404)
)
async def delete_channel(admin: AppChannelAdmin, caller: Admin, channel: ChannelId) -> None:
    """Delete the channel with its secrets and its deliveries. What waits is not sent."""
    del caller
    await administration.remove(admin, channel)


@router.post("/{channel}/test", operation_id="test_channel", summary="Send a test message", responses=responses(401, 403, 404))
async def test_channel(service: AppService, caller: Admin, channel: ChannelId) -> ChannelTest:
    """Send a test message now, and return whether the receiver accepted it."""
    del caller
    delivery, outcome = await service.channels.sender.test(channel)
    return ChannelTest(ok=outcome.state == "sent", delivery=delivery, error=outcome.reason or None)


@router.get(
    "/{channel}/deliveries",
    operation_id="list_channel_deliveries",
    summary="List a channel's deliveries",
    responses=responses(401, 403, 404, 422),
)
async def list_deliveries(service: AppService, caller: Admin, channel: ChannelId, paging: Paging) -> DeliveryList:
    """Return what the channel was or will be sent, the newest first."""
    del caller
    (after,) = paging.after(int) or (None,)
    page = await deliveries.listing(service.database, channel, after=after, limit=paging.limit)
    return DeliveryList(deliveries=page.items, next_cursor=encode(page.next))


@router.post(
    "/{channel}/deliveries/{delivery}/replay",
    operation_id="replay_channel_delivery",
    summary="Send a delivery again",
    responses=responses(401, 403, 404),
)
async def replay_delivery(service: AppService, caller: Admin, channel: ChannelId, delivery: DeliveryId) -> Delivery:
    """Queue the delivery again, whatever its state is, with the same id. A message out of a digest is sent alone."""
    del caller
    return await deliveries.replay(service.database, channel, delivery, datetime.now(UTC))
