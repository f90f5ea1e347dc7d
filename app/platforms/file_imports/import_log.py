"""Which files were imported, by whom and when; and what a void of an import would take out.

In: an import that begins or ends; a session. Out: records. Never here: files, rows, figures.

The record is written before the first event of the file, so that an import which ended early is listed too.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json, to_json

from app.catalogue.access import Principal
from app.platforms.file_imports.import_report import ImportTally
from app.problems import not_found
from app.storage.database import Database
from app.storage.event_log import log_state
from app.storage.ingest import voids
from app.storage.queries import queries

_SQL = queries("platforms/imports")
_LONGEST_NAME = 255


class ImportRow(NamedTuple):
    """An import that brought events to a session."""

    id: UUID
    events: int
    """Events that it brought, new or not."""
    kind: str | None
    """This and what follows: None for an import of an earlier version."""
    subject: str | None
    file_name: str | None
    by: str | None
    name: str | None
    """Of whom imported it."""
    at: datetime | None
    finished_at: datetime | None
    """None: it ended early."""
    report: dict[str, Any] | None
    void_id: UUID | None
    void_reason: str | None
    void_by: str | None
    void_at: datetime | None


class VoidEffect(NamedTuple):
    """What a void of an import would take out."""

    events: int
    """Events that no other valid import brought and that are not void."""
    orders: int
    """Orders that these events name."""


async def begin(
    database: Database, import_id: UUID, principal: Principal, options: Mapping[str, Any], file_name: str | None, now: datetime
) -> None:
    """Record that an import begins."""
    shown = "".join(sign for sign in file_name or "" if sign.isprintable())[:_LONGEST_NAME] or None
    async with database.acquire() as connection:
        await connection.execute(
            _SQL["begin"], import_id, options["kind"], options["subject"], shown, principal.reference, principal.name, now
        )


async def finish(database: Database, import_id: UUID, tally: ImportTally, facts: Mapping[str, Any], now: datetime) -> None:
    """Record what an import did."""
    report = {
        "accepted": tally.accepted, "duplicates": tally.duplicates, "parked": tally.parked, "replaced": tally.replaced,
        "failed_rows": tally.failed_rows, "guessed_columns": facts["guessed_columns"],
    }  # fmt: skip
    async with database.acquire() as connection:
        await connection.execute(_SQL["finish"], import_id, now, to_json(report).decode())


async def of_session(database: Database, session: UUID, brand: UUID | None) -> list[ImportRow]:
    """Return the imports that brought events to a session, the newest first.

    Raises:
        ProblemError: 404 without such a session.
    """
    async with database.acquire() as connection:
        if not await voids.exists(connection, session, brand):
            raise not_found("session")
        rows = await connection.fetch(_SQL["of_session"], session)
    return [ImportRow(**{**dict(row), "report": None if row["report"] is None else from_json(row["report"])}) for row in rows]


async def void_effect(database: Database, session: UUID, brand: UUID | None, import_id: UUID) -> VoidEffect:
    """Return what a void of an import would take out of a session.

    Raises:
        ProblemError: 404 without such a session, or such an import in it; 410 without its log.
    """
    async with database.acquire() as connection:
        if not await voids.exists(connection, session, brand):
            raise not_found("session")
        if not await voids.has_import(connection, session, import_id):
            raise not_found("import")
        await log_state.require(connection, session)
        keys = await voids.import_keys(connection, session, import_id)
        row = await connection.fetchrow(_SQL["void_effect"], session, keys)
    assert row is not None, "an aggregate has one row"
    return VoidEffect(*row)
