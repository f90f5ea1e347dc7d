"""A reader of server-sent events, as the HTML standard defines them, section 9.2.6.

In: a URL. Out: events as they come. Never here: the server's own code.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

SNAPSHOT = ["kpis", "products", "audience", "marks", "targets", "alerts"]
"""The events of a snapshot, in their order."""


@dataclass(frozen=True)
class Event:
    """One event."""

    kind: str
    id: str
    data: Any
    at: float


@dataclass
class Reader:
    """What came so far."""

    status: int
    headers: httpx.Headers
    events: list[Event] = field(default_factory=list)
    comments: int = 0
    retry: int | None = None
    ended: bool = False
    """The answer came to its proper end."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last_id(self) -> str:
        """Return what a client would send as Last-Event-ID."""
        return self.events[-1].id

    def kinds(self) -> list[str]:
        """Return the events' names in the order in which they came."""
        return [event.kind for event in self.events]

    def last(self, kind: str) -> Any:
        """Return the newest document of a kind."""
        return next(event.data for event in reversed(self.events) if event.kind == kind)

    async def until(self, holds: Callable[["Reader"], Any], seconds: float = 5.0) -> float:
        """Return how long it took until something held."""
        began = time.monotonic()
        async with asyncio.timeout(seconds):
            while not holds(self):
                self.news.clear()
                await self.news.wait()
        return time.monotonic() - began

    async def snapshot(self) -> "Reader":
        """Return once the first update is complete."""
        await self.until(lambda reader: reader.events and not reader.last_id.endswith("-"))
        return self

    def take(self, block: str) -> None:
        """Read a block of lines."""
        kind, identity, data = "message", "", ""
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line.startswith(":"):
                self.comments += 1
            elif name == "event":
                kind = value
            elif name == "id":
                identity = value
            elif name == "data":
                data += value
            elif name == "retry":
                self.retry = int(value)
        if data:
            self.events.append(Event(kind, identity, json.loads(data), time.monotonic()))


@asynccontextmanager
async def connect(url: str, **options: Any) -> AsyncIterator[Reader]:
    """Open a stream and read it in the background."""
    async with httpx.AsyncClient(timeout=httpx.Timeout(10, read=60)) as client, client.stream("GET", url, **options) as answer:
        reader = Reader(answer.status_code, answer.headers)

        async def read() -> None:
            rest = ""
            async for text in answer.aiter_text():
                *blocks, rest = (rest + text).split("\n\n")
                for block in blocks:
                    reader.take(block)
                reader.news.set()
            reader.ended = True
            reader.news.set()

        task = asyncio.create_task(read())
        try:
            yield reader
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
