"""`tallylight demo`: embedded database, server, and a whole session sent to it, in one command.

In: a scenario and a speed-up. Out: the results sheet beside the server's figures. Never here: anything that the real
commands do not do; the demo only puts them together.
"""

import asyncio
import secrets
import socket
import sys
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console

from app.cli.serve import Server, run_or_exit, settings_or_exit
from app.cli.simulate import send, speed_of
from app.observability.logs import configure_logging
from app.service import open_service
from app.settings import Settings
from app.simulate.delivery import SendOptions
from app.simulate.library import load
from app.simulate.scenario import Scenario

console = Console()

DEMO_KEY = "tl_demo_only_for_the_demo_on_this_machine"
"""Known to everybody, so it exists only in a demo's own database, on the loopback address."""


def _free_port(wished: int) -> int:
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free")


async def _run(settings: Settings, scenario: Scenario, speed: float | None, *, keep: bool) -> None:
    async with open_service(settings) as service:
        server = Server(service)
        serving = asyncio.create_task(server.run())
        await server.started()
        base = f"http://{settings.host}:{settings.port}"
        console.print(f"Tallylight on [bold]{base}[/], an embedded PostgreSQL in {settings.data_dir}", highlight=False)
        console.print(f"Watch it in a browser: [bold]{base}/[/]\nSign in with this key: [bold]{DEMO_KEY}[/]", highlight=False)
        console.print(f"Documentation: {base}/docs", highlight=False)
        equal = await _play(base, scenario, speed)
        if keep:
            console.print("The server goes on; Ctrl-C ends it.")
        else:
            server.stop()
        await serving
    if not equal:
        raise typer.Exit(1)


async def _play(base: str, scenario: Scenario, speed: float | None) -> bool:
    rooms = {name: f"demo-{secrets.token_hex(4)}" for name in scenario.platforms}
    found = await send(scenario, base, DEMO_KEY, SendOptions(speed, 500, 2), rooms, scenario.session.starts_at, sheet=True)
    return found is not None


def demo(
    scenario: Annotated[str, typer.Argument(help="A scenario's name or file.")] = "2021-09-25",
    speed: Annotated[str, typer.Option(help="Seconds of the session per second, or `max`.")] = "240",
    keep: Annotated[
        bool | None, typer.Option("--keep/--no-keep", help="Go on serving afterwards; by default in a terminal.")
    ] = None,
) -> None:
    """Show the main job: a live session goes in, the results sheet comes out."""
    settings = settings_or_exit()
    settings = settings.model_copy(
        update={
            "host": "127.0.0.1",
            "port": _free_port(settings.port),
            "database_url": None,
            "data_dir": settings.data_dir / "demo",
            "bootstrap_admin_key": SecretStr(DEMO_KEY),
        }
    )
    configure_logging("warning", settings.log_format)
    stays = sys.stdin.isatty() if keep is None else keep
    run_or_exit(lambda: _run(settings, load(scenario), speed_of(speed), keep=stays))
