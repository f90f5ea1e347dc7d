"""`tallylight voids`: take events or imports out of a session's figures, and put them back.

In: arguments and settings. Out: text and an exit code. Never here: SQL, figures.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from app.cli.audit import acting_as_command
from app.cli.files import run_with_service
from app.cli.process import pending_or_exit
from app.ingest import voids as void_rows
from app.ingest.rebuilding.rebuild import Progress
from app.ingest.rebuilding.rebuild_requests import complete
from app.service import Service
from app.storage.ingest.rebuilds import RebuildRow
from app.storage.ingest.voids import VoidReason

voids = typer.Typer(help="Take events or imports out of a session's figures, list them, put them back.", no_args_is_help=True)

_BY = "command line"
_PAGE = 200

Session = Annotated[UUID, typer.Argument(help="The session's id.")]


async def _rebuilt(service: Service, session: UUID, pending: RebuildRow | None) -> None:
    """Do a rebuild that a request would leave to a job, or wait while a server does it."""
    if pending is not None:
        with pending_or_exit():
            await complete(service.database, service.settings, session, pending.requested, _report)


def _report(progress: Progress) -> None:
    typer.echo(f"{progress.events_read} of {progress.events_total} events", err=True)


@voids.command()
def add(
    session: Session,
    reason: Annotated[str, typer.Option(help="Why; kept with the void.")],
    source: Annotated[str | None, typer.Option(help="The event's source.")] = None,
    event: Annotated[str | None, typer.Option(help="The event's id.")] = None,
    import_id: Annotated[UUID | None, typer.Option("--import", help="The id of an import, instead of an event.")] = None,
) -> None:
    """Take one event, or all that one import brought, out of every figure; the event log keeps it, marked."""
    if not reason.strip():
        raise typer.BadParameter("must not be empty", param_hint="--reason")
    if (source is None) != (event is None) or (event is None) == (import_id is None):
        raise typer.BadParameter("name one event by --source and --event, or one import by --import")

    async def work(service: Service) -> None:
        scope, why = void_rows.Scope(session, None), VoidReason(reason, _BY, datetime.now(UTC))
        with acting_as_command("void.create"):
            if import_id is not None:
                done = await void_rows.void_import(service.database, service.settings, scope, import_id, why)
            else:
                assert source is not None
                assert event is not None
                done = await void_rows.void_event(service.database, service.settings, scope, source, event, why)
        typer.echo(f"void {done.row.id}: {done.row.events} events")
        await _rebuilt(service, session, done.rebuild)

    run_with_service(work)


@voids.command("list")
def list_voids(session: Session) -> None:
    """Show who took what out of the figures, the newest first."""

    async def work(service: Service) -> None:
        table = Table("id", "events", "what", "by", "at", "reason")
        after: tuple[datetime, UUID] | None = None
        while rows := await void_rows.list_voids(service.database, void_rows.Scope(session, None), after, _PAGE):
            for row in rows:
                what = f"import {row.import_id}" if row.import_id else f"{row.source} {row.event}"
                table.add_row(str(row.id), str(row.events), what, row.by, row.at.isoformat(timespec="seconds"), row.reason)
            after = (rows[-1].at, rows[-1].id)
        Console().print(table)

    run_with_service(work)


@voids.command()
def remove(session: Session, void: Annotated[UUID, typer.Argument(help="The void's id.")]) -> None:
    """Take a void back: its events count again."""

    async def work(service: Service) -> None:
        with acting_as_command("void.delete", void):
            pending = await void_rows.take_back(service.database, service.settings, void_rows.Scope(session, None), void)
        await _rebuilt(service, session, pending)
        typer.echo(f"{void} is taken back")

    run_with_service(work)
