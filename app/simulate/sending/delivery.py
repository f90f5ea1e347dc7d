"""Delivery: duplicates, shuffles and batches events, and gives each batch a time to send it.

In: events in order of time. Out: batches. Never here: HTTP, waiting, clocks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from random import Random

from app.simulate.generation.generator import CloudEvent

WINDOW = 5_000
"""Window of a bounded shuffle, in events."""
TICK_SECONDS = 0.5
"""Longest time between two batches of a paced sender, if there are events."""


class Shuffle(StrEnum):
    """Shuffling of events before they are sent."""

    NONE = "none"
    BOUNDED = "bounded"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class SendOptions:
    """Options of sending a session."""

    speed: float | None = None
    """Seconds of the session per second; None: as fast as the server accepts events."""
    batch: int = 500
    senders: int = 2
    duplicates: float = 0.0
    """Fraction of the events that are sent twice."""
    shuffle: Shuffle = Shuffle.NONE
    seed: int = 0
    give_up_after: float = 120.0
    """Seconds after which a failing request is no longer retried."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events to send together, not before `reached`: the latest time of all events up to this batch."""

    events: list[CloudEvent]
    reached: datetime


def batches(events: Iterable[CloudEvent], options: SendOptions) -> Iterator[Batch]:
    """Return the events in batches, as the options say; the same seed gives the same batches."""
    rng = Random(f"{options.seed}/delivery")  # noqa: S311  (reproducible, not secret)
    travelling = shuffled(repeated(events, options.duplicates, rng), options.shuffle, rng)
    tick = None if options.speed is None else options.speed * TICK_SECONDS
    waiting: list[CloudEvent] = []
    began = reached = None
    for event in travelling:
        at = datetime.fromisoformat(event["time"])
        due = at if reached is None else max(at, reached)
        full = len(waiting) >= options.batch
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
    """Return the events, and a fraction of them again some hundreds of events later."""
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
    """Return the events shuffled: within windows of 5,000, or all at once (in memory)."""
    if how is Shuffle.NONE:
        yield from events
        return
    stream = iter(events)
    while window := list(islice(stream, WINDOW if how is Shuffle.BOUNDED else None)):
        rng.shuffle(window)
        yield from window
