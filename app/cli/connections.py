"""`tallylight connections`: connections to platforms from the server's own shell.

In: arguments, a JSON file or standard input for the secrets, so that none is in the shell's history. Out: a table, the URL
to paste, the result of a test. Never here: requests to a server; the command opens the database.
"""

import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from app.cli.keys import SHELL, fail, run
from app.platforms.administration import connections as rows, diagnostics
from app.platforms.administration.connections import ConnectionAdmin
from app.platforms.administration.models import NewConnection
from app.platforms.credentials import encryption
from app.service import Service

connections = typer.Typer(help="Create, list, test and delete connections to platforms.", no_args_is_help=True)
Answer = TypeVar("Answer")


def _connection_admin(service: Service) -> ConnectionAdmin:
    settings = service.settings
    base = str(settings.public_url) if settings.public_url else f"http://{settings.host}:{settings.port}"
    return ConnectionAdmin(service.database, service.platforms, base.rstrip("/"), datetime.now(UTC))


def _as_admin(
    work: Callable[[ConnectionAdmin], Awaitable[Answer]], action: str | None = None, object_id: object = None
) -> Answer:
    return run(lambda service: work(_connection_admin(service)), action, object_id)


def _json(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        fail(f"{what}: is not JSON")
    if not isinstance(found, dict):
        fail(f"{what}: is not a JSON object")
    return found


@connections.command()
def create(
    kind: Annotated[str, typer.Argument(help="wechat_shop, weibo_live, standard_webhooks, …")],
    name: Annotated[str, typer.Option(help="a name for operators")],
    brand: Annotated[str | None, typer.Option(help="slug of the brand whose sessions it feeds")] = None,
    secrets: Annotated[
        Path | None, typer.Option(help="JSON file with the secrets; - reads standard input", allow_dash=True)
    ] = None,
    options: Annotated[str, typer.Option(help="options as JSON")] = "{}",
) -> None:
    """Create a connection and print the webhook URL for the platform's console."""
    text = "{}" if secrets is None else sys.stdin.read() if str(secrets) == "-" else secrets.read_text(encoding="utf-8")
    try:
        form = NewConnection(kind=kind, name=name, brand=brand, secrets=_json(text, "secrets"), options=_json(options, "options"))
    except ValidationError as error:
        fail("; ".join(f"{'/'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()))
    made = _as_admin(lambda admin: rows.create(admin, SHELL, form), "connection.create")
    typer.echo(f"{made.id}\t{made.webhook_url or 'polled'}")


@connections.command("list")
def list_connections() -> None:
    """Show the connections and their states, without their secrets."""
    page = _as_admin(lambda admin: rows.listing(admin, after=None, limit=200))
    table = Table()
    for heading in ("id", "kind", "brand", "name", "on", "last delivery", "events", "pending", "last error"):
        # Ids are copied, so they are not wrapped.
        table.add_column(heading, no_wrap=heading in {"id", "kind"})
    for found in page.items:
        last = found.last_delivery_at.isoformat(timespec="seconds") if found.last_delivery_at else ""
        counts = found.counts
        table.add_row(
            str(found.id), found.kind, found.brand, found.name, "yes" if found.enabled else "no", last,
            str(counts.events), str(counts.pending), found.last_error,
        )  # fmt: skip
    # A file or a pipe has no width.
    Console(width=None if sys.stdout.isatty() else 240).print(table)


@connections.command()
def test(connection: Annotated[UUID, typer.Argument(help="the connection's id")]) -> None:
    """Test the saved credentials at the platform's API; exit code 1 if a check fails."""
    result = _as_admin(lambda admin: diagnostics.test(admin, connection))
    for check in result.checks:
        typer.echo(f"{'ok' if check.ok else 'failed':<7} {check.name:<13} {check.detail}")
    if not result.ok:
        raise typer.Exit(1)


@connections.command()
def delete(connection: Annotated[UUID, typer.Argument(help="the connection's id")]) -> None:
    """Delete a connection with its secrets; its events stay."""
    _as_admin(lambda admin: rows.remove(admin, connection), "connection.delete", connection)
    typer.echo("deleted")


@connections.command("rotate-key")
def rotate_key() -> None:
    """Re-encrypt all secrets and dead letters with the current secret key; then remove the previous key from the settings."""

    async def work(service: Service) -> int:
        return await encryption.reencrypt_all(service.database, service.platforms.cipher, service.privacy_keys)

    typer.echo(f"re-encrypted: {run(work, 'secret_key.rotate')} rows")


connections.command("reseal", hidden=True, help="The former name of `rotate-key`; it will be removed.")(rotate_key)
