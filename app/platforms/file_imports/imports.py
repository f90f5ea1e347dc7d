"""Imports: a back end's export through the writer, with a report per row.

In: a file, which column is what, the caller's brand. Out: what became of every row. Never here: the reading of cells
(`imports.csv_import`), the limits of the reading process (`import_process`).

Idempotent: the same file again is all duplicates, and an import that was interrupted is completed by sending the file again.
"""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from pydantic_core import from_json

from app.adapters.validation import InvalidField, Misconfigured
from app.catalogue.access import Principal
from app.catalogue.brands.session_access import session_ref
from app.events import reader
from app.events.envelope import EVENTS, event_key
from app.ingest.flushing.subjects import parse_subject
from app.ingest.group_commit.writer import QueueFullError, Writer
from app.ingest.rebuilding.rebuild_requests import rebuild_or_enqueue_all
from app.ingest.receiving.submission import Submission, SubmittedEvent
from app.platforms.administration.connections import refused
from app.platforms.file_imports import import_log
from app.platforms.file_imports.import_report import ImportBatch, ImportTally
from app.problems import ProblemError, invalid
from app.settings import Settings
from app.storage import audit
from app.storage.database import Database

SOURCE = "//tallylight/imports"
"""The same for all imports: an event's id names its subject, so no two brands' rows can meet."""
AT_ONCE = 2
"""Imports that are read at a time; the others wait."""
MOST_WAITING = 8
_UNCOMMITTED = 3
"""Batches of an import that wait for their commit."""
_READER_SECONDS = 150
"""Longest wait for a part of what the reading process writes; its computing time is limited too."""
_QUEUE_SECONDS = 30
"""Longest wait for room in the writer's queue."""
_LONGEST_PART = 64 * 1024 * 1024
_READ_AHEAD = 128 * 1024
"""Bytes; with about three times as many ahead, the reading process waits. It neither fills the memory nor takes the processor
from others before its rows can be stored."""


class Importer:
    """Takes imports, a few at a time, so that neither telemetry nor other imports wait for a large one."""

    def __init__(self, database: Database, settings: Settings, writer: Writer) -> None:
        """Prepare."""
        self._database = database
        self._settings = settings
        self._writer = writer
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def take(
        self, principal: Principal, file: BinaryIO, options: dict[str, Any], now: datetime, file_name: str | None = None
    ) -> bytes:
        """Store the events of a file, and return an `ImportReport` as JSON.

        Rows that cannot be read do not keep others from being stored.

        `file` must have a file descriptor.

        Raises: ProblemError: 404 for a session of another brand; 422 for options or a file that cannot be used; 503 if too many
        wait. QueueFullError, NotCommittedError: a part of the file is not stored; sending it again is safe.
        """
        await self.require_session(principal, options.get("subject"))
        import_id = uuid4()
        audit.about(import_id)
        async with self.reading(file, options, now) as reading:
            await import_log.begin(self._database, import_id, principal, options, file_name, now)
            tally = ImportTally()
            pending: deque[asyncio.Task[ImportBatch]] = deque()
            try:
                async for rows, body in reading.batches():
                    batch = ImportBatch(rows, submission_of(body, principal, import_id, now))
                    pending.append(asyncio.create_task(self.store(batch)))
                    if len(pending) >= _UNCOMMITTED:
                        tally.add(await pending.popleft())
                while pending:
                    tally.add(await pending.popleft())
            finally:
                await asyncio.gather(*pending, return_exceptions=True)
        # The figures follow the answer: corrected sessions are rebuilt before it, unless they are large.
        rebuilds = await rebuild_or_enqueue_all(self._database, self._settings, tally.replaced_sessions)
        await import_log.finish(self._database, import_id, tally, reading.facts, now)
        # Sorting and joining 200,000 reports would hold the loop for too long.
        return await asyncio.to_thread(tally.document, import_id, options["kind"], reading.facts, rebuilds)

    @asynccontextmanager
    async def reading(
        self, file: BinaryIO, options: dict[str, Any], now: datetime, *, only_columns: bool = False
    ) -> AsyncIterator["Reading"]:
        """Read a file in a process of its own, once it is its turn; with `only_columns`, its facts are its headings.

        Raises:
            ProblemError: 422 for options or a file that cannot be used; 503 if too many wait.
        """
        if self._waiting >= MOST_WAITING:
            raise ProblemError(503, "too many imports are waiting; send the file again", headers={"Retry-After": "10"})
        self._waiting += 1
        try:
            async with self._turn, _reader(file, options, now, only_columns=only_columns) as process:
                yield Reading(process, _facts(await _parsed(process)))
        finally:
            self._waiting -= 1

    async def store(self, batch: ImportBatch) -> ImportBatch:
        """Store the events of a batch; returns it once they are durable.

        Raises:
            QueueFullError, NotCommittedError: they are not.
        """
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

    async def require_session(self, principal: Principal, subject: object) -> None:
        """Refuse a session that the caller may not see, if the subject names a session.

        Raises:
            ProblemError: 404.
        """
        named = parse_subject(subject) if isinstance(subject, str) else None
        if isinstance(named, UUID):
            async with self._database.read() as connection:
                ref = await session_ref(connection, principal, named)
            audit.about(session=ref.id, brand=ref.brand_id)


@asynccontextmanager
async def _reader(file: BinaryIO, options: dict[str, Any], now: datetime, *, only_columns: bool) -> AsyncIterator[Process]:
    only = "columns" if only_columns else None
    arguments = {"options": options, "source": SOURCE, "imported_at": now.isoformat(), "only": only}
    # Linux takes an argument of at most 128 KiB: the longest options are 80,000 bytes of UTF-8, but 240,000 with escapes.
    argument = json.dumps(arguments, ensure_ascii=False, separators=(",", ":")).encode()
    # The process computes and needs no secret.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TALLYLIGHT_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "app.platforms.file_imports.import_process", argument,
        stdin=file, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL, env=environment, limit=_READ_AHEAD, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _part(process: Process) -> bytes | None:
    """Return the next part that the reading process writes, JSON; None at its end."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_READER_SECONDS):
            if length := await process.stdout.readline():
                if int(length) <= _LONGEST_PART:
                    return await process.stdout.readexactly(int(length))
            # It ends without a word if it needs more memory or time than it may have.
            elif await process.wait() == 0:
                return None
    except (TimeoutError, ValueError, asyncio.IncompleteReadError):
        pass
    raise invalid("/file", "takes too much memory or time to read", "file_too_costly")


async def _parsed(process: Process) -> Any:
    return None if (part := await _part(process)) is None else from_json(part)


def _facts(part: Any) -> dict[str, Any]:
    if part is None:
        raise _unreadable()
    if "misconfigured" in part:
        raise refused(Misconfigured(InvalidField(**fault) for fault in part["misconfigured"]))
    if "bad_file" in part:
        raise invalid(f"/options/{part['option']}" if part["option"] else "/file", part["bad_file"])
    facts: dict[str, Any] = part["file"]
    return facts


def _unreadable() -> ProblemError:
    return invalid("/file", "cannot be read", "file_unreadable")


class Reading:
    """A file that is being read."""

    def __init__(self, process: Process, facts: dict[str, Any]) -> None:
        """Begin behind the part with what was found out of the file."""
        self._process = process
        self.facts = facts

    async def batches(self) -> AsyncIterator[tuple[list[list[Any]], bytes]]:
        """Return reports of rows, and their events or records as a JSON array, batch by batch.

        Raises:
            ProblemError: 422, where the rest of the file cannot be used.
        """
        while (rows := await _parsed(self._process)) is not None:
            if isinstance(rows, dict):
                # Met behind the point up to which rows were stored.
                _facts(rows)
            if (body := await _part(self._process)) is None:
                raise _unreadable()
            yield rows, body


def submission_of(body: bytes, principal: Principal, import_id: UUID, now: datetime) -> Submission:
    """Return the submission of a JSON array of events."""
    events = reader.read_many(body) or EVENTS.validate_json(body)
    submission = Submission(principal.brand_id, f"import:{principal.entered_by}", now, import_id=import_id, compared=False)
    submission.items = [
        SubmittedEvent(event, event_key(event.source, event.id), index, submission) for index, event in enumerate(events)
    ]
    return submission
