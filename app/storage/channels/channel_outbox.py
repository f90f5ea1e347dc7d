"""The outbox of the channels: messages that are queued by the transaction in which something happens.

In: what happened. Out: a delivery for each channel that wants it, and its job, if the transaction commits; none if it does not.
Never here: the text of a message, requests, secrets.

A channel of a brand gets what belongs to this brand; a channel without a brand gets everything.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("channels/channels")

ChannelEvent = Literal[
    "alert.raised",
    "alert.cleared",
    "session.started",
    "session.ended",
    "revision.created",
    "settlement.issued",
    "connection.failing",
]
EVENTS: tuple[ChannelEvent, ...] = get_args(ChannelEvent)
JOB = "channel"
"""The queue's name of a job that sends what a channel has to send; its payload is the channel's id."""


class Message(NamedTuple):
    """Something that happened."""

    event: ChannelEvent
    brand_id: UUID | None
    session_id: UUID | None
    content: Mapping[str, Any]
    """Figures and names, ready for JSON; brand and session are added."""


async def emit(connection: Connection | AsyncConnection, messages: Sequence[Message], now: datetime) -> None:
    """Queue messages in the connection's transaction."""
    if not messages:
        return
    rows = [(uuid4(), one.event, one.brand_id, one.session_id, json.dumps(one.content, ensure_ascii=False)) for one in messages]
    parameters = (*(list(column) for column in zip(*rows, strict=True)), now, JOB)
    if isinstance(connection, AsyncConnection):
        await connection.exec_driver_sql(_SQL["emit"], parameters)
    else:
        await connection.execute(_SQL["emit"], *parameters)
