"""How events travel: duplicated, shuffled, in batches with a time to send them.

In: events in the order in which they happened. Out: batches. Never here: HTTP, waiting, clocks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from random import Random

from app.simulate.generator import CloudEvent

WINDOW = 5_000
"""Events that a bounded shuffle mixes with each other."""
TICK_SECONDS = 0.5
"""A paced sender sends at least this often, as far as something happened."""


class Shuffle(StrEnum):
    """How much of the order is lost on the way."""

    NONE = "none"
    BOUNDED = "bounded"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class SendOptions:
    """How a session is sent."""

    speed: float | None = None
    """Seconds of the session per second; None: as fast as the server takes it."""
    batch: int = 500
    senders: int = 2
    duplicates: float = 0.0
    """Fraction of the events that are sent twice."""
    shuffle: Shuffle = Shuffle.NONE
    seed: int = 0
    give_up_after: float = 120.0
    """Seconds after which a request that keeps failing is given up."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events to send together, not before `reached`, the latest time among all events up to here."""

    events: list[CloudEvent]
    reached: datetime


def batches(events: Iterable[CloudEvent], manner: SendOptions) -> Iterator[Batch]:
    """Return the events in batches, in the manner's way; the same ones for the same seed."""
    rng = Random(f"{manner.seed}/delivery")  # noqa: S311  (reproducible, not secret)
    travelling = shuffled(repeated(events, manner.duplicates, rng), manner.shuffle, rng)
    tick = None if manner.speed is None else manner.speed * TICK_SECONDS
    waiting: list[CloudEvent] = []
    began = reached = None
    for event in travelling:
        at = datetime.fromisoformat(event["time"])
        due = at if reached is None else max(at, reached)
        full = len(waiting) >= manner.batch
        if waiting and began and reached and (full or (tick is not None and (due - began).total_seconds() > tick)):
            yield Batch(waiting, reached)
            waiting = []
        if not waiting:
            began = due
        reached = due
        waiting.append(event)
    if waiting and reached:
        yield Batch(waiting, reached)


def repeated(events: Iterable[CloudEvent], fraction: float, rng: Random) -> Iterator[CloudEvent]:
    """Return the events, a fraction of them a second time some hundreds of events later."""
    again: list[CloudEvent] = []
    for event in events:
        yield event
        if fraction and rng.random() < fraction:
            again.append(event)
            if len(again) > 1 and rng.random() < 1 / 50:
                yield from again
                again = []
    yield from again


def shuffled(events: Iterable[CloudEvent], how: Shuffle, rng: Random) -> Iterator[CloudEvent]:
    """Return the events in another order: within windows of 5,000, or all of them at once (which holds all in memory)."""
    if how is Shuffle.NONE:
        yield from events
        return
    stream = iter(events)
    while window := list(islice(stream, WINDOW if how is Shuffle.BOUNDED else None)):
        rng.shuffle(window)
        yield from window
