"""Queries of the deliveries of channels.

In: a channel, moments. Out: frozen rows. Never here: requests, budgets, commits.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json

from app.labels.catalogue import Language
from app.storage.channels.channel_outbox import JOB
from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("channels/channels")


class ChannelRow(NamedTuple):
    """A channel with what its requests need."""

    id: UUID
    kind: str
    lang: Language
    options: dict[str, Any]
    sealed: bytes
    requests: list[datetime]
    """When its latest requests were made."""
    failures: int
    paused_until: datetime | None
    busy_until: datetime | None
    brand_id: UUID | None
    previous_secret_until: datetime | None
    """When the previous secret ends; None: it does not."""


class DueRow(NamedTuple):
    """A message that may be sent."""

    id: UUID
    event: str
    content: dict[str, Any]
    attempts: int
    created_at: datetime


async def lock_channel(connection: Connection, channel_id: UUID, *, disabled_too: bool = False) -> ChannelRow | None:
    """Lock a channel until the commit; None if there is none or it is disabled."""
    row = await connection.fetchrow(_SQL["lock_channel"], channel_id, disabled_too)
    return None if row is None else ChannelRow._make([*row[:3], from_json(row[3]), *row[4:]])


class Limits(NamedTuple):
    """When a message is given up."""

    queued_before: datetime
    too_old: str
    attempts: int
    no_outcome: str


async def give_up(connection: Connection, channel_id: UUID, limits: Limits) -> None:
    """Give messages up that are too old, and those that had all of their attempts without an outcome."""
    await connection.execute(_SQL["give_up"], channel_id, *limits)


async def due(connection: Connection, channel_id: UUID, now: datetime, most: int) -> list[DueRow]:
    """Return what a channel has to send."""
    rows = await connection.fetch(_SQL["due"], channel_id, now, most)
    return [DueRow(row[0], row[1], from_json(row[2]), row[3], row[4]) for row in rows]


async def add(connection: Connection, channel_id: UUID, delivery_id: UUID, event: str, content: str, now: datetime) -> None:
    """Add a message for one channel; `content` is JSON."""
    await connection.execute(_SQL["add_delivery"], channel_id, delivery_id, event, content, now)


async def gather(connection: Connection, channel_id: UUID, messages: Sequence[UUID], digest: UUID) -> None:
    """Hand messages over to a digest."""
    await connection.execute(_SQL["gather"], channel_id, messages, digest)


async def begin(
    connection: Connection, channel_id: UUID, delivery_id: UUID, requests: Sequence[datetime], busy_until: datetime | None
) -> int:
    """Note an attempt before it is made; return the number of attempts."""
    await connection.execute(_SQL["begin_request"], channel_id, requests, busy_until)
    return int(await connection.fetchval(_SQL["begin_attempt"], channel_id, delivery_id))


async def finish(
    connection: Connection,
    channel_id: UUID,
    delivery_id: UUID,
    state: str,
    error: str | None,
    next_at: datetime | None,
    sent_at: datetime | None,
) -> None:
    """Store the outcome of an attempt."""
    await connection.execute(_SQL["finish_attempt"], channel_id, delivery_id, state, error, next_at, sent_at)


async def correct(
    connection: Connection, channel_id: UUID, delivery_id: UUID, state: str, error: str | None, sent_at: datetime | None
) -> None:
    """Store the outcome of a test."""
    await connection.execute(_SQL["correct"], channel_id, delivery_id, state, error, sent_at)


async def release(connection: Connection, channel_id: UUID, failures: int, paused_until: datetime | None) -> None:
    """Store a channel's failures in a row and its pause; its next request may be made."""
    await connection.execute(_SQL["finish_request"], channel_id, failures, paused_until)


async def enqueue_due(connection: Connection, now: datetime) -> None:
    """Enqueue a job for each channel that has something to send."""
    await connection.execute(_SQL["enqueue_due"], JOB, now)


async def wanted(connection: Connection) -> set[UUID | None]:
    """Return the brands whose alerts a channel wants; None stands among them if one wants those of all brands."""
    return {row[0] for row in await connection.fetch(_SQL["wanted"])}


async def expire(connection: Connection, before: datetime, at_once: int) -> int:
    """Delete at most `at_once` deliveries that are older than a moment; return how many."""
    return len(await connection.fetch(_SQL["expire_deliveries"], before, at_once))


class DeliveryRow(NamedTuple):
    """A delivery as the API shows it."""

    id: UUID
    event: str
    brand: str | None
    session_id: UUID | None
    content: dict[str, Any]
    created_at: datetime
    state: str
    attempts: int
    next_at: datetime | None
    sent_at: datetime | None
    error: str | None
    digest_id: UUID | None
    position: int


async def language(connection: Connection, channel_id: UUID) -> tuple[Language, UUID | None] | None:
    """Return a channel's language and brand; None if there is no such channel."""
    row = await connection.fetchrow(_SQL["language"], channel_id)
    return None if row is None else (row[0], row[1])


async def deliveries(
    connection: Connection,
    channel_id: UUID,
    delivery_id: UUID | None = None,
    after: int | None = None,
    most: int = 1,
) -> list[DeliveryRow]:
    """Return deliveries of a channel, the newest first, or one of them."""
    rows = await connection.fetch(_SQL["deliveries"], channel_id, delivery_id, after, most)
    return [DeliveryRow._make([*row[:4], from_json(row[4]), *row[5:]]) for row in rows]


async def replay(connection: Connection, channel_id: UUID, delivery_id: UUID, now: datetime) -> bool:
    """Queue a delivery again; return False if there is none."""
    return await connection.fetchval(_SQL["replay"], channel_id, delivery_id, now, JOB) is not None
