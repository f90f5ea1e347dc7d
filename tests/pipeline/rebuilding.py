"""What the tests of rebuilds share: changes between two pages of the log, and the worker's part.

In: a stage. Out: answers. Never here: tests.
"""

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.ingest.rebuilding import rebuild, staged_fold
from app.ingest.rebuilding.rebuild_requests import Budget, work
from app.ingest.rebuilding.staged_fold import StagedFold
from app.settings import Settings
from tests.pipeline.conftest import Stage
from tests.pipeline.reference_records import Show
from tests.pipeline.request_bodies import body, post
from tests.pipeline.strategies import Event

Change = Callable[[], Awaitable[object]]


def leave_all_to_jobs(patched: pytest.MonkeyPatch) -> None:
    """Let every session count as large, an empty one too."""

    def no_budget(budget: Budget, settings: Settings) -> None:
        del settings
        budget.events, budget.until = -1, math.inf

    patched.setattr(Budget, "__init__", no_budget)


def change_beside(patched: pytest.MonkeyPatch, changes: list[Change], random: Random) -> None:
    """Read the log three events at a time, and make changes between two pages."""
    patched.setattr(staged_fold, "PAGE", 3)
    patched.setattr(rebuild, "PAGE", 3)
    fold_log, analyze = StagedFold.fold_log, StagedFold.analyze

    async def change(most: int) -> None:
        for _ in range(random.randrange(most)):
            if changes:
                await changes.pop(0)()

    async def changing(staged: StagedFold, *, without_noted: bool) -> AsyncIterator[None]:
        await change(3)
        async for _ in fold_log(staged, without_noted=without_noted):
            await change(3)
            yield

    async def then_changing(staged: StagedFold) -> None:
        await change(3)
        await analyze(staged)

    patched.setattr(StagedFold, "fold_log", changing)
    patched.setattr(StagedFold, "analyze", then_changing)


async def send(client: httpx.AsyncClient, events: Sequence[Event]) -> None:
    """Send a batch."""
    answer = await post(client, body(list(events)))
    assert 200 == answer.status_code, answer.text


async def void_event(client: httpx.AsyncClient, show: Show, one: Event) -> dict[str, Any]:
    """Void one event; return the answer."""
    form = {"source": one["source"], "event": one["id"], "reason": "wrong"}
    answer = await client.post(f"/v1/sessions/{show.id}/voids", json=form)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def pending_rebuilds(stage: Stage) -> dict[str, dict[str, Any]]:
    """Return the pending rebuilds by session."""
    answer = await stage.client.get("/v1/rebuilds")
    assert 200 == answer.status_code, answer.text
    return {row["session"]: row for row in answer.json()["rebuilds"]}


async def do_jobs(stage: Stage, *shows: Show) -> None:
    """Do what the worker does until no rebuild of these sessions is pending."""
    service = stage.service
    for _ in range(10):
        pending = await pending_rebuilds(stage)
        if not any(show.id in pending for show in shows):
            return
        for show in shows:
            if show.id in pending:
                await work(service.database, service.settings, UUID(show.id))
    raise AssertionError(pending)
