"""A show of the simulator that goes on as far as a test wants, at once: no test waits for its clock.

In: a server's address, a scenario. Out: a session with what happened in its first minutes. Never here: a browser, the command.
"""

from datetime import datetime
from itertools import islice, takewhile

import httpx

from app.simulate.generation.generator import generate, rooms
from app.simulate.scenario.scenario import Scenario
from app.simulate.sending.sender import session_document
from tests.pipeline.processes import HEADERS

_BATCH = 1000


class Show:
    """A session, and what is still to happen in it."""

    def __init__(self, base: str, scenario: Scenario) -> None:
        """Create the session; it has not begun."""
        self._client = httpx.Client(base_url=base, headers=HEADERS, timeout=60)
        self._begin = scenario.session.starts_at
        self._left = generate(scenario)
        document = session_document(scenario, rooms(scenario), self._begin)
        self.id: str = self._client.post("/v1/sessions", json=document).raise_for_status().json()["id"]

    def play(self, minutes: float) -> None:
        """Send what happens before this minute."""

        def minute(time: str) -> float:
            return (datetime.fromisoformat(time) - self._begin).total_seconds() / 60

        told = list(takewhile(lambda event: minute(event["time"]) < minutes, self._left))
        self._left = self._left[len(told) :]
        events = iter(told)
        while batch := list(islice(events, _BATCH)):
            answer = self._client.post("/v1/events", json=batch)
            assert [] == answer.raise_for_status().json()["rejected"]

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
