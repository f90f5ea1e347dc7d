"""Lanes: when a flush may begin beside others, and what it takes."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from app.ingest.flushing.turn import Turn
from app.ingest.group_commit import lanes
from app.ingest.group_commit.lanes import MOST_WRITING, Lanes
from app.ingest.receiving.submission import Submission

FLUSH_EVENTS, FURTHER_FROM = 8, 5


class _Flushes:
    """Flushes of one queue; each goes on as the test says."""

    def __init__(self) -> None:
        self.lanes = Lanes(4, FLUSH_EVENTS, FURTHER_FROM)
        self._turns = ExitStack()

    def arrive(self, count: int) -> None:
        now = datetime.now(UTC)
        self.lanes.queue.extend("key:1", [Submission(None, "key:1", now) for _ in range(count)])
        self.lanes.wake_if_ready()

    async def begin(self) -> tuple[int, Turn] | None:
        """Return how many entries another flush takes, and its turn; None if it must wait."""
        task = asyncio.create_task(self.lanes.take())
        await asyncio.sleep(0)
        if not task.done():
            task.cancel()
            return None
        taken = task.result()
        assert taken is not None
        return len(taken), self._turns.enter_context(self.lanes.turn())

    def end_all(self) -> None:
        self._turns.close()

    async def must_begin(self, count: int) -> Turn:
        begun = await self.begin()
        assert begun is not None
        assert count == begun[0]
        return begun[1]


async def test_one_flush_folds_and_the_next_takes_what_came_meanwhile() -> None:
    """However many events wait: of two folds in turns, both would be late."""
    flushes = _Flushes()
    flushes.arrive(3)
    first = await flushes.must_begin(3)
    flushes.arrive(FURTHER_FROM)
    assert await flushes.begin() is None
    flushes.arrive(2)
    first.folded()
    second = await flushes.must_begin(FURTHER_FROM + 2)
    flushes.arrive(3 * FLUSH_EVENTS)
    first.folded()
    assert await flushes.begin() is None, "the second folds: that the first has folded counts once"
    first.committing()
    assert await flushes.begin() is None
    second.folded()
    await flushes.must_begin(FLUSH_EVENTS)


async def test_few_events_wait_for_the_flush_that_writes() -> None:
    """They share its commit's price; once it only waits for the WAL flush, any number may begin."""
    flushes = _Flushes()
    flushes.arrive(1)
    first = await flushes.must_begin(1)
    first.folded()
    flushes.arrive(FURTHER_FROM - 1)
    assert await flushes.begin() is None
    first.committing()
    await flushes.must_begin(FURTHER_FROM - 1)


async def test_a_few_flushes_write() -> None:
    """Further ones would wait for the same rows. The end of one counts once, whatever it says again."""
    flushes = _Flushes()
    flushes.arrive((MOST_WRITING + 3) * FLUSH_EVENTS)
    turns = []
    for _ in range(MOST_WRITING):
        turns.append(await flushes.must_begin(FLUSH_EVENTS))
        turns[-1].folded()
    assert await flushes.begin() is None
    turns[0].committing()
    turns[0].committing()
    (await flushes.must_begin(FLUSH_EVENTS)).folded()
    assert await flushes.begin() is None


async def test_a_flush_that_fails_ends_its_fold() -> None:
    """Also without a word: the next may begin."""
    flushes = _Flushes()
    flushes.arrive(2)
    await flushes.must_begin(2)
    flushes.arrive(FURTHER_FROM)
    assert await flushes.begin() is None
    flushes.end_all()
    await flushes.must_begin(FURTHER_FROM)


async def test_a_flush_that_does_not_fold_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for its connection, say. That it folds at last does not end the fold of another."""
    monkeypatch.setattr(lanes, "LONGEST_FOLD_SECONDS", 0.02)
    flushes = _Flushes()
    flushes.arrive(1)
    first = await flushes.must_begin(1)
    flushes.arrive(FURTHER_FROM)
    assert await flushes.begin() is None
    async with asyncio.timeout(5):
        assert await flushes.lanes.take() is None, "it is woken by the limit"
    monkeypatch.setattr(lanes, "LONGEST_FOLD_SECONDS", 60)
    await flushes.must_begin(FURTHER_FROM)
    flushes.arrive(FURTHER_FROM)
    first.folded()
    assert await flushes.begin() is None


@pytest.mark.parametrize("end", ["folded", "committing"])
async def test_a_flush_that_waits_is_woken(end: str) -> None:
    """By the end of another's fold or of its writing."""
    flushes = _Flushes()
    flushes.arrive(1)
    first = await flushes.must_begin(1)
    flushes.arrive(FURTHER_FROM)
    waiting = asyncio.create_task(flushes.lanes.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    getattr(first, end)()
    async with asyncio.timeout(5):
        assert await waiting is None, "it looks again"
        await flushes.must_begin(FURTHER_FROM)
