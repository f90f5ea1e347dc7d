"""Imports: a back-end's CSV export through the writer, with a report per row.

In: a file's bytes, which column is what, the caller's brand. Out: what became of every row. Never here: the reading of cells
(`adapters.csv_import`).

Idempotent: the same file again is all duplicates, and an import that broke off is finished by sending it again.
"""

import asyncio
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic_core import to_json

from app.adapters.csv_cells import BadFile
from app.adapters.csv_import import Imported, import_csv
from app.adapters.validation import Misconfigured
from app.catalogue.access import Principal
from app.catalogue.models import ResponseModel
from app.catalogue.session_access import session_ref
from app.events.envelope import EVENT, event_key
from app.ingest.subjects import parse_subject
from app.ingest.submission import Submission, SubmittedEvent
from app.ingest.writer import Writer
from app.platforms.connections import refused
from app.problems import invalid
from app.storage.database import Database

SOURCE = "//tallylight/imports"
"""The same for all imports: an event's id names its subject, so no two brands' rows can meet."""
_AT_ONCE = 1_000


class ImportRow(ResponseModel):
    """What became of a row."""

    row: int = Field(description="as a spreadsheet counts: the heading is 1")
    ok: bool
    events: int = Field(description="events that begin in this row; 0 for a further row of an order")
    column: str | None
    detail: str | None


class ImportReport(ResponseModel):
    """What became of a file."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kind": "orders",
                "accepted": 2,
                "duplicates": 0,
                "parked": 0,
                "failed_rows": 1,
                "rows": [
                    {"row": 2, "ok": True, "events": 2, "column": None, "detail": None},
                    {"row": 3, "ok": False, "events": 0, "column": "実付金額", "detail": "is not an amount"},
                ],
            }
        }
    )

    kind: Literal["orders", "audience"]
    accepted: int
    duplicates: int
    parked: int
    failed_rows: int
    rows: list[ImportRow]


async def take(
    database: Database, writer: Writer, principal: Principal, data: bytes, options: dict[str, Any], now: datetime
) -> ImportReport:
    """Store the events of a file; rows that cannot be read keep no other from being stored.

    Raises:
        ProblemError: 404 for a session of another brand; 422 for options or a file that cannot be used.
        QueueFullError, NotCommittedError: a part of the file is not stored; sending it again is safe.
    """
    await _require_session(database, principal, options.get("subject"))
    try:
        # Thousands of rows take a while; other requests go on meanwhile.
        imported = await asyncio.to_thread(import_csv, data, options, SOURCE)
    except Misconfigured as error:
        raise refused(error) from None
    except BadFile as error:
        raise invalid("/file", str(error)) from None
    sent: list[Submission] = []
    faults: dict[int, str] = {}
    for start in range(0, len(imported.events), _AT_ONCE):
        submission = Submission(principal.brand_id, f"import:{principal.key_id}", now)
        for index, found in enumerate(imported.events[start : start + _AT_ONCE], start):
            event = EVENT.validate_json(to_json(found))
            submission.items.append(SubmittedEvent(event, event_key(event.source, event.id), index, submission))
        await writer.submit(submission)
        sent.append(submission)
        for rejection in submission.rejected:
            faults[rejection.index] = f"{rejection.errors[0].pointer} {rejection.errors[0].detail}"
    rows = _rows(imported, faults)
    return ImportReport(
        kind=options["kind"],
        accepted=sum(submission.accepted for submission in sent),
        duplicates=sum(submission.duplicates for submission in sent),
        parked=sum(submission.parked for submission in sent),
        failed_rows=sum(not row.ok for row in rows),
        rows=rows,
    )


async def _require_session(database: Database, principal: Principal, subject: object) -> None:
    named = parse_subject(subject) if isinstance(subject, str) else None
    if isinstance(named, UUID):
        async with database.read() as connection:
            await session_ref(connection, principal, named)


def _rows(imported: Imported, faults: dict[int, str]) -> list[ImportRow]:
    """Return the report, with what the session refused beside what could not be read.

    Events lie in the order of the rows that they begin in.
    """
    rows = []
    first = 0
    for report in imported.rows:
        fault = next((faults[index] for index in range(first, first + report.events) if index in faults), None)
        first += report.events
        rows.append(
            ImportRow(
                row=report.row,
                ok=report.ok and fault is None,
                events=report.events,
                column=report.column,
                detail=report.detail or fault,
            )
        )
    return rows
