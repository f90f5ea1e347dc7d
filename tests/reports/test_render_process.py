"""The render process: reports do not block the server, and a killed process is replaced."""

import asyncio
import os
import signal
import time

import psutil
import pytest

from app.problems import ProblemError
from app.reports import render_process
from app.reports.render_process import RenderProcess


def busy(seconds: float) -> int:
    """Compute for a while without letting go, and return who did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return os.getpid()


def die() -> None:
    """End the process without a word, as the kernel does when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


async def test_the_loop_stays_free() -> None:
    """Others are served while a report is made, in one process for all reports."""
    renderer = RenderProcess()
    try:
        first = await renderer.run(busy, 0.0)
        work = asyncio.gather(renderer.run(busy, 0.3), renderer.run(busy, 0.3))
        turns = 0
        while not work.done():
            await asyncio.sleep(0.005)
            turns += 1
        assert {first} == set(await work)
        assert first != os.getpid()
        assert turns > 20
    finally:
        await renderer.close()
    assert not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE


async def test_a_killed_process_is_replaced() -> None:
    """The report that it worked on is refused with 503; the next one is made."""
    renderer = RenderProcess()
    try:
        with pytest.raises(ProblemError) as refused:
            await renderer.run(die)
        assert 503 == refused.value.status
        assert os.getpid() != await renderer.run(busy, 0.0)
    finally:
        await renderer.close()


async def test_too_many_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue has an end."""
    monkeypatch.setattr(render_process, "MOST_WAITING", 2)
    renderer = RenderProcess()
    try:
        waiting = [asyncio.create_task(renderer.run(busy, 0.1)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(ProblemError) as refused:
            await renderer.run(busy, 0.0)
        assert (503, "5") == (refused.value.status, refused.value.headers["Retry-After"])
        await asyncio.gather(*waiting)
        assert await renderer.run(busy, 0.0)
    finally:
        await renderer.close()
