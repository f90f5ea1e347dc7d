"""`tallylight packing-list`: what of a session is still to be sent, as a file from the database.

In: a session, a file name whose ending gives the format, a language. Out: the file. Never here: layout, which pieces are packed.
"""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated
from uuid import UUID

import typer

from app.cli.files import format_of, language_of, run_with_service, save, to_terminal
from app.kpis.reading.session_reader import SessionQuery
from app.logistics import carriers, files, reader
from app.service import Service

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
    kind, language = format_of(output, FORMATS), language_of(lang)

    async def work(service: Service) -> None:
        with TemporaryFile() as file:
            await write(service, SessionQuery(session, None, datetime.now(UTC), language), kind, file)
            file.seek(0)
            save(file.read() + (b"\n" if to_terminal(output) else b""), output)

    run_with_service(work)
