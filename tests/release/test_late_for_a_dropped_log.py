"""What comes for a session while or after its log is dropped, beside what comes for others."""

from uuid import UUID

import httpx

from app.ingest.rebuilding import rebuild_requests
from app.service import Service
from app.storage.ingest import rebuilds
from tests.ingest.sending import new_session


async def dropped(service: Service) -> UUID:
    """Return a session that is marked: its log is dropped, or will be."""
    session = await new_session(service)
    async with service.database.acquire() as connection:
        await connection.execute("UPDATE sessions SET log_dropped_at = now() WHERE id = $1", session)
    return session


async def test_events_that_are_rejected_anyway_do_not_harm_others(service: Service, client: httpx.AsyncClient) -> None:
    """In one flush: events of the session with a fault of their own, others of it, and those of another session."""
    session, other = await dropped(service), await new_session(service)
    yen = {"order": "1", "currency": "JPY", "amount": "1", "lines": []}
    one_of_each = [(other, "like.sent", {}), (session, "like.sent", {}), (session, "order.paid", yen)]
    batch = [
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "/late",
            "type": f"live.{kind}",
            "subject": str(subject),
            "data": data,
        }
        for number, (subject, kind, data) in enumerate(one_of_each * 60)
    ]
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    answer = await client.post("/v1/events", json=batch, headers=headers)
    assert 200 == answer.status_code, answer.text
    receipt = answer.json()
    pointers = [one["errors"][0]["pointer"] for one in receipt["rejected"]]
    assert (60, 60, 60) == (receipt["accepted"], pointers.count("/subject"), pointers.count("/data/currency"))


async def test_a_rebuild_that_was_requested_meanwhile_is_forgotten(service: Service) -> None:
    """It would fail for ever, and the session would look as if its figures were about to change."""
    session = await dropped(service)
    async with service.database.acquire() as connection:
        await connection.execute("INSERT INTO rebuilds VALUES ($1, 1, 0, 'alias', now(), NULL, NULL, 0, NULL, 0, NULL)", session)
    await rebuild_requests.work(service.database, service.settings, session)
    async with service.database.acquire() as connection:
        assert None is await rebuilds.rebuild(connection, session, None)
