"""What is kept for a time only goes when the time is over, and no figure changes."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.ingest.rebuilding.rebuild import compare
from app.ingest.retention import retire
from app.platforms.background.job_runner import JobRunner
from app.service import open_service
from app.settings import Settings
from tests.deletions import deletions_noted
from tests.ingest.sending import new_session, send


async def test_the_text_of_comments_goes_after_its_days_and_the_comments_stay(settings: Settings) -> None:
    """A kept text is in the log, then it is not, and the session still has its comments and equals its rebuild."""
    keeping = settings.model_copy(update={"keep_comment_text": True, "comment_text_days": 10})
    async with open_service(keeping) as service:
        session = await new_session(service)
        await send(service, session, [("live.comment.posted", {"viewer": f"v{n}", "text": "尺码"}) for n in range(7)])
        now = datetime.now(UTC)
        assert (0, 0) == await retire(service.database, keeping, now + timedelta(days=9))
        assert (0, 7) == await retire(service.database, keeping, now + timedelta(days=11))
        async with service.database.acquire() as connection:
            assert [] == await connection.fetch("SELECT 1 FROM events WHERE data ->> 'text' IS NOT NULL")
            assert 7 == await connection.fetchval("SELECT count(*) FROM events")
        assert [] == await compare(service.database, keeping, session)


async def test_parked_settlements_stay_and_other_parked_events_go(client: httpx.AsyncClient, settings: Settings) -> None:
    """A statement is made of settlements and entries of an account: they outlive the days of other parked events."""
    for number, (kind, data) in enumerate(
        (
            ("live.order.settled", {"order": "1", "currency": "CNY", "amount": "9.80"}),
            ("live.funds.moved", {"flow": "f", "direction": "out", "amount": "1.00"}),
            ("live.like.sent", {"viewer": "v"}),
        )
    ):
        event = {"specversion": "1.0", "id": str(number), "source": "s", "subject": "wechat:scene-3", "type": kind, "data": data}
        assert 1 == (await client.post("/v1/events", json=event)).json()["parked"]
    async with open_service(settings) as service:
        await retire(service.database, settings, datetime.now(UTC) + timedelta(days=settings.parked_days + 1))
        async with service.database.acquire() as connection:
            kept = await connection.fetch("SELECT event ->> 'type' AS type FROM parked ORDER BY 1")
    assert ["live.funds.moved", "live.order.settled"] == [row["type"] for row in kept]
    assert 2 == (await client.get("/v1/parked")).json()["rooms"][0]["events"]


async def test_text_is_not_kept_unless_the_setting_says_so(settings: Settings) -> None:
    """Without the setting no text reaches the log."""
    async with open_service(settings) as service:
        session = await new_session(service)
        await send(service, session, [("live.comment.posted", {"viewer": "v", "text": "秘密"})])
        async with service.database.acquire() as connection:
            assert "秘密" not in str(await connection.fetch("SELECT * FROM events"))


async def test_dead_letters_go_after_their_days(client: httpx.AsyncClient, settings: Settings) -> None:
    """A dead letter is deleted after its days."""
    event = {"specversion": "1.0", "id": "1", "source": "s", "subject": "wechat:r", "type": "no.such.type", "data": {}}
    assert 422 == (await client.post("/v1/events", json=event)).status_code
    async with open_service(settings) as service:
        now = datetime.now(UTC)
        assert (0, 0) == await retire(service.database, settings, now + timedelta(days=settings.dead_letter_days - 1))
        assert (1, 0) == await retire(service.database, settings, now + timedelta(days=settings.dead_letter_days + 1))
    assert [] == (await client.get("/v1/dead-letters")).json()["dead_letters"]


_OLD = {
    "dead_letters": "(id, digest, origin, received_at, errors, sealed) "
    "SELECT gen_random_uuid(), int4send(n), 'o', $1, '[]', '' FROM generate_series(1, 7) AS n",
    "parked": "(platform, room, owner, event_key, received_at, event) "
    "SELECT 'wechat', 'r', '', int4send(n), $1, '{\"type\": \"live.like.sent\"}' FROM generate_series(1, 7) AS n",
    "deliveries": "(connection_id, key, received_at, sealed, settled_at) "
    "SELECT gen_random_uuid(), n::text, $1, '', $1 FROM generate_series(1, 7) AS n",
    "delivery_bindings": "(connection_id, key, value, expires_at) "
    "SELECT gen_random_uuid(), n::text, '', $1 FROM generate_series(1, 7) AS n",
    "pgqueuer_log": "(created, job_id, status, priority, entrypoint) "
    "SELECT $1, n, 'successful', 0, 'old' FROM generate_series(1, 7) AS n",
    "jobs": "(id, kind, filter, requested_by, same, requested_at, until, finished_at, total) "
    "SELECT gen_random_uuid(), 'k', '{}', 'r', n::text, $1, $1, $1, 0 FROM generate_series(1, 7) AS n",
}
"""Table → seven rows that are long past their days."""


async def test_one_statement_deletes_a_part_of_what_years_left(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """A statement that had to delete everything would meet the time limit every night and leave what follows it undone."""
    monkeypatch.setattr("app.ingest.retention._AT_ONCE", 3)
    now = datetime.now(UTC)
    async with open_service(settings) as service, service.database.acquire() as connection:
        for table, rows in _OLD.items():
            await connection.execute(f"INSERT INTO {table} {rows}", now - timedelta(days=3_000))
        async with deletions_noted(connection, *_OLD) as noted:
            runner = JobRunner(service.database, settings, None, None)  # type: ignore[arg-type]
            await runner.delete_expired(now)
    assert {table: [3, 3, 1] for table in _OLD} == noted
