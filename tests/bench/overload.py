"""Benchmark of more load than the server can take, and of half of it for long.

In: the server. Out: rows of the table. Never here: closed loops: these senders do not wait for answers before they send again.
"""

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.bench.load import drive, post
from tests.bench.servers import KEY, World
from tests.bench.telemetry import events

BATCH = 500
MAXIMUM_EVENTS = 60_000
TIMES = 3.0
"""The overload, in multiples of the highest rate."""
OVERLOAD_SECONDS = 20.0
SOAK_SHARE = 0.5
SENDERS = 200
"""Connections at most: a sender that gets no answer holds one."""
_BATCH_TYPE = "application/cloudevents-batch+json"
_REPEATED = 60
"""Bodies that the overload repeats with new ids, persons and orders: to encode each would take the cores that the server needs.
The first round has none of the highest rate's, since its numbers go on."""
Row = tuple[str, str, str, str]


@dataclass(slots=True)
class Answers:
    """What became of the requests of an open loop."""

    stored: int = 0
    refused: list[float] = field(default_factory=list)
    """Seconds until a 503."""
    accepted: list[float] = field(default_factory=list)
    """Seconds until a 200."""
    unsent: int = 0
    """Requests for which no sender was free."""
    lost: int = 0
    """Requests whose connection ended before an answer."""


class _OpenLoop:
    """Sends at a fixed rate, whatever is answered."""

    def __init__(self, port: int, bodies: Iterator[bytes]) -> None:
        self._port, self._bodies = port, bodies
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._open = 0
        self.answers = Answers()

    async def run(self, per_second: float, seconds: float) -> Answers:
        """Send for so long, then wait for the last answers."""
        tasks: set[asyncio.Task[None]] = set()
        began = time.perf_counter()
        for number in itertools.count():
            due = began + number / per_second
            if due > began + seconds:
                break
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if not self._idle and self._open >= SENDERS:
                self.answers.unsent += 1
                continue
            task = asyncio.create_task(self._send(next(self._bodies)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        for _, writer in self._idle:
            writer.close()
        return self.answers

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection that the server has not ended; it ends those without a request for half a minute."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            self._end(writer)
        self._open += 1
        return await asyncio.open_connection("127.0.0.1", self._port)

    def _end(self, writer: asyncio.StreamWriter) -> None:
        self._open -= 1
        writer.close()

    async def _send(self, body: bytes) -> None:
        reader, writer = await self._connection()
        began = time.perf_counter()
        writer.write(body)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.answers.lost += 1
            self._end(writer)
            return
        took = time.perf_counter() - began
        if head.startswith(b"HTTP/1.1 200"):
            self.answers.accepted.append(took)
            self.answers.stored += BATCH
        elif head.startswith(b"HTTP/1.1 503"):
            self.answers.refused.append(took)
        else:
            raise RuntimeError(head.decode())
        self._idle.append((reader, writer))


def _bodies(numbers: Iterator[dict[str, object]]) -> Iterator[bytes]:
    while True:
        yield post("/v1/events", json.dumps(list(itertools.islice(numbers, BATCH))).encode(), KEY, _BATCH_TYPE)


def _renewed(bodies: list[bytes]) -> Iterator[bytes]:
    """Repeat bodies for ever with other identities of the same length: every event, person and order is new."""
    for round_ in itertools.count():
        source, person, order = b"//tool.example/%05d" % round_, b'"o9hHn5%04d' % round_, b'"3705%04d' % round_
        for body in bodies:
            renewed = body.replace(b"//tool.example/bench", source).replace(b'"o9hHn50000', person)
            yield renewed.replace(b'"37050000', order)


def _highest(here: World, numbers: Iterator[dict[str, object]]) -> float:
    """Return the events per second of a closed loop."""
    rates = []
    for _ in range(3):
        share = list(itertools.islice(_bodies(numbers), MAXIMUM_EVENTS // 3 // BATCH))
        rates.append(len(share) * BATCH / drive(here.port, iter(share), 4).seconds)
    return statistics.median(rates)


def _percentile(values: list[float], share: float) -> str:
    ordered = sorted(values)
    return f"{1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]:,.0f} ms" if ordered else "–"


async def overload(here: World) -> list[Row]:
    """Offer three times the highest rate: what is stored, and how soon the rest is refused."""
    here.session("overload")
    numbers = events(0, 10_000_000, 2_000_000, "wechat:overload", seed=7)
    highest = await asyncio.to_thread(_highest, here, numbers)
    prepared = list(itertools.islice(_bodies(numbers), _REPEATED))
    before = here.server.memory_info().rss
    began = time.perf_counter()
    answers = await _OpenLoop(here.port, _renewed(prepared)).run(TIMES * highest / BATCH, OVERLOAD_SECONDS)
    took = time.perf_counter() - began
    gained = (here.server.memory_info().rss - before) / 2**20
    goodput = answers.stored / took
    figures = f"{goodput:,.0f} events/s of {TIMES * highest:,.0f} offered; {answers.unsent:,} not sent, the senders waited"
    return [
        (
            f"{TIMES:g} times the highest rate: what is stored, against the highest rate",
            f"{goodput / highest:.2f}",
            "≥ 0.85",
            figures,
        ),
        (
            "  until a refusal, 99th percentile",
            _percentile(answers.refused, 0.99),
            "",
            f"{len(answers.refused):,} requests refused, {answers.lost:,} not answered",
        ),
        ("  until a commit, 99th percentile", _percentile(answers.accepted, 0.99), "", ""),
        ("  memory that the server gains", f"{gained:.0f} MiB", "< 150 MB", ""),
    ]


async def soak(here: World, seconds: float) -> list[Row]:
    """Offer half of the highest rate for long: nothing may grow, nothing may be refused."""
    here.session("soak")
    numbers = events(0, 100_000_000, 100_000_000, "wechat:soak", seed=8)
    highest = await asyncio.to_thread(_highest, here, numbers)
    prepared = list(itertools.islice(_bodies(numbers), _REPEATED))
    bodies, rate = _renewed(prepared), SOAK_SHARE * highest / BATCH
    parts, memory = [], []
    for _ in range(10):
        parts.append(await _OpenLoop(here.port, bodies).run(rate, seconds / 10))
        memory.append(here.server.memory_info().rss / 2**20)
    refused = sum(len(part.refused) + part.unsent + part.lost for part in parts)
    late = [_percentile(part.accepted, 0.99) for part in (parts[0], parts[-1])]
    return [
        (f"half of the highest rate for {seconds:,.0f} s: refused or lost", str(refused), "0", f"{rate * BATCH:,.0f} events/s"),
        ("  until a commit, 99th percentile", late[-1], "", f"in the first tenth {late[0]}"),
        (
            "  memory after the first tenth, and at the end",
            f"{memory[-1] - memory[0]:+.0f} MiB",
            "< 20 MB",
            f"{memory[0]:.0f} MiB",
        ),
    ]
