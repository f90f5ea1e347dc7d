"""The command `tallylight`.

In: arguments. Out: one call, text on the terminal, an exit code. Never here: domain logic.
"""

from typing import Annotated

import typer

from app import __version__
from app.cli.connections import connections
from app.cli.demo import demo
from app.cli.keys import keys
from app.cli.maintenance import migrate, openapi, rebuild
from app.cli.report import report
from app.cli.serve import serve
from app.cli.simulate import simulate
from app.cli.voids import voids

cli = typer.Typer(
    name="tallylight", help="The numbers of live commerce.", no_args_is_help=True, pretty_exceptions_show_locals=False
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


cli.command()(serve)
cli.command()(demo)
cli.command()(simulate)
cli.command()(migrate)
cli.command()(rebuild)
cli.command()(report)
cli.command()(openapi)
cli.add_typer(keys, name="keys")
cli.add_typer(connections, name="connections")
cli.add_typer(voids, name="voids")


def main() -> None:
    """Run the command."""
    cli()
