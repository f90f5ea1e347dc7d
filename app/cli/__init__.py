"""The command `tallylight`.

In: arguments. Out: one call, text on the terminal, an exit code. Never here: domain logic.

To import the server takes seconds of computing, so a command's modules are imported when that command is called. Python's garbage
collector waits meanwhile: modules stay, and its passes over them would be a tenth of that time.
"""

import gc
from importlib import import_module
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from app import __version__

_MODULES = {
    "serve": "serve",
    "demo": "demo",
    "simulate": "simulate",
    "migrate": "maintenance",
    "rebuild": "maintenance",
    "report": "report",
    "packing-list": "packing_list",
    "settlement": "settlement",
    "export": "export",
    "openapi": "maintenance",
    "people": "people",
    "keys": "keys",
    "connections": "connections",
    "voids": "voids",
    "doctor": "operations",
    "backup": "operations",
    "restore": "operations",
}
"""Modules of this package by command, in the order of the help; a command is there under its own name."""


class _Commands(TyperGroup):
    """Commands that are imported when they are called."""

    def __init__(self, **attributes: Any) -> None:
        """Know the names, which a wrong one is compared with."""
        super().__init__(**attributes)
        self.commands.update(dict.fromkeys(_MODULES, cast("Any", None)))

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # Typer's own base is private
        """Return the names."""
        return list(_MODULES)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]
        """Return a command; None if there is none of this name."""
        if cmd_name not in _MODULES:
            return None
        gc.disable()
        found = getattr(import_module(f"app.cli.{_MODULES[cmd_name]}"), cmd_name.replace("-", "_"))
        gc.freeze()
        gc.enable()
        if isinstance(found, typer.Typer):
            made: Any = get_group(found)
        else:
            alone = typer.Typer(add_completion=False)
            alone.command()(found)
            made = get_command(alone)
        made.name = cmd_name
        return made


cli = typer.Typer(
    cls=_Commands,
    name="tallylight",
    help="The numbers of live commerce.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tallylight {__version__}")
        raise typer.Exit


@cli.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """The numbers of live commerce."""


def main() -> None:
    """Run the command."""
    cli()
