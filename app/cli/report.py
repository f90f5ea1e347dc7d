"""`tallylight report`: a session's results sheet as a file, from the database.

In: a session, a file name whose ending gives the format, a language. Out: the file. Never here: layout, figures.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic_core import to_json

from app.cli.files import format_of, language_of, run_with_service, save
from app.insights.reader import InsightSettings
from app.kpis.reader import SessionQuery
from app.reports import files
from app.reports.document import read_report
from app.service import Service

FORMATS = (".xlsx", ".html", ".json")


async def make(service: Service, asked: SessionQuery, kind: str) -> bytes:
    """Return the report as the bytes of a file.

    Raises:
        ProblemError: no such session.
    """
    insight_settings = InsightSettings(service.settings.slow_response_seconds, service.settings.keep_comment_text)
    if kind == ".xlsx":
        return (await files.workbook(service.database, service.renderer, asked, insight_settings)).content
    if kind == ".html":
        return (await files.page(service.database, service.renderer, asked, insight_settings)).content
    return to_json(await read_report(service.database, asked, insight_settings), indent=2) + b"\n"


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
) -> None:
    """Write a session's results sheet to a file."""
    kind, language = format_of(output, FORMATS), language_of(lang)

    async def work(service: Service) -> None:
        save(await make(service, SessionQuery(session, None, datetime.now(UTC), language), kind), output)

    run_with_service(work)
