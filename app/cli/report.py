"""`tallylight report`: a session's results sheet as a file, from the database.

In: a session, a file name whose ending gives the format, a language. Out: the file. Never here: layout, figures.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic_core import to_json
from rich.console import Console

from app.cli.process import run_or_exit, settings_or_exit
from app.insights.reader import InsightSettings
from app.kpis.reader import SessionQuery
from app.labels.catalogue import LANGUAGES, Language
from app.problems import ProblemError
from app.reports import files
from app.reports.document import read_report
from app.service import Service, open_service

console = Console(stderr=True)
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
    to_terminal = str(output) == "-"
    kind = ".json" if to_terminal else output.suffix.lower()
    if kind not in FORMATS:
        raise typer.BadParameter(f"must end in one of {', '.join(FORMATS)}", param_hint="--output")
    language = next((known for known in LANGUAGES if known == lang), None)
    if language is None:
        raise typer.BadParameter(f"must be one of {', '.join(LANGUAGES)}", param_hint="--lang")
    chosen: Language = language
    settings = settings_or_exit()

    async def work() -> None:
        async with open_service(settings) as service:
            try:
                content = await make(service, SessionQuery(session, None, datetime.now(UTC), chosen), kind)
            except ProblemError as problem:
                console.print(str(problem))
                raise typer.Exit(1) from None
        if to_terminal:
            sys.stdout.buffer.write(content)
            return
        try:
            output.write_bytes(content)
        except OSError as error:
            console.print(f"cannot write {output}: {error.strerror}", markup=False)
            raise typer.Exit(1) from None

    run_or_exit(work)
