"""Imports: a back-end's export through the writer, with a report per row.

In: a file, which column is what, the caller's brand. Out: what became of every row. Never here: the reading of cells
(`adapters.csv_import`), the limits of the reading process (`import_process`).

Idempotent: the same file again is all duplicates, and an import that was interrupted is completed by sending the file again.
"""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Literal
from uuid import UUID, uuid4

from pydantic import ConfigDict, Field
from pydantic_core import from_json, to_json

from app.adapters.validation import InvalidField, Misconfigured
from app.catalogue.access import Principal
from app.catalogue.models import ResponseModel
from app.catalogue.rebuilds import SessionRebuild, record_of
from app.catalogue.session_access import session_ref
from app.events import reader
from app.events.envelope import EVENTS, event_key
from app.ingest.rebuild_requests import settle_all
from app.ingest.subjects import parse_subject
from app.ingest.submission import Submission, SubmittedEvent
from app.ingest.writer import QueueFullError, Writer
from app.platforms.connections import refused
from app.problems import ProblemError, invalid
from app.settings import Settings
from app.storage.database import Database
from app.storage.rebuilds import RebuildRow

SOURCE = "//tallylight/imports"
"""The same for all imports: an event's id names its subject, so no two brands' rows can meet."""
AT_ONCE = 2
"""Imports that are read at a time; the others wait."""
MOST_WAITING = 8
_UNCOMMITTED = 2
"""Batches of an import that wait for their commit."""
_READER_SECONDS = 150
"""Longest wait for a line of the reading process; its computing time is limited too."""
_QUEUE_SECONDS = 30
"""Longest wait for room in the writer's queue."""
_LONGEST_LINE = 64 * 1024 * 1024


class ImportRow(ResponseModel):
    """What became of a row."""

    row: int = Field(description="as a spreadsheet counts: the first row of the file is 1")
    ok: bool
    events: int = Field(description="events that begin in this row; 0 for a further row of an order")
    column: str | None
    detail: str | None = Field(description="why the row was not imported")
    warnings: list[str] = Field(description="what was assumed or left out of a row that was imported")


class ImportFile(ResponseModel):
    """How the file was read."""

    format: Literal["csv", "workbook"]
    encoding: str | None
    separator: str | None
    sheet: str | None
    heading_row: int
    columns: dict[str, int] = Field(description="field → number of the column, counted from 1")
    decimal: dict[str, str] = Field(description="heading → decimal mark, for columns in which it matters")
    date_order: dict[str, str] = Field(description="heading → order of day and month, for dates that do not begin with the year")
    serial_dates: list[str] = Field(description="headings of columns whose times are numbers of days, as spreadsheets store them")
    total_rows: list[int] = Field(description="rows that only sum up others; left out")
    repeated_headings: list[int] = Field(description="rows that repeat the heading; left out")
    guessed: list[str] = Field(description="options that were not given and were found out; given options settle them")


class ImportReport(ResponseModel):
    """What became of a file."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d",
                "kind": "orders",
                "file": {
                    "format": "csv",
                    "encoding": "shift_jis",
                    "separator": ",",
                    "sheet": None,
                    "heading_row": 1,
                    "columns": {"order": 1, "line_amount": 5},
                    "decimal": {"実付金額": "."},
                    "date_order": {},
                    "serial_dates": [],
                    "total_rows": [9],
                    "repeated_headings": [],
                    "guessed": ["encoding", "separator", "heading_row", "decimal"],
                },
                "accepted": 2,
                "duplicates": 0,
                "parked": 0,
                "replaced": 0,
                "rebuilds": [],
                "failed_rows": 1,
                "rows": [
                    {"row": 2, "ok": True, "events": 2, "column": None, "detail": None, "warnings": []},
                    {"row": 3, "ok": False, "events": 0, "column": "実付金額", "detail": "is no amount", "warnings": []},
                ],
            }
        }
    )

    id: UUID = Field(description="of this import; a void takes out of the figures what it brought")
    kind: Literal["orders", "audience"]
    file: ImportFile
    accepted: int
    duplicates: int
    parked: int
    replaced: int = Field(description="events that replaced what an earlier import stated of the same order")
    rebuilds: list[SessionRebuild] = Field(
        description="rebuilds of large sessions that a job does; their figures still include what was replaced"
    )
    failed_rows: int
    rows: list[ImportRow]


@dataclass(slots=True)
class _Batch:
    """Rows and their events, on their way through the writer."""

    rows: list[list[Any]]
    submission: Submission


@dataclass(slots=True)
class _Tally:
    """What became of the batches so far. The reports of rows are kept as JSON: a file may have 200,000."""

    accepted: int = 0
    duplicates: int = 0
    parked: int = 0
    replaced: int = 0
    replaced_sessions: set[UUID] = field(default_factory=set)
    failed_rows: int = 0
    rows: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, batch: _Batch) -> None:
        submission = batch.submission
        self.accepted += submission.accepted
        self.duplicates += submission.duplicates
        self.parked += submission.parked
        self.replaced += submission.replaced
        self.replaced_sessions |= submission.replaced_sessions
        reasons = {
            rejection.index: f"{rejection.errors[0].pointer} {rejection.errors[0].detail}" for rejection in submission.rejected
        }
        first, reason = 0, None
        for row, ok, events, column, detail, warnings in batch.rows:
            if events:
                # The rows behind it belong to the same order until the next row that begins events.
                reason = next((reasons[index] for index in range(first, first + events) if index in reasons), None)
                first += events
            report = {
                "row": row,
                "ok": ok and reason is None,
                "events": events,
                "column": column,
                "detail": detail or (reason if ok else None),
                "warnings": warnings,
            }
            self.failed_rows += not report["ok"]
            self.rows.append((row, to_json(report)))

    def document(self, import_id: UUID, kind: str, facts: dict[str, Any], rebuilds: Sequence[RebuildRow]) -> bytes:
        """Return the report; its model documents it."""
        head = {
            "id": import_id,
            "kind": kind,
            "file": facts,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "parked": self.parked,
            "replaced": self.replaced,
            "rebuilds": [record_of(row).model_dump() for row in rebuilds],
            "failed_rows": self.failed_rows,
        }
        return to_json(head)[:-1] + b',"rows":[' + b",".join(report for _, report in sorted(self.rows)) + b"]}"


class Importer:
    """Takes imports, a few at a time, so that neither telemetry nor other imports wait for a large one."""

    def __init__(self, database: Database, settings: Settings, writer: Writer) -> None:
        """Prepare."""
        self._database = database
        self._settings = settings
        self._writer = writer
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def take(self, principal: Principal, file: BinaryIO, options: dict[str, Any], now: datetime) -> bytes:
        """Store the events of a file, and return an `ImportReport` as JSON.

        Rows that cannot be read do not keep others from being stored.

        `file` must have a file descriptor.

        Raises: ProblemError: 404 for a session of another brand; 422 for options or a file that cannot be used; 503 if too many
        wait. QueueFullError, NotCommittedError: a part of the file is not stored; sending it again is safe.
        """
        await self._require_session(principal, options.get("subject"))
        if self._waiting >= MOST_WAITING:
            raise ProblemError(503, "too many imports are waiting; send the file again", headers={"Retry-After": "10"})
        self._waiting += 1
        import_id = uuid4()
        try:
            async with self._turn, _reader(file, options, now) as process:
                facts = _facts(await _line(process))
                tally = _Tally()
                pending: deque[asyncio.Task[_Batch]] = deque()
                try:
                    async for batch in _batches(process, principal, import_id, now):
                        pending.append(asyncio.create_task(self._store(batch)))
                        if len(pending) >= _UNCOMMITTED:
                            tally.add(await pending.popleft())
                    while pending:
                        tally.add(await pending.popleft())
                finally:
                    await asyncio.gather(*pending, return_exceptions=True)
            # The figures follow the answer: corrected sessions are rebuilt before it, unless they are large.
            rebuilds = await settle_all(self._database, self._settings, tally.replaced_sessions)
        finally:
            self._waiting -= 1
        # Sorting and joining 200,000 reports would hold the loop for too long.
        return await asyncio.to_thread(tally.document, import_id, options["kind"], facts, rebuilds)

    async def _store(self, batch: _Batch) -> _Batch:
        for attempt in range(_QUEUE_SECONDS * 10):
            try:
                await self._writer.submit(batch.submission)
            except QueueFullError:
                # Telemetry fills the queue: it goes first.
                if attempt == _QUEUE_SECONDS * 10 - 1:
                    raise
                await asyncio.sleep(0.1)
            else:
                break
        return batch

    async def _require_session(self, principal: Principal, subject: object) -> None:
        named = parse_subject(subject) if isinstance(subject, str) else None
        if isinstance(named, UUID):
            async with self._database.read() as connection:
                await session_ref(connection, principal, named)


@asynccontextmanager
async def _reader(file: BinaryIO, options: dict[str, Any], now: datetime) -> AsyncIterator[Process]:
    argument = json.dumps({"options": options, "source": SOURCE, "imported_at": now.isoformat()})
    # The process computes and needs no secret.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TALLYLIGHT_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "app.platforms.import_process", argument,
        stdin=file, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL, env=environment, limit=_LONGEST_LINE, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _line(process: Process) -> Any:
    """Return the next line of the reading process, parsed; None at its end."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_READER_SECONDS):
            line = await process.stdout.readline()
            if line.endswith(b"\n"):
                return from_json(line)
            # It ends without a word if it needs more memory or time than it may have.
            if await process.wait() == 0:
                return None
    except (TimeoutError, ValueError):
        pass
    raise invalid("/file", "takes too much memory or time to read", "file_too_costly")


def _facts(line: Any) -> dict[str, Any]:
    if line is None:
        raise invalid("/file", "cannot be read", "file_unreadable")
    if "misconfigured" in line:
        raise refused(Misconfigured(InvalidField(**fault) for fault in line["misconfigured"]))
    if "bad_file" in line:
        raise invalid(f"/options/{line['option']}" if line["option"] else "/file", line["bad_file"])
    facts: dict[str, Any] = line["file"]
    return facts


async def _batches(process: Process, principal: Principal, import_id: UUID, now: datetime) -> AsyncIterator[_Batch]:
    while True:
        rows = await _line(process)
        if rows is None:
            return
        if isinstance(rows, dict):
            # Met behind the point up to which rows were stored.
            _facts(rows)
        assert process.stdout is not None
        body = await process.stdout.readline()
        events = reader.read_many(body) or EVENTS.validate_json(body)
        submission = Submission(principal.brand_id, f"import:{principal.key_id}", now, import_id=import_id, compared=False)
        submission.items = [
            SubmittedEvent(event, event_key(event.source, event.id), index, submission) for index, event in enumerate(events)
        ]
        yield _Batch(rows, submission)
