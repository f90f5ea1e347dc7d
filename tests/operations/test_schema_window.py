"""Which versions and schemas go together: by the declarations of the migrations, and by what a migration notes in the database."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.operations import doctor
from app.operations.doctor import Level
from app.service import MigrationsBehindError, Service, open_service
from app.settings import Settings
from app.storage.database import open_database
from app.storage.schema import migrate
from app.storage.schema.schema_window import NOTE, SchemaFit, SchemaState, Window, window_of


def scripts(*declared: dict[str, Any]) -> Any:
    """Return migrations 1, 2, 3, … with these declarations."""
    return [
        SimpleNamespace(revision=str(number), module=SimpleNamespace(revision=str(number), **one))
        for number, one in enumerate(declared, 1)
    ]


@pytest.mark.parametrize(
    ("declared", "serves_from", "servers_from"),
    [
        ([{}, {}, {}], "3", "3"),
        ([{}, {"needed": False}, {}], "3", "3"),
        ([{}, {}, {"needed": False}], "2", "3"),
        ([{}, {"needed": False}, {"needed": False}], "1", "3"),
        ([{"needed": False}, {"needed": False}], "1", "2"),
        ([{}, {}, {"servers_from": "1"}], "3", "2"),
        ([{}, {"servers_from": "1"}, {"servers_from": "1"}], "3", "1"),
        ([{}, {"servers_from": "1"}, {"servers_from": "2", "needed": False}], "2", "2"),
    ],
)
def test_the_window_is_that_of_the_strictest_migration(
    declared: list[dict[str, Any]], serves_from: str, servers_from: str
) -> None:
    """A migration that says nothing is needed, and needs all servers to be stopped."""
    assert (serves_from, servers_from) == window_of(scripts(*declared))[1:]


@pytest.mark.parametrize(
    ("revision", "note", "fit"),
    [
        ("3", None, SchemaFit.CURRENT),
        ("2", None, SchemaFit.PENDING),
        ("1", None, SchemaFit.UNFIT),
        (None, None, SchemaFit.UNFIT),
        ("4", None, SchemaFit.UNFIT),
        ("4", "servers from 4", SchemaFit.UNFIT),
        ("4", "servers from 3", SchemaFit.NEWER),
        ("4", "servers from 1", SchemaFit.NEWER),
        ("4", "1", SchemaFit.UNFIT),
        ("4", "another comment", SchemaFit.UNFIT),
    ],
)
def test_a_schema_fits(revision: str | None, note: str | None, fit: SchemaFit) -> None:
    """A version knows 1 to 3, and serves 2 and 3."""
    assert fit is Window(["1", "2", "3"], "2", "1").fit(SchemaState(revision, note))


async def test_a_migration_notes_who_may_go_on(service: Service) -> None:
    """In the database, where an older version reads it; what this version serves is among what it knows."""
    window = migrate.window()
    assert migrate.head() == window.known[-1]
    assert {window.serves_from, window.servers_from} <= set(window.known)
    assert SchemaState(migrate.head(), f"servers from {window.servers_from}") == await migrate.state(service.database.engine)


@pytest.mark.usefixtures("database_url")
async def test_a_newer_schema_is_served_if_it_says_so(settings: Settings) -> None:
    """Start, readiness and status; `migrate` leaves it alone. Without the note the start is refused."""
    head = migrate.head()
    database = await open_database(settings)
    try:
        async with database.acquire() as connection:
            await connection.execute("UPDATE alembic_version SET version_num = '9999'")
            await connection.execute(NOTE.format(head))
        assert "9999" == await migrate.upgrade(database)
        async with open_service(settings) as service:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(service)), base_url="http://t") as client:
                answer = await client.get("/readyz")
            assert (200, "9999") == (answer.status_code, answer.json()["migration"])
            status = await doctor.examine(service.read_side, settings, await service.probe.state(), datetime.now(UTC))
        async with database.acquire() as connection:
            await connection.execute(NOTE.format("9999"))
        with pytest.raises(MigrationsBehindError, match="9999"):
            async with open_service(settings):
                pass
    finally:
        await database.close()
    (schema,) = (one for one in status.findings if one.check == "migrations")
    assert (Level.WARNING, "newer", "9999") == (schema.level, schema.code, schema.figures["found"])
