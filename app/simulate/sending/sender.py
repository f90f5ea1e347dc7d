"""Sender: creates a simulated session on a running server and sends its events like a streaming tool.

In: a scenario, a server (`api_client`), options. Out: the session's id and counts of its events. Never here: terminals.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from app.simulate.generation.generator import minutes, rooms
from app.simulate.generation.purchases import major
from app.simulate.scenario.scenario import Scenario
from app.simulate.sending.api_client import ApiClient, SendError, Summary
from app.simulate.sending.delivery import Batch, SendOptions, batches

Progress = Callable[[float, Summary], None]
"""Called after each batch with the seconds of the session sent so far, and the summary."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sent session."""

    session: str
    summary: Summary


def session_document(scenario: Scenario, in_rooms: Mapping[str, str], starts_at: datetime) -> dict[str, Any]:
    """Return the body of POST /v1/sessions for a scenario."""
    broadcast = scenario.session
    document = {
        "title": broadcast.title or f"Simulated session {scenario.name}",
        "brand": broadcast.brand,
        "host": broadcast.host,
        "kind": "live",
        "currency": broadcast.currency,
        "time_zone": broadcast.time_zone,
        "scheduled_at": starts_at.isoformat(),
        "streams": [{"platform": platform, "room": room} for platform, room in in_rooms.items()],
        "lineup": [
            {
                "product": product.product,
                "name": product.name,
                "live_price": None if product.live_price is None else _money(scenario, product.live_price),
                "stock": scenario.stock(product),
            }
            for product in scenario.products
        ],
        "promotions": [
            {"url": one.url, "kind": one.kind, "platform": one.platform, "title": one.title} for one in scenario.promotions
        ],
    }
    return {key: value for key, value in document.items() if value is not None}


def _money(scenario: Scenario, amount: str) -> str:
    return major(scenario.money(amount), scenario.digits)


async def run(
    scenario: Scenario,
    wire: ApiClient,
    options: SendOptions,
    *,
    in_rooms: Mapping[str, str] | None = None,
    starts_at: datetime | None = None,
    session: str | None = None,
    on_session: Callable[[str], None] | None = None,
    on_progress: Progress | None = None,
) -> Outcome:
    """Create the session unless an id is given, and send all its events.

    `in_rooms` maps platforms to rooms; the rooms of an existing session are read from the server. `starts_at` (aware) moves the
    session in time.

    Raises:
        SendError: the server refuses the session or the events, or cannot be reached for `give_up_after` seconds.
    """
    starts_at = starts_at or scenario.session.starts_at
    if session is not None:
        in_rooms = await _rooms_of(wire, session, scenario)
    else:
        in_rooms = in_rooms or rooms(scenario)
        session = await wire.create_session(session_document(scenario, in_rooms, starts_at))
    if on_session:
        on_session(session)
    events = chain.from_iterable(minutes(scenario, options.seed, in_rooms=in_rooms, starts_at=starts_at))
    ends_at = starts_at + timedelta(milliseconds=scenario.duration_ms)
    await BatchSender(wire, options, (starts_at, ends_at), on_progress).deliver(batches(events, options))
    return Outcome(session, wire.summary)


async def _rooms_of(wire: ApiClient, session: str, scenario: Scenario) -> dict[str, str]:
    document = await wire.read(f"/v1/sessions/{session}")
    found = {stream["platform"]: stream["room"] for stream in document["streams"]}
    missing = [platform for platform in scenario.platforms if platform not in found]
    if missing:
        raise SendError(f"session {session} has no stream on {', '.join(missing)}")
    return {platform: found[platform] for platform in scenario.platforms}


class BatchSender:
    """Sends batches with several senders, none before its time; events after the broadcast are sent without waiting."""

    def __init__(
        self,
        wire: ApiClient,
        options: SendOptions,
        span: tuple[datetime, datetime],
        on_progress: Progress | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use a client and the start and end of the broadcast."""
        self._wire, self._options, self._on_progress = wire, options, on_progress
        self._starts_at, self._ends_at = span
        self._sleep, self._clock = sleep, clock
        # Bounded: a slow server slows the generator down instead of filling the memory.
        self._queue: asyncio.Queue[Batch | None] = asyncio.Queue(maxsize=2 * options.senders)

    async def deliver(self, travelling: Iterable[Batch]) -> None:
        """Send all batches.

        Raises:
            SendError: one sender gave up; the others are stopped.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._produce(travelling))
                for _ in range(self._options.senders):
                    tasks.create_task(self._consume())
        except ExceptionGroup as group:
            # The exception group around the sender's error adds no information.
            failures = group.subgroup(SendError)
            raise failures.exceptions[0] if failures else group from None

    def _offset(self, batch: Batch) -> float:
        return (min(batch.reached, self._ends_at) - self._starts_at).total_seconds()

    async def _produce(self, travelling: Iterable[Batch]) -> None:
        began = self._clock()
        for batch in travelling:
            if self._options.speed is not None:
                wait = began + self._offset(batch) / self._options.speed - self._clock()
                if wait > 0:
                    await self._sleep(wait)
            await self._queue.put(batch)
        for _ in range(self._options.senders):
            await self._queue.put(None)

    async def _consume(self) -> None:
        while (batch := await self._queue.get()) is not None:
            await self._wire.send(batch.events)
            if self._on_progress:
                self._on_progress(self._offset(batch), self._wire.summary)
