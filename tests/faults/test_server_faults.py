"""A fault of the server is never told as the sender's: 503, an alarm, and the event is stored once the fault is repaired."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from app.ingest.rebuilding.rebuild import compare
from app.observability.metrics import SERVER_FAULTS
from tests.databases import ALLOW_TRIGGERS, trigger_on
from tests.faults.conftest import front, settings_for


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def _faults() -> float:
    return float(SERVER_FAULTS._value.get())


@pytest.mark.parametrize(
    ("broken", "repaired", "ready"),
    [
        (["ALTER TABLE counters RENAME TO counters_away"], ["ALTER TABLE counters_away RENAME TO counters"], False),
        (trigger_on("counters", "RAISE EXCEPTION 'fault';"), [ALLOW_TRIGGERS, "DROP TRIGGER fault ON counters"], False),
        (["ALTER TABLE events DROP COLUMN attributes"], ["ALTER TABLE events ADD COLUMN attributes json"], True),
        (["ALTER TABLE events ADD CONSTRAINT never CHECK (false) NOT VALID"], ["ALTER TABLE events DROP CONSTRAINT never"], True),
    ],
    ids=["renamed table", "raising trigger", "missing column", "constraint"],
)
async def test_a_fault_of_the_server_is_a_503(
    broken: Sequence[str], repaired: Sequence[str], ready: bool, database_url: str, tmp_path: Path
) -> None:
    """No event is rejected, no dead letter is written, the alarm counts; after the repair the same events are accepted."""
    async with front(settings_for(database_url, tmp_path)) as one:
        session = await one.session()
        assert 200 == (await one.send(session, "before")).status_code
        await _execute(database_url, *broken)
        before = _faults()
        answer = await one.send(session, *(f"event-{number}" for number in range(100)))
        assert (503, "1") == (answer.status_code, answer.headers.get("Retry-After")), answer.text
        assert _faults() > before
        if not ready:
            assert 503 == (await one.client.get("/readyz")).status_code
        await _execute(database_url, *repaired)
        answer = await one.send(session, *(f"event-{number}" for number in range(100)))
        assert (200, 100) == (answer.status_code, answer.json().get("accepted")), answer.text
        assert 101 == await one.likes(session)
        assert [] == (await one.client.get("/v1/dead-letters")).json()["dead_letters"]
        assert [] == await compare(one.service.database, one.service.settings, UUID(session))


async def test_an_event_that_provokes_a_fault_fails_alone(database_url: str, tmp_path: Path) -> None:
    """A fault that one event provokes leaves that event's request unanswered with 503; the other requests are stored."""
    async with front(settings_for(database_url, tmp_path)) as one:
        session = await one.session()
        await _execute(database_url, *trigger_on("events", "IF NEW.id = 'poison' THEN RAISE EXCEPTION 'fault'; END IF;"))
        answer = await one.send(session, *(f"good-{number}" for number in range(30)), "poison")
        assert 503 == answer.status_code
        assert 30 == await one.likes(session)
        assert 503 == (await one.send(session, "poison")).status_code
        assert 200 == (await one.send(session, "good-31")).status_code
        assert [] == (await one.client.get("/v1/dead-letters")).json()["dead_letters"]
