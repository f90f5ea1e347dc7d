"""`tallylight report`: a session's results sheet as a file, from the database.

In: a session, a file name whose ending gives the format, a language, an edition, a revision. Out: the file. Never here: layout,
figures.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic_core import to_json

from app.cli.files import format_of, is_internal, language_of, run_with_service, save
from app.insights.reader import InsightSettings
from app.kpis.reading.session_reader import SessionQuery
from app.release import files as released_files, reader
from app.release.editions import client_json, client_revision, internal_json
from app.reports import files
from app.reports.document import read_report
from app.service import Service
from app.storage.database import Database

FORMATS = (".xlsx", ".html", ".json")


async def make(service: Service, asked: SessionQuery, kind: str) -> bytes:
    """Return the report of the present figures as the bytes of a file.

    Raises:
        ProblemError: no such session.
    """
    insight_settings = InsightSettings(service.settings.slow_response_seconds, service.settings.keep_comment_text)

    async def read(database: Database) -> bytes:
        if kind == ".xlsx":
            return (await files.workbook(database, service.renderer, asked, insight_settings)).content
        if kind == ".html":
            return (await files.page(database, service.renderer, asked, insight_settings)).content
        return to_json(await read_report(database, asked, insight_settings), indent=2) + b"\n"

    return await service.read_side.run(read)


async def make_released(service: Service, asked: SessionQuery, kind: str) -> bytes:
    """Return a revision, `asked.revision`, as the bytes of a file; as JSON it is the frozen document with its hashes.

    Raises:
        ProblemError: no such session or revision.
    """
    found = await reader.frozen(service.database, asked.session, None, asked.revision)
    frozen = await reader.parsed(found)
    if kind == ".json":
        return (client_json(frozen, found.sha256) if asked.client else internal_json(found)).encode() + b"\n"
    frozen = client_revision(frozen) if asked.client else frozen
    if kind == ".xlsx":
        return (await released_files.workbook(service.renderer, frozen, asked.language)).content
    return (await released_files.page(service.renderer, frozen, asked.language)).content


def report(
    session: Annotated[UUID, typer.Argument(help="The session's id.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The file to write; its ending gives the format: .xlsx, .html, .json. `-`: JSON on standard output.",
        ),
    ],
    lang: Annotated[str, typer.Option(help="ja, zh or en.")] = "ja",
    edition: Annotated[str, typer.Option(help="client or internal.")] = "internal",
    revision: Annotated[int | None, typer.Option(min=1, help="A released revision; without it the present figures.")] = None,
) -> None:
    """Write a session's results sheet to a file."""
    kind, language, internal = format_of(output, FORMATS), language_of(lang), is_internal(edition)

    async def work(service: Service) -> None:
        asked = SessionQuery(session, None, datetime.now(UTC), language, revision, client=not internal)
        save(await (make(service, asked, kind) if revision is None else make_released(service, asked, kind)), output)

    run_with_service(work)
