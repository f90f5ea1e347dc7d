"""Maintenance commands: migrate, rebuild, openapi.

In: arguments and settings. Out: text and an exit code. Never here: SQL.
"""

import json
import sys
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from app.cli.audit import acting_as_command
from app.cli.process import pending_or_exit, run_or_exit, settings_or_exit
from app.ingest.rebuilding.rebuild import NoSuchSessionError, Progress, compare
from app.ingest.rebuilding.rebuild_requests import replace
from app.main import create_app
from app.problems import ProblemError
from app.service import open_service
from app.storage.database import open_database
from app.storage.schema import migrate as migrations
from app.storage.schema.schema_window import SchemaFit

console = Console()


def migrate(check: Annotated[bool, typer.Option(help="Only check whether the schema is current.")] = False) -> None:
    """Upgrade the database's schema to this version; distribute the tables if Citus is installed."""
    settings = settings_or_exit()

    async def work() -> None:
        database = await open_database(settings)
        try:
            if not check:
                await migrations.upgrade(database)
            found = await migrations.state(database.engine)
            console.print(f"migration {found.revision or 'none'}, newest {migrations.head()}")
            if migrations.fit_of(found) not in {SchemaFit.CURRENT, SchemaFit.NEWER}:
                raise typer.Exit(1)
        finally:
            await database.close()

    run_or_exit(work)


def rebuild(
    session: Annotated[UUID, typer.Argument(help="The session's id.")],
    replacing: Annotated[bool, typer.Option("--replace", help="Replace the rows with the rebuilt ones.")] = False,
) -> None:
    """Fold a session's log again and compare the result with its tables; exit code 1 if they differ.

    Ingest continues meanwhile. With --replace the session is locked for the last events and the rows that differ. A session
    whose log was dropped is refused, with the time of that.
    """
    settings = settings_or_exit()

    def report(progress: Progress) -> None:
        typer.echo(f"{progress.events_read} of {progress.events_total} events", err=True)

    async def work() -> None:
        try:
            async with open_service(settings) as service:
                if replacing:
                    with pending_or_exit(), acting_as_command("session.rebuild"):
                        changed = await replace(service.database, settings, session, report)
                    console.print(f"{'replaced' if changed else 'equal'}: {changed} differing rows")
                    return
                differences = await compare(service.database, settings, session, report)
        except NoSuchSessionError:
            console.print("no such session")
            raise typer.Exit(1) from None
        except ProblemError as problem:
            console.print(problem.detail, highlight=False, soft_wrap=True)
            raise typer.Exit(1) from None
        for side, table, row in differences:
            console.print(f"{side:<12} {table:<10} {row}", highlight=False, soft_wrap=True)
        console.print(f"{'different' if differences else 'equal'}: {len(differences)} differing rows")
        if differences:
            raise typer.Exit(1)

    run_or_exit(work)


def openapi() -> None:
    """Print the OpenAPI document."""
    sys.stdout.write(json.dumps(create_app().openapi(), ensure_ascii=False, indent=2) + "\n")
