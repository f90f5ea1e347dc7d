"""Sessions whose events are voided, and the voids."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx

from tests.pipeline.conftest import Stage
from tests.pipeline.reference_records import Show
from tests.pipeline.request_bodies import body, post
from tests.pipeline.strategies import ALIASES, Event

REASON = "tapped the wrong product"


async def send_events(client: httpx.AsyncClient, events: Sequence[Event]) -> dict[str, Any]:
    """Send events in one request, and return the receipt."""
    answer = await post(client, body(list(events)))
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def void_event(client: httpx.AsyncClient, show: Show, one: Event) -> dict[str, Any]:
    """Void an event, and return the void."""
    form = {"source": one["source"], "event": one["id"], "reason": REASON}
    answer = await client.post(f"/v1/sessions/{show.id}/voids", json=form)
    assert 200 == answer.status_code, answer.text
    assert answer.json()["voided"] is True
    return dict(answer.json())


async def take_back(client: httpx.AsyncClient, show: Show, void: str) -> None:
    """Take a void back."""
    answer = await client.delete(f"/v1/sessions/{show.id}/voids/{void}")
    assert 204 == answer.status_code, answer.text


async def new_show(stage: Stage, *rooms: str, brand: str | None = None) -> Show:
    """Create a session whose rooms no other test has; `brand` if not a new one."""
    suffix = uuid4().hex[:8]
    show = await stage.show(*(f"{room}-{suffix}" for room in rooms), brand=brand)
    if brand is None:
        for alias, code in ALIASES.items():
            await stage.post("/v1/products", {"brand": show.brand, "code": code, "aliases": [alias]})
    return replace(show, aliases=ALIASES)
