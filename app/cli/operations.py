"""`tallylight doctor`, `backup` and `restore`.

In: options, the environment as for `serve`. Out: a list of findings, a file, a restored database; an exit code. Never here:
checks, the form of a backup.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from asyncpg import InsufficientPrivilegeError
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

from app.api.operations.status import document_of
from app.cli.audit import acting_as_command
from app.cli.files import language_of
from app.cli.process import run_or_exit, settings_or_exit, typeable
from app.operations import backup as backups, backup_file, doctor as checks
from app.operations.backup_file import BackupError
from app.operations.doctor import Level
from app.settings import Settings
from app.storage.database import Database, open_database
from app.storage.operations.readiness import WriteProbe
from app.storage.operations.replica import ReadSide, open_replica
from app.storage.postgres.dump import DumpError

console = Console()
_COLORS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILED: "bold red"}
_LONGEST = 65_536
"""Bytes of the first line of a passphrase file; another file, or a device, must not fill the memory."""
_Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="A file whose first line encrypts the secret key inside the backup.")
]


def doctor(
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for a warning too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the document of GET /v1/status.")] = False,
    lang: Annotated[str, typer.Option(help="ja, zh or en.")] = "en",
) -> None:
    """Check database, jobs, connections, storage, backups and settings; exit code 1 if something has failed."""
    language = language_of(lang)

    async def work(database: Database, settings: Settings) -> None:
        state = await WriteProbe(database).state()
        replica = await open_replica(settings, database)
        try:
            read_side = ReadSide(database, replica, settings.read_wait_seconds)
            status = await checks.examine(read_side, settings, state, datetime.now(UTC))
        finally:
            if replica is not None:
                await replica.close()
        document = document_of(status, language)
        if as_json:
            typer.echo(to_json(document, indent=2).decode())
        else:
            table = Table(show_header=False, box=None, pad_edge=False)
            for one in document["checks"]:
                table.add_row(f"[{_COLORS[Level(one['status'])]}]{one['status']}[/]", one["title"], one["detail"])
            console.print(table, highlight=False)
        if status.level is Level.FAILED or (strict and status.level is Level.WARNING):
            raise typer.Exit(1)

    _with_database(work)


def backup(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    passphrase_file: _Passphrase = None,
    without_key: Annotated[bool, typer.Option("--without-key", help="Leave the secret key out: it is kept elsewhere.")] = False,
) -> None:
    """Write a backup of the whole database while the server works on, with the secret key inside, encrypted."""
    if (passphrase_file is None) is not without_key:
        raise typer.BadParameter("give either --passphrase-file or --without-key", param_hint="--passphrase-file")
    passphrase = _passphrase(passphrase_file)

    async def work(database: Database, settings: Settings) -> None:
        now = datetime.now(UTC)
        manifest = await backups.back_up(database, settings, output, passphrase, now)
        with acting_as_command("backup.create", output.name):
            async with database.transaction():
                pass
        typer.echo(f"{output}: {output.stat().st_size:,} bytes, migration {manifest.migration}, PostgreSQL {manifest.server}")

    _with_database(work)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `tallylight backup` wrote.")],
    passphrase_file: _Passphrase = None,
    key_to: Annotated[
        Path | None, typer.Option("--key-to", help="Only write the backup's secret key to this new file, and restore nothing.")
    ] = None,
) -> None:
    """Restore a backup into an empty database; the environment is that of `serve`."""
    passphrase = _passphrase(passphrase_file)
    with told(), backup_file.opened(file) as found:
        if key_to is not None:
            if passphrase is None:
                raise typer.BadParameter("is needed to read the key", param_hint="--passphrase-file")
            backups.write_key(backups.Key(found.secret_key(passphrase), key_to))
            typer.echo(f"{key_to}: the secret key")
            return
        key = backups.key_for(found, settings_or_exit(), passphrase)

        async def work(database: Database, settings: Settings) -> None:
            del settings
            revision = await backups.restore(database, found, key)
            with acting_as_command("backup.restore", file.name):
                async with database.transaction():
                    pass
            typer.echo(f"restored what {file} has of {found.manifest.created_at}; migration {revision}")

        _with_database(work)


def _passphrase(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        with file.open("rb") as opened:
            line = opened.readline(_LONGEST + 1)
        lines = line[:_LONGEST].decode().splitlines()
    except (OSError, UnicodeDecodeError):
        raise typer.BadParameter(f"cannot read {file}", param_hint="--passphrase-file") from None
    if len(line) > _LONGEST:
        raise typer.BadParameter(f"the first line of {file} is longer than {_LONGEST} bytes", param_hint="--passphrase-file")
    if not lines or not lines[0].strip():
        raise typer.BadParameter(f"{file} is empty", param_hint="--passphrase-file")
    return lines[0]


def _with_database(work: Callable[[Database, Settings], Awaitable[None]]) -> None:
    """Do work with the configured database; a problem is one sentence and exit code 1."""
    settings = settings_or_exit()

    async def opened() -> None:
        database = await open_database(settings)
        try:
            with told():
                await work(database, settings)
        finally:
            await database.close()

    run_or_exit(opened)


@contextmanager
def told() -> Iterator[None]:
    """Print one sentence and exit with 1 if the work cannot be done."""
    try:
        yield
    except InsufficientPrivilegeError as error:
        typer.echo(typeable(f"the database refuses it: {error}; connect as the owner of the database"), err=True)
        raise typer.Exit(1) from None
    except (BackupError, DumpError) as error:
        typer.echo(typeable(str(error)), err=True)
        raise typer.Exit(1) from None
