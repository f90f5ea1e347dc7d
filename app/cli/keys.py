"""`tallylight keys`: API keys from the server's own shell.

In: arguments and the settings of the environment. Out: a key, once, on standard output; the list as a table.
Never here: requests to a server; the command opens the database.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Annotated, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from app.catalogue.access import Principal, Role
from app.catalogue.callers import keys as key_rows
from app.catalogue.callers.keys import NewKey
from app.cli.audit import acting_as_command
from app.cli.process import INTERRUPTED, typeable
from app.problems import ProblemError
from app.service import Service, open_service
from app.settings import InvalidSettings, load_settings
from app.storage.database import DatabaseUnreachableError

keys = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)

SHELL = Principal("command", "shell", Role.ADMIN, None)
"""A user who can run the command on the server has full access to its database."""

Answer = TypeVar("Answer")


def run(work: Callable[[Service], Awaitable[Answer]], action: str | None = None, object_id: object = None) -> Answer:
    """Return what the work returns; a command that writes names its action of the audit log."""

    async def opened() -> Answer:
        async with open_service(load_settings()) as service:
            with acting_as_command(action, object_id) if action else nullcontext():
                return await work(service)

    try:
        return asyncio.run(opened())
    except (InvalidSettings, DatabaseUnreachableError) as error:
        fail(typeable(str(error)))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except ProblemError as problem:
        fail("; ".join(error.detail for error in problem.errors) or str(problem))


def fail(message: str) -> NoReturn:
    """End the command with a message."""
    typer.echo(message, err=True)
    raise typer.Exit(1)


@keys.command()
def create(
    role: Annotated[Role, typer.Option(help="role of the key")],
    brand: Annotated[str | None, typer.Option(help="slug of the brand that the key is bound to")] = None,
    name: Annotated[str | None, typer.Option(help="user of the key")] = None,
    expires_at: Annotated[
        str | None,
        typer.Option(help="time with an offset from which the key is refused: 2027-01-31T00:00:00+09:00; default: never"),
    ] = None,
) -> None:
    """Create a key and print it on standard output. It cannot be displayed again."""
    try:
        form = NewKey.model_validate({"role": role, "brand": brand, "name": name, "expires_at": expires_at})
    except ValidationError as error:
        fail("; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors()))
    created = run(lambda service: key_rows.create(service.database, service.keys, SHELL, form, datetime.now(UTC)), "key.create")
    typer.echo(created.key)


@keys.command("list")
def list_keys() -> None:
    """Show all keys, without their secrets."""
    found = run(lambda service: service.keys.listing())
    table = Table("id", "role", "brand", "name", "created", "expires", "revoked")
    for key in found:
        moments = (key.created_at, key.expires_at, key.revoked_at)
        times = [moment.isoformat(timespec="seconds") if moment else "" for moment in moments]
        table.add_row(key.id, key.role, key.brand, key.name, *times)
    Console().print(table)


@keys.command()
def revoke(key: Annotated[str, typer.Argument(help="the key's id, the middle of tl_<id>_<secret>")]) -> None:
    """Revoke a key; running servers refuse it within two seconds."""
    run(lambda service: key_rows.revoke(service.keys, key), "key.revoke", key)
    typer.echo(f"{key} is revoked")
