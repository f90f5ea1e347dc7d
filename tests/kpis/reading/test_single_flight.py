"""Answers that callers share."""

import asyncio

import pytest

from app.kpis.reading.single_flight import SingleFlight


async def test_callers_who_wait_share_one_answer_that_began_after_they_asked() -> None:
    """The first gets its own; ninety-nine who ask meanwhile get the next, made once."""
    reads: SingleFlight[int] = SingleFlight()
    gate = asyncio.Event()
    begun = 0

    async def work() -> int:
        nonlocal begun
        begun += 1
        number = begun
        await gate.wait()
        return number

    first = asyncio.create_task(reads.run("a", work))
    await asyncio.sleep(0.01)
    assert 1 == begun
    others = [asyncio.create_task(reads.run("a", work)) for _ in range(99)]
    await asyncio.sleep(0.01)
    assert 1 == begun
    gate.set()
    assert 1 == await first
    assert [2] * 99 == await asyncio.gather(*others)
    assert 3 == await reads.run("a", work)


async def test_an_error_reaches_all_who_share_it_and_no_later_caller() -> None:
    """The next answer is made afresh."""
    reads: SingleFlight[int] = SingleFlight()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise LookupError

    async def succeed() -> int:
        return 1

    results = await asyncio.gather(*(reads.run("a", fail) for _ in range(3)), return_exceptions=True)
    assert [LookupError] * 3 == [type(result) for result in results]
    assert 1 == await reads.run("a", succeed)


async def test_a_caller_who_hangs_up_takes_nothing_from_the_others() -> None:
    """Cancelling one leaves the work running."""
    reads: SingleFlight[int] = SingleFlight()

    async def work() -> int:
        await asyncio.sleep(0.02)
        return 7

    one, other = (asyncio.create_task(reads.run("a", work)) for _ in range(2))
    await asyncio.sleep(0.01)
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one
    assert 7 == await other


async def test_different_questions_do_not_wait_for_each_other() -> None:
    """Keys are apart."""
    reads: SingleFlight[str] = SingleFlight()
    gate = asyncio.Event()

    async def slow() -> str:
        await gate.wait()
        return "slow"

    async def fast() -> str:
        return "fast"

    waiting = asyncio.create_task(reads.run("a", slow))
    assert "fast" == await reads.run("b", fast)
    gate.set()
    assert "slow" == await waiting
