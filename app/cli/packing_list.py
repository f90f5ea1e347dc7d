"""`tallylight packing-list`: what of a session is still to be sent, as a file from the database.

In: a session, a file name whose ending gives the format, a language. Out: the file. Never here: layout, which pieces are packed.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated
from uuid import UUID

import typer
from rich.console import Console

from app.cli.process import run_or_exit, settings_or_exit
from app.kpis.reader import SessionQuery
from app.labels.catalogue import LANGUAGES, Language
from app.logistics import carriers, files, reader
from app.problems import ProblemError
from app.service import Service, open_service

console = Console(stderr=True)
FORMATS = (".xlsx", ".json", ".csv")


async def write(service: Service, asked: SessionQuery, kind: str, file: IO[bytes]) -> None:
    """Write the packing list to a file.

    Raises:
        ProblemError: no such session.
    """
    if kind == ".xlsx":
        await files.workbook(service.database, service.renderer, asked, file)
    elif kind == ".csv":
        await carriers.write_yamato(service.database, asked, None, file)
    else:
        await reader.write_document(service.database, asked, file)


def packing_list(
    session: Annotated[UUID, typer.Argument(help="The session's id.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The file to write; its ending gives the format: .xlsx, .json, .csv (ヤマト B2). `-`: JSON on standard output.",
        ),
    ],
    lang: Annotated[str, typer.Option(help="ja, zh or en.")] = "ja",
) -> None:
    """Write what of a session is still to be sent to a file."""
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
        with TemporaryFile() as file:
            async with open_service(settings) as service:
                try:
                    await write(service, SessionQuery(session, None, datetime.now(UTC), chosen), kind, file)
                except ProblemError as problem:
                    console.print(str(problem))
                    raise typer.Exit(1) from None
            file.seek(0)
            try:
                _copy(file, None if to_terminal else output)
            except OSError as error:
                console.print(f"cannot write {output}: {error.strerror}", markup=False)
                raise typer.Exit(1) from None

    run_or_exit(work)


def _copy(file: IO[bytes], output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(file.read() + b"\n")
    else:
        output.write_bytes(file.read())
