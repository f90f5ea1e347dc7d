"""`tallylight demo`: embedded database, server, and a whole session sent to it, in one command.

In: a scenario and a speed-up. Out: the results sheet beside the server's figures. Never here: work that the other
commands do not do; the demo combines them.
"""

import asyncio
import secrets
import sys
from collections.abc import Coroutine
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console

from app.cli.people import sign_in_url_of
from app.cli.process import INTERRUPTED, listen, run_or_exit, settings_or_exit
from app.cli.serve import Server
from app.cli.simulate import send, speed_of
from app.observability.logs import configure_logging
from app.service import open_service
from app.settings import Settings
from app.simulate.scenario.library import load
from app.simulate.scenario.scenario import Scenario
from app.simulate.sending.delivery import SendOptions

console = Console()

DEMO_KEY = "tl_demo_only_for_the_demo_on_this_machine"
"""A public key, which therefore exists only in the demo's own database, on the loopback address."""


END_SECONDS = 3.0
"""Longest time between Ctrl-C and the end of everything, the database included."""


async def _run(settings: Settings, scenario: Scenario, speed: float | None, *, keep: bool) -> None:
    with listen(settings.host, settings.port, or_any=True) as listening:
        settings = settings.model_copy(update={"port": listening.getsockname()[1]})
        async with open_service(settings) as service:
            server = Server(service, listening, grace=1)
            serving = asyncio.create_task(server.run())
            await server.started()
            base = f"http://{settings.host}:{settings.port}"
            console.print(f"Tallylight on [bold]{base}[/], an embedded PostgreSQL in {settings.data_dir}", highlight=False)
            url = await sign_in_url_of(service, "Demo", settings.port)
            console.print(f"Watch it in a browser, signed in: [bold]{url}[/]", highlight=False, soft_wrap=True)
            console.print(f"Sign in with this key on other devices and in scripts: [bold]{DEMO_KEY}[/]", highlight=False)
            console.print(f"Documentation: {base}/docs", highlight=False)
            equal = await _unless_stopped(_play(base, scenario, speed), serving, server)
            if equal is None:
                raise typer.Exit(INTERRUPTED)
            if keep:
                console.print("The server goes on; Ctrl-C ends it.")
            else:
                server.stop()
            await serving
    if not equal:
        raise typer.Exit(1)


async def _unless_stopped(playing: Coroutine[None, None, bool], serving: asyncio.Task[None], server: Server) -> bool | None:
    """Return what playing returns; None if the server was stopped meanwhile, which may end the playing first."""
    task = asyncio.create_task(playing)
    try:
        await asyncio.wait({task, serving}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() and not server.stopping else None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _play(base: str, scenario: Scenario, speed: float | None) -> bool:
    rooms = {name: f"demo-{secrets.token_hex(4)}" for name in scenario.platforms}
    found = await send(scenario, base, DEMO_KEY, SendOptions(speed, 500, 2), rooms, scenario.session.starts_at, sheet=True)
    return found is not None


def demo(
    scenario: Annotated[str, typer.Argument(help="A scenario's name or file.")] = "2021-09-25",
    speed: Annotated[str, typer.Option(help="Seconds of the session per second, or `max`.")] = "240",
    keep: Annotated[
        bool | None, typer.Option("--keep/--no-keep", help="Keep the server running afterwards; default in a terminal.")
    ] = None,
) -> None:
    """Run a server with an embedded database, send it a simulated session, and print the results sheet."""
    settings = settings_or_exit()
    settings = settings.model_copy(
        update={
            "host": "127.0.0.1",
            "database_url": None,
            "data_dir": settings.data_dir / "demo",
            "bootstrap_admin_key": SecretStr(DEMO_KEY),
        }
    )
    configure_logging("warning", settings.log_format)
    stays = sys.stdin.isatty() if keep is None else keep
    run_or_exit(lambda: _run(settings, load(scenario), speed_of(speed), keep=stays), end_within=END_SECONDS)
