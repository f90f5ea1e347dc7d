"""A watched session: its subscribers, its newest state, and the frames that they get.

In: states of the session. Out: a frame per view, and the views in which it changed. Never here: the database, the moment
of the next look, HTTP.
"""

import asyncio
from collections.abc import Callable
from uuid import UUID

from app.kpis.reading.computation import compute
from app.live.session_state import SessionState
from app.live.sse import Frame, View, frame_of
from app.live.subscriber import Subscriber
from app.storage.live.live_reads import Fingerprint


class Topic:
    """A watched session."""

    def __init__(self, session: UUID, left: Callable[["Topic", Subscriber], None]) -> None:
        """Watch nothing yet; `left` is called for each subscriber that leaves."""
        self.session = session
        self.subscribers: set[Subscriber] = set()
        self.state: SessionState | None = None
        self.fingerprint: Fingerprint = frozenset()
        self.tick = 0
        self.due = 0.0
        self.gone = False
        self.working: asyncio.Task[None] | None = None
        self._left = left
        self._frames: dict[View, Frame] = {}

    def frame(self, view: View) -> Frame:
        """Return the newest frame; made when the first subscriber of its view asks."""
        frame = self._frames.get(view)
        if frame is None:
            assert self.state is not None
            frame = self._frames[view] = frame_of(self.state, view)
        return frame

    async def prepare(self, view: View) -> None:
        """Make the frame of a view, beside the event loop if the session is large."""
        while (state := self.state) is not None and view not in self._frames:
            frame = await compute(state.rows, frame_of, state, view)
            if self.state is state:
                self._frames[view] = frame

    async def show(self, state: SessionState) -> set[View]:
        """Take a new state; return the views in which it differs from the one before."""
        frames: dict[View, Frame] = {}
        # Again until none is missing: subscribers of another view may join meanwhile.
        while missing := self._wanted() & self._frames.keys() - frames.keys():
            for view in missing:
                frames[view] = await compute(state.rows, frame_of, state, view)
        changed = {view for view, frame in frames.items() if frame.revision != self._frames[view].revision}
        kept = {view: frame if view in changed else self._frames[view] for view, frame in frames.items()}
        self.state, self._frames = state, kept
        return changed

    def _wanted(self) -> set[View]:
        return {subscriber.watcher.view for subscriber in self.subscribers}

    def end(self) -> None:
        """End all its streams."""
        for subscriber in self.subscribers:
            subscriber.end()

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a subscriber, and the session with the last one."""
        if subscriber in self.subscribers:
            self.subscribers.remove(subscriber)
            self._left(self, subscriber)
