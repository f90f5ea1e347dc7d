"""One open event stream: what the client has, what to send next, and when to end.

In: frames of its session. Out: bytes to send, as fast as the client reads them. Never here: a queue, HTTP, the database.

A subscriber holds only the digests of the last frame, so a slow reader costs no memory: it gets the newest frame when it reads
again.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.catalogue.access import Principal
from app.labels.catalogue import Language
from app.live.sse import NOTHING, Frame, View

SLOW_SECONDS = 20.0
"""How long a client may leave the buffer of its stream full before the server disconnects it."""
PARTING_SECONDS = 1.0
"""The same for a stream that is ending."""
HEARTBEAT = b":\n\n"


class Source(Protocol):
    """A watched session."""

    def frame(self, view: View) -> Frame:
        """Return the newest frame."""

    def leave(self, subscriber: "Subscriber") -> None:
        """Remove a subscriber."""


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Limits from the settings."""

    lifetime: float
    heartbeat: float
    subscribers: int
    subscribers_per_key: int


@dataclass(frozen=True, slots=True)
class StreamAccess:
    """The caller and the language of a reader."""

    principal: Principal
    language: Language

    @property
    def view(self) -> View:
        """Return which frames the reader gets."""
        return View(self.language, self.principal.is_client)


class Subscriber:
    """One open stream."""

    def __init__(self, source: Source, watcher: StreamAccess, pace: StreamLimits, last_id: str | None) -> None:
        """Start without documents, or with those of the revision `last_id`."""
        self.watcher = watcher
        self.abort: Callable[[], object] | None = None
        """Closes the connection at once."""
        self._source = source
        self._heartbeat = pace.heartbeat
        # Random, so that clients that connected together do not reconnect together.
        self._until = time.monotonic() + pace.lifetime * random.uniform(0.9, 1.1)  # noqa: S311
        self._beat = self._until
        self._last_id = last_id
        self._seen: Sequence[bytes] = NOTHING
        self._awake = asyncio.Event()
        self._sending = 0.0
        self._ended = False

    def wake(self) -> None:
        """Check for a new frame."""
        self._awake.set()

    def end(self) -> None:
        """End the stream; the client reconnects if it is allowed to."""
        self._ended = True
        self._awake.set()

    def tick(self, now: float) -> bool:
        """Send a heartbeat or end the stream if it is time; disconnect a client that does not read, and return True then."""
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
        """Yield bytes to send until the stream's lifetime ends or `end` is called.

        A slow consumer gets the newest state when it asks again and misses the states in between.
        """
        # Part of the first event, since some clients dispatch a block without data as an empty event.
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
        # Only the end of the response is left to send.
        self._sending = time.monotonic()

    def _news(self) -> bytes:
        frame = self._source.frame(self.watcher.view)
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
        """Remove the subscriber from its session."""
        self._source.leave(self)
