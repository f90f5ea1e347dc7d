"""`tallylight simulate`: generates a session from a results sheet and sends it to a server.

In: a scenario, a server, options. Out: a progress bar, the session's id and URLs, an exit code.
Never here: generating and sending events (`app.simulate`).
"""

import asyncio
import math
import secrets
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from app.simulate.comparison.sheet_comparison import print_sheet
from app.simulate.scenario.library import ScenarioError, load, names
from app.simulate.scenario.scenario import Scenario
from app.simulate.sending.api_client import ApiClient, SendError, Summary, connect
from app.simulate.sending.delivery import WINDOW, SendOptions, Shuffle
from app.simulate.sending.sender import Outcome, run

console = Console()


def speed_of(text: str) -> float | None:
    """Return a speed-up as a number, None for `max`.

    Raises:
        typer.BadParameter: it is neither `max` nor a positive number.
    """
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed < math.inf:
        raise typer.BadParameter("must be `max` or a number above 0, such as 60", param_hint="--speed")
    return speed


def simulate(
    scenario: Annotated[str, typer.Argument(help=f"A JSON file, or one of: {', '.join(names())}.")] = "2021-09-25",
    url: Annotated[str, typer.Option(help="The server's base URL.")] = "http://127.0.0.1:8080",
    key: Annotated[
        str,
        typer.Option(
            envvar="TALLYLIGHT_API_KEY",
            help="An admin key: the command creates the session and sends its events.",
            show_default=False,
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.")] = 0,
    speed: Annotated[str, typer.Option(help="Seconds of the session per second, or `max`.")] = "60",
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Most events in one request.")] = 500,
    senders: Annotated[int, typer.Option(min=1, max=128, help="Requests at the same time.")] = 2,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="Fraction of events that are sent twice.")] = 0.0,
    shuffle: Annotated[
        Shuffle,
        typer.Option(help="Shuffle: `bounded` shuffles windows of 5,000 events, `total` all events (needs --speed max)."),
    ] = Shuffle.NONE,
    now: Annotated[
        bool, typer.Option("--now", help="Start the session now; at a speed above 1, later events are in the future.")
    ] = False,
    brand: Annotated[str | None, typer.Option(help="Slug of the brand, created if missing.")] = None,
    room: Annotated[str | None, typer.Option(help="Room of every stream; default: a new one.")] = None,
    session: Annotated[str | None, typer.Option(help="Send to this session instead of creating one.")] = None,
    sheet: Annotated[bool, typer.Option("--sheet", help="Afterwards compare the server's figures with the sheet's.")] = False,
) -> None:
    """Simulate a live session and send it like a streaming tool."""
    pace = speed_of(speed)
    if shuffle is Shuffle.TOTAL and pace is not None:
        raise typer.BadParameter("a total shuffle cannot keep times; use --speed max", param_hint="--shuffle")
    if not key:
        raise typer.BadParameter("is missing; set it or TALLYLIGHT_API_KEY", param_hint="--key")
    try:
        chosen = load(scenario)
    except ScenarioError as error:
        console.print(f"[bold red]Wrong scenario[/]\n{error}", highlight=False)
        raise typer.Exit(2) from None
    if brand is not None:
        chosen = chosen.model_copy(update={"session": chosen.session.model_copy(update={"brand": brand})})
    own_room = room or f"{chosen.name}-{secrets.token_hex(4)}"
    in_rooms = {name: platform.room if platform.room and not room else own_room for name, platform in chosen.platforms.items()}
    starts_at = datetime.now(UTC).replace(microsecond=0) if now else chosen.session.starts_at
    if shuffle is not Shuffle.NONE:
        mixed = "all events are" if shuffle is Shuffle.TOTAL else f"every {WINDOW:,} events are"
        console.print(f"order   {mixed} sent in random order", highlight=False)
    options = SendOptions(pace, batch, senders, duplicates, shuffle, seed)
    try:
        outcome = asyncio.run(send(chosen, url, key, options, in_rooms, starts_at, session, sheet=sheet))
    except SendError as error:
        console.print(f"[bold red]Not sent[/]\n{error}", highlight=False)
        raise typer.Exit(1) from None
    if outcome is None:
        raise typer.Exit(1)


async def send(
    scenario: Scenario,
    url: str,
    key: str,
    options: SendOptions,
    in_rooms: dict[str, str],
    starts_at: datetime,
    session: str | None = None,
    *,
    sheet: bool = False,
) -> Outcome | None:
    """Send a session with a progress bar; None if events are rejected or figures differ from the sheet.

    Raises:
        SendError: the server cannot be reached or refuses the session.
    """
    async with connect(url, key) as client:
        wire = ApiClient(client, give_up_after=options.give_up_after)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as bar:
            task = bar.add_task("sending", total=scenario.duration_ms / 1000)

            def show(seconds: float, summary: Summary) -> None:
                done = max(seconds, bar.tasks[0].completed)
                bar.update(task, completed=done, description=f"{summary.sent:,} events")

            def show_session(name: str) -> None:
                base = url.rstrip("/")
                bar.console.print(
                    f"session {name}\nscreen  {base}/#/live/{name}\nfigures {base}/v1/sessions/{name}/kpis", highlight=False
                )

            outcome = await run(
                scenario,
                wire,
                options,
                in_rooms=in_rooms,
                starts_at=starts_at,
                session=session,
                on_session=show_session,
                on_progress=show,
            )
        report_on(outcome.summary)
        equal = True
        if sheet:
            path = f"/v1/sessions/{outcome.session}"
            kpis, products, report = [await wire.read(f"{path}/{part}") for part in ("kpis", "products", "report")]
            equal = print_sheet(console, scenario, kpis, products, report)
    return outcome if equal and not outcome.summary.rejected else None


def report_on(summary: Summary) -> None:
    """Print the counts of events, and the first rejections."""
    console.print(
        f"{summary.sent:,} sent: {summary.accepted:,} accepted, {summary.duplicates:,} duplicates, {summary.parked:,} parked, "
        f"{summary.rejected:,} rejected; {summary.requests:,} requests, {summary.retries:,} of them retries",
        highlight=False,
    )
    for rejection in summary.first_errors:
        console.print(f"  rejected: {rejection.get('id', '')} {rejection.get('errors') or rejection.get('detail')}", markup=False)
