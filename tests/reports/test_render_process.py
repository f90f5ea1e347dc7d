"""The render processes: two reports at a time, and an end for each."""

import asyncio
import os
import signal
import time

import psutil
import pytest

from app.problems import ProblemError
from app.reports import render_process
from app.reports.render_process import WORKERS, RenderProcess


def busy(seconds: float) -> int:
    """Compute without a pause, and return the process id."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return os.getpid()


def die() -> None:
    """End the process without notice, as the kernel does if memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def _gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def _end_of(pid: int) -> None:
    end = time.monotonic() + 20
    while not _gone(pid):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def test_the_loop_stays_free() -> None:
    """Other tasks run while reports are made, in at most two processes that are not this one."""
    renderer = RenderProcess()
    try:
        first = await renderer.run(busy, 0.0)
        work = asyncio.gather(*(renderer.run(busy, 0.3) for _ in range(4)))
        turns = 0
        while not work.done():
            await asyncio.sleep(0.005)
            turns += 1
        processes = set(await work)
        assert first in processes
        assert len(processes) <= WORKERS
        assert os.getpid() not in processes
        assert turns > 20
    finally:
        await renderer.close()
    for pid in processes:
        await _end_of(pid)


async def test_one_long_report_does_not_hold_up_the_others() -> None:
    """While one process computes for a minute, the other one makes ten reports."""
    renderer = RenderProcess()
    try:
        long = asyncio.create_task(renderer.run(busy, 60.0))
        await asyncio.sleep(0)
        assert 1 == len({await renderer.run(busy, 0.0) for _ in range(10)})
        assert not long.done()
        long.cancel()
        await asyncio.wait([long])
    finally:
        await renderer.close()


async def test_a_report_ends_with_its_caller() -> None:
    """A cancelled report ends its process at once; the next reports are made."""
    renderer = RenderProcess()
    try:
        pid = await renderer.run(busy, 0.0)
        for _ in range(2 * WORKERS):
            abandoned = asyncio.create_task(renderer.run(busy, 600.0))
            await asyncio.sleep(0.05)
            abandoned.cancel()
            await asyncio.wait([abandoned])
        await _end_of(pid)
        assert pid != await renderer.run(busy, 0.0)
    finally:
        await renderer.close()


async def test_a_report_has_a_limited_time() -> None:
    """A report that takes too long is answered with 503, and its process ends."""
    renderer = RenderProcess(30.0)
    try:
        pid = await renderer.run(busy, 0.0)
        renderer._seconds = 0.3
        with pytest.raises(ProblemError) as refused:
            await renderer.run(busy, 600.0)
        assert 503 == refused.value.status
        await _end_of(pid)
    finally:
        await renderer.close()


async def test_a_killed_process_is_replaced() -> None:
    """Its report is answered with 503; the next one is made."""
    renderer = RenderProcess()
    try:
        with pytest.raises(ProblemError) as refused:
            await renderer.run(die)
        assert 503 == refused.value.status
        assert os.getpid() != await renderer.run(busy, 0.0)
    finally:
        await renderer.close()


async def test_the_queue_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past it a report is answered with 503; afterwards reports are made as before."""
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
