"""The render processes: two reports at a time, and an end for each."""

import asyncio
import os
import signal
import time
from pathlib import Path

import psutil
import pytest
import vl_convert

from app.charts.drawing import svg
from app.charts.specification import VEGA_LITE
from app.problems import ProblemError
from app.reports import render_process
from app.reports.render_process import WORKERS, RenderProcess
from tests.reports.rendering_work import busy, die

pytestmark = pytest.mark.processes


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


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


async def test_a_report_that_ends_its_process_fails_alone(tmp_path: Path) -> None:
    """It is tried twice and never again, and its problem says so; every report beside and behind it is made."""
    renderer = RenderProcess()
    try:
        before = asyncio.gather(*(renderer.run(busy, 0.2) for _ in range(2)))
        killer = asyncio.gather(renderer.run(die, tmp_path / "deaths"), return_exceptions=True)
        behind = asyncio.gather(*(renderer.run(busy, 0.0) for _ in range(6)))
        assert [2, 6] == [len(await before), len(await behind)]
        refused = (await killer)[0]
        assert isinstance(refused, ProblemError)
        assert (500, "report_failed", {}) == (refused.status, refused.code, refused.headers)
        assert "twice" in str(refused)
        assert 2 == len(set((tmp_path / "deaths").read_text().split()))
    finally:
        await renderer.close()


async def test_one_death_does_not_cost_a_report(tmp_path: Path) -> None:
    """A process that was killed for its neighbour's memory, at work or idle, is replaced; the report is made."""
    renderer = RenderProcess()
    try:
        made_by = await renderer.run(die, tmp_path / "deaths", 1)
        assert [str(made_by)] != (tmp_path / "deaths").read_text().split()
        os.kill(made_by, signal.SIGKILL)
        await _end_of(made_by)
        after = await renderer.run(die, tmp_path / "deaths", 2)
        assert 2 == len((tmp_path / "deaths").read_text().split())
        assert after != made_by
    finally:
        await renderer.close()


async def test_the_real_renderer_s_abort_is_isolated() -> None:
    """The chart renderer aborts at a character that XML forbids, as it would for a fault that we do not know of."""
    renderer = RenderProcess()
    spec = {"data": {"values": [{}]}, "mark": "point", "title": "\x01"}
    try:
        with pytest.raises(ProblemError) as refused:
            await renderer.run(vl_convert.vegalite_to_svg, spec, vl_version=VEGA_LITE)
        assert "report_failed" == refused.value.code
        assert "<svg" in await renderer.run(svg, spec)
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
