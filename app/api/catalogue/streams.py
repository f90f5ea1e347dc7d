"""Routes of a session's streams.

In: requests. Out: records of the catalogue. Never here: rules, SQL.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from app.api.access.authorization import AppService, Operator, SessionId, Viewer
from app.catalogue.models import Slug, Text
from app.catalogue.sessions import streams
from app.catalogue.sessions.streams import Collect, NewStream, Stream
from app.ingest.unprocessed import parked
from app.problems import responses

router = APIRouter(prefix="/v1/sessions/{session}/streams", tags=["streams"])


async def parked_replayer(service: AppService) -> Collect:
    """Return the function that moves a room's parked events into the session that registered the room."""

    async def replay_parked(platform: str, room: str) -> None:
        await parked.replay_parked(service.database, service.settings, service.writer, platform, room)

    return replay_parked


ParkedReplayer = Annotated[Collect, Depends(parked_replayer)]


class StreamList(BaseModel):
    """All streams of a session."""

    streams: list[Stream]


@router.get("", operation_id="list_streams", summary="List a session's streams", responses=responses(401, 403, 404))
async def list_streams(service: AppService, caller: Viewer, session: SessionId) -> StreamList:
    """Return the rooms whose events belong to the session."""
    return StreamList(streams=await streams.listing(service.database, caller, session))


@router.post(
    "",
    status_code=201,
    operation_id="create_stream",
    summary="Register a stream",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def create_stream(
    service: AppService, caller: Operator, replay_parked: ParkedReplayer, session: SessionId, form: NewStream
) -> Stream:
    """Register a room. Its parked events join the session. Registering it again changes nothing."""
    return await streams.add(service.database, caller, session, form, replay_parked, service.settings.max_rooms)


@router.delete(
    "/{platform}/{room:path}",
    status_code=204,
    operation_id="delete_stream",
    summary="Remove a stream",
    responses=responses(401, 403, 404, 422),
)
async def delete_stream(
    service: AppService,
    caller: Operator,
    session: SessionId,
    platform: Annotated[Slug, Path(examples=["wechat"])],
    room: Annotated[Text, Path(description="may contain slashes", examples=["export/UzFfAgtgekIEAQAAAAAAbG8"])],
) -> None:
    """Remove a room. Its earlier events stay with the session."""
    await streams.remove(service.database, caller, session, platform, room)
