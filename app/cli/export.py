"""`tallylight export`: a table as a file, from the database.

In: a table, a file name whose ending gives the format, a brand, a window. Out: the file. Never here: rows, formats.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, get_args

import typer

from app.catalogue.access import Principal, Role
from app.cli.files import language_of, run_with_service, to_terminal
from app.exports.columns import TABLES, TableName
from app.exports.exporter import brands_of
from app.exports.formats import FORMATS, FormatName, file_of
from app.exports.reader import ExportQuery
from app.service import Service
from app.storage.reports.export_reads import Window

_CALLER = Principal("command", "tallylight", Role.ADMIN, None)
_TIMES = ["%Y-%m-%dT%H:%M:%S%z"]


def _format_of(output: Path) -> FormatName:
    """Return the format that the ending of a file's name gives; CSV for standard output."""
    ending = "csv" if to_terminal(output) else output.suffix.lower().removeprefix(".")
    known = next((name for name in FORMATS if name == ending), None)
    if known is None:
        raise typer.BadParameter(f"must end in one of {', '.join(f'.{name}' for name in FORMATS)}", param_hint="--output")
    return known


async def _save(pieces: AsyncIterator[bytes], output: Path) -> None:
    """Write the pieces; the file has its name once it is complete."""
    if to_terminal(output):
        async for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file:
            async for piece in pieces:
                file.write(piece)
        part.replace(output)
    except OSError as error:
        typer.echo(f"cannot write {output}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    finally:
        part.unlink(missing_ok=True)


def export(
    table: Annotated[str, typer.Argument(help=f"One of {', '.join(TABLES)}.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write; its ending gives the format: .csv, .parquet. `-`: CSV.")
    ],
    brand: Annotated[str | None, typer.Option(help="The brand's slug; all brands without it.")] = None,
    begin: Annotated[
        datetime | None, typer.Option("--from", formats=_TIMES, help="At or after, as 2021-09-01T00:00:00+09:00.")
    ] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=_TIMES, help="Before.")] = None,
    lang: Annotated[str, typer.Option(help="ja, zh or en: of the names of products.")] = "ja",
) -> None:
    """Write all rows of a table to a file."""
    known: TableName | None = next((name for name in get_args(TableName) if name == table), None)
    if known is None:
        raise typer.BadParameter(f"must be one of {', '.join(TABLES)}", param_hint="TABLE")
    file_format, language = _format_of(output), language_of(lang)

    async def work(service: Service) -> None:
        brands = await brands_of(service.database, brand, _CALLER)
        query = ExportQuery(known, brands, Window(begin, end), language, client=False, now=datetime.now(UTC))
        async with aclosing(service.exporter.stream(_CALLER, query, file_of(file_format, TABLES[known]))) as pieces:
            await _save(pieces, output)

    run_with_service(work)
