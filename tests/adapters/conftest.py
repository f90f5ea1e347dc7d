"""What the adapters' tests share: the platforms' sample requests, a connection's context, a check on every event."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic_core import to_json

from app.adapters.protocol import Context, Delivery, Event
from app.events.envelope import EVENT
from tests.adapters.sample_requests import read_sample

NOW = datetime.fromtimestamp(1_788_000_500, UTC)


@pytest.fixture
def now() -> datetime:
    """Return the moment that deliveries arrive at."""
    return NOW


@pytest.fixture
def context() -> Context:
    """Return a connection without options."""
    return Context("//tallylight/connections/test")


@pytest.fixture
def sample() -> Callable[[str], dict[str, Any]]:
    """Return the reader of a sample request."""
    return read_sample


@pytest.fixture
def delivered() -> Callable[..., Delivery]:
    """Return the maker of a delivery from a sample."""

    def make(found: dict[str, Any], **changes: Any) -> Delivery:
        at = datetime.fromtimestamp(found["frozen_time"], UTC) if "frozen_time" in found else NOW
        parts = {
            "method": found["method"],
            "query": found.get("query", {}),
            "headers": found.get("headers", {}),
            "body": (found.get("body") or "").encode(),
            "received_at": at,
        }
        return Delivery(**{**parts, **changes})

    return make


@pytest.fixture
def valid() -> Callable[[Iterable[Event]], list[Event]]:
    """Return the check that every event passes the envelope."""

    def check(events: Iterable[Event]) -> list[Event]:
        found = list(events)
        for event in found:
            EVENT.validate_json(to_json(event))
        return found

    return check
