"""A fault of the server is never told as the sender's: 503, an alarm, and the event is stored once the fault is repaired."""

from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from app.ingest.rebuilding.rebuild import compare
from app.observability.metrics import SERVER_FAULTS
from tests.faults.conftest import front, settings_for

RAISING = """
CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fault'; END $$;
CREATE TRIGGER fault BEFORE INSERT ON counters FOR EACH ROW EXECUTE FUNCTION fault();
"""


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()


def _faults() -> float:
    return float(SERVER_FAULTS._value.get())


@pytest.mark.parametrize(
    ("broken", "repaired", "ready"),
    [
        ("ALTER TABLE counters RENAME TO counters_away", "ALTER TABLE counters_away RENAME TO counters", False),
        (RAISING, "DROP TRIGGER fault ON counters", False),
        ("ALTER TABLE members DROP COLUMN superseded", "ALTER TABLE members ADD COLUMN superseded bytea", True),
        ("ALTER TABLE events ADD CONSTRAINT never CHECK (false) NOT VALID", "ALTER TABLE events DROP CONSTRAINT never", True),
    ],
    ids=["renamed table", "raising trigger", "missing column", "constraint"],
)
async def test_a_fault_of_the_server_is_a_503(broken: str, repaired: str, ready: bool, database_url: str, tmp_path: Path) -> None:
    """No event is rejected, no dead letter is written, the alarm counts; after the repair the same events are accepted."""
    async with front(settings_for(database_url, tmp_path)) as one:
        session = await one.session()
        assert 200 == (await one.send(session, "before")).status_code
        await _execute(database_url, broken)
        before = _faults()
        answer = await one.send(session, *(f"event-{number}" for number in range(100)))
        assert (503, "1") == (answer.status_code, answer.headers.get("Retry-After")), answer.text
        assert _faults() > before
        if not ready:
            assert 503 == (await one.client.get("/readyz")).status_code
        await _execute(database_url, repaired)
        answer = await one.send(session, *(f"event-{number}" for number in range(100)))
        assert (200, 100) == (answer.status_code, answer.json().get("accepted")), answer.text
        assert 101 == await one.likes(session)
        assert [] == (await one.client.get("/v1/dead-letters")).json()["dead_letters"]
        assert [] == await compare(one.service.database, one.service.settings, UUID(session))


async def test_an_event_that_provokes_a_fault_fails_alone(database_url: str, tmp_path: Path) -> None:
    """A fault that one event provokes leaves that event's request unanswered with 503; the other requests are stored."""
    async with front(settings_for(database_url, tmp_path)) as one:
        session = await one.session()
        await _execute(
            database_url,
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN IF NEW.id = 'poison' THEN RAISE EXCEPTION 'fault'; END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER fault BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION fault()",
        )
        answer = await one.send(session, *(f"good-{number}" for number in range(30)), "poison")
        assert 503 == answer.status_code
        assert 30 == await one.likes(session)
        assert 503 == (await one.send(session, "poison")).status_code
        assert 200 == (await one.send(session, "good-31")).status_code
        assert [] == (await one.client.get("/v1/dead-letters")).json()["dead_letters"]
