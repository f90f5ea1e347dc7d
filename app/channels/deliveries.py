"""Deliveries of a channel: the list, and the replay of one.

In: a channel's id. Out: records without secrets. Never here: requests to receivers.
"""

from datetime import datetime
from uuid import UUID

from app.catalogue.pages import Page, page_of
from app.channels.messages import Stored, digest_line
from app.channels.models import Delivery
from app.labels.catalogue import Language
from app.problems import not_found
from app.storage import audit
from app.storage.channels import channel_queue as queue
from app.storage.channels.channel_queue import DeliveryRow
from app.storage.database import Database


def _record(row: DeliveryRow, language: Language) -> Delivery:
    return Delivery(
        id=row.id, event=row.event, brand=row.brand, session=row.session_id,
        text=digest_line(Stored(row.event, row.content, row.created_at), language), state=row.state, attempts=row.attempts,
        created_at=row.created_at, next_attempt_at=row.next_at, sent_at=row.sent_at, error=row.error, digest=row.digest_id,
    )  # fmt: skip


async def listing(database: Database, channel_id: UUID, *, after: int | None, limit: int) -> Page[Delivery]:
    """Return deliveries, the newest first.

    Raises:
        ProblemError: 404.
    """
    async with database.acquire() as connection:
        found = await queue.language(connection, channel_id)
        if found is None:
            raise not_found("channel")
        rows = await queue.deliveries(connection, channel_id, after=after, most=limit + 1)
    page = page_of(rows, limit, lambda row: (row.position,))
    return Page([_record(row, found[0]) for row in page.items], page.next)


async def replay(database: Database, channel_id: UUID, delivery_id: UUID, now: datetime) -> Delivery:
    """Queue a delivery again, with the same id and all of its attempts.

    Raises:
        ProblemError: 404.
    """
    async with database.transaction() as connection:
        found = await queue.language(connection, channel_id)
        if found is None:
            raise not_found("channel")
        if not await queue.replay(connection, channel_id, delivery_id, now):
            raise not_found("delivery")
        audit.about(brand=found[1])
        row = (await queue.deliveries(connection, channel_id, delivery_id))[0]
    return _record(row, found[0])
