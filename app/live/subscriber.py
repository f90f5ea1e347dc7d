"""One open stream: what it has seen, what it gets next, when it ends.

In: frames of its session. Out: bytes to send, as fast as they are taken. Never here: a queue, HTTP, the database.

It holds what it has seen last and nothing else, so a slow reader costs no memory: it takes the newest frame when it has room.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.labels.catalogue import Language
from app.live.sse import NOTHING, Frame

SLOW_SECONDS = 20.0
"""How long a reader may leave its stream's buffer full before it is cut off."""
PARTING_SECONDS = 1.0
"""The same when its stream is to end anyway."""
HEARTBEAT = b":\n\n"


class Source(Protocol):
    """A watched session."""

    def frame(self, language: Language) -> Frame:
        """Return the newest frame."""

    def leave(self, subscriber: "Subscriber") -> None:
        """Forget a subscriber."""


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What a deployment decides."""

    lifetime: float
    heartbeat: float
    subscribers: int


@dataclass(frozen=True, slots=True)
class StreamAccess:
    """Who asks, and for which language."""

    brand: UUID | None
    key_id: str
    language: Language


class Subscriber:
    """One open stream."""

    def __init__(self, source: Source, watcher: StreamAccess, pace: StreamLimits, last_id: str | None) -> None:
        """Have seen nothing yet, but what `last_id` names."""
        self.watcher = watcher
        self.abort: Callable[[], object] | None = None
        """Cuts the connection off."""
        self._source = source
        self._heartbeat = pace.heartbeat
        # Spread, so that those who came together do not come back together.
        self._until = time.monotonic() + pace.lifetime * random.uniform(0.9, 1.1)  # noqa: S311
        self._beat = self._until
        self._last_id = last_id
        self._seen: Sequence[bytes] = NOTHING
        self._awake = asyncio.Event()
        self._sending = 0.0
        self._ended = False

    def wake(self) -> None:
        """Look for news."""
        self._awake.set()

    def end(self) -> None:
        """End the stream in an orderly way; the client will come back if it may."""
        self._ended = True
        self._awake.set()

    def tick(self, now: float) -> bool:
        """Send a heartbeat or end the stream where it is time; cut it off, and say so, where nobody reads it."""
        if self._sending:
            if self.abort is not None and now - self._sending > (PARTING_SECONDS if self._ended else SLOW_SECONDS):
                self.end()
                self.abort()
                self.abort = None
                return True
        elif now >= self._beat or now >= self._until:
            self._awake.set()
        return False

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield what to send until the stream's time is up or it is ended from here.

        Whoever consumes this slowly gets the newest state when it asks again, never what lies between.
        """
        # Part of the first event: some clients take a block without data for an empty event.
        retry = b"retry: %d\n" % random.randrange(1000, 3000)  # noqa: S311
        self._beat = 0.0
        while not self._ended and (now := time.monotonic()) < self._until:
            news = self._news()
            if news:
                news, retry = retry + news, b""
            elif now >= self._beat:
                news = HEARTBEAT
            if news:
                self._sending = now
                yield news
                self._sending = 0.0
                self._beat = time.monotonic() + self._heartbeat
            else:
                self._awake.clear()
                await self._awake.wait()
        # What remains to be sent is the end.
        self._sending = time.monotonic()

    def _news(self) -> bytes:
        frame = self._source.frame(self.watcher.language)
        if self._last_id is not None:
            if self._last_id == frame.revision:
                self._seen = frame.digests
            self._last_id = None
        if frame.digests is self._seen:
            return b""
        news = frame.since(self._seen)
        self._seen = frame.digests
        return news

    def leave(self) -> None:
        """Be forgotten."""
        self._source.leave(self)
