"""Sends events through a service's own writer.

In: types and data. Out: receipts. Never here: HTTP.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app.catalogue.ids import new_id
from app.service import Service

START = datetime(2021, 9, 25, 5, tzinfo=UTC)


async def new_session(service: Service, currency: str = "CNY", *rooms: str) -> UUID:
    """Make a brand and a session with streams `platform:room`, straight in the tables."""
    session, brand = new_id(), uuid4()
    async with service.database.acquire() as connection:
        await connection.execute("INSERT INTO brands (id, slug, name) VALUES ($1, $2, 'B')", brand, f"b-{brand.hex[:8]}")
        await connection.execute(
            "INSERT INTO sessions (id, brand_id, title, kind, currency, time_zone) VALUES ($1, $2, 't', 'live', $3, 'Asia/Tokyo')",
            session,
            brand,
            currency,
        )
        for name in rooms:
            platform, _, room = name.partition(":")
            await connection.execute(
                "INSERT INTO streams (platform, room, session_id) VALUES ($1, $2, $3)", platform, room, session
            )
    return session


async def send(
    service: Service,
    subject: UUID | str,
    events: list[tuple[str, dict[str, Any]]],
    *,
    first: int = 0,
    origin: str = "key:test",
    import_id: UUID | None = None,
) -> dict[str, Any]:
    """Send events of these types, a second apart, and return the receipt."""
    documents = [
        {
            "specversion": "1.0",
            "id": f"{subject}-{first + number}",
            "source": "//test",
            "subject": str(subject),
            "time": (START + timedelta(seconds=first + number)).isoformat(),
            "type": event_type,
            "data": data,
        }
        for number, (event_type, data) in enumerate(events)
    ]
    submission = service.receiver.receive(
        json.dumps(documents).encode(),
        {"content-type": "application/cloudevents-batch+json"},
        brand_id=None,
        origin=origin,
        received_at=datetime.now(UTC),
    )
    submission.import_id = import_id
    await service.writer.submit(submission)
    return submission.receipt()
