"""Turns of the event loop: who waits for an answer does not wait for a computation of another task."""

import asyncio
import socket
import sys
from collections.abc import Callable

import pytest

from app.ingest.turns import give_way

LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop]
if sys.platform != "win32":
    import uvloop

    LOOPS.append(uvloop.new_event_loop)


async def _computation() -> list[str]:
    """Compute in steps, of which each receives an answer that another task waits for; return what happened."""
    here, there = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=here)
    happened: list[str] = []

    async def wait() -> None:
        while answer := await reader.read(1):
            happened.append(f"answer {answer.decode()}")

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    for step in "abc":
        happened.append(f"step {step}")
        there.sendall(step.encode())
        await give_way()
    there.close()
    await waiting
    writer.close()
    return happened


@pytest.mark.parametrize("new_loop", LOOPS)
def test_an_answer_goes_on_before_the_next_step(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Both on the loop of the standard library and on the one that the server runs on."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        happened = runner.run(_computation())
    assert ["step a", "answer a", "step b", "answer b", "step c", "answer c"] == happened
