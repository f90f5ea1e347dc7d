"""The circuit breaker: a platform that does not answer is left alone for a while, and so are its connection's jobs."""

import asyncio
from contextlib import suppress

import pytest

from app.platforms.calls.calls import UnavailableError
from app.platforms.calls.circuit_breaker import AT_ONCE, FAILURES, FIRST_PAUSE, LONGEST_PAUSE, CircuitBreaker


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        """Start anywhere."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the moment."""
        return self.now


async def _failed(breaker: CircuitBreaker, key: str = "shop") -> bool:
    """Call the platform, which does not answer; return whether it was asked."""
    asked = False
    with suppress(UnavailableError):
        async with breaker.call(key):
            asked = True
            raise UnavailableError("no answer")
    return asked


async def _answered(breaker: CircuitBreaker, key: str = "shop") -> bool:
    with suppress(UnavailableError):
        async with breaker.call(key):
            return True
    return False


async def test_after_some_failures_in_a_row_calls_are_paused_and_one_call_tries_again() -> None:
    """The pause doubles while the platform stays silent, up to a limit; an answer ends it."""
    clock = Clock()
    breaker = CircuitBreaker(clock)
    assert [True] * FAILURES + [False] * 5 == [await _failed(breaker) for _ in range(FAILURES + 5)]
    assert await _answered(breaker, "another shop")
    pause = FIRST_PAUSE
    for _ in range(12):
        clock.now += pause - 0.01
        assert not await _failed(breaker)
        clock.now += 0.02
        assert await _failed(breaker)
        pause = min(2 * pause, LONGEST_PAUSE)
    clock.now += LONGEST_PAUSE + 1
    assert await _answered(breaker)
    assert await _failed(breaker)
    assert await _answered(breaker)


async def test_an_error_that_the_platform_answers_with_is_no_failure() -> None:
    """A refusal is an answer."""
    breaker = CircuitBreaker(Clock())
    for _ in range(10 * FAILURES):
        with pytest.raises(LookupError):
            async with breaker.call("shop"):
                raise LookupError


async def test_a_connection_has_a_limited_number_of_calls_under_way() -> None:
    """A slow platform holds some calls, never all of them; other connections are not concerned."""
    breaker, answer = CircuitBreaker(), asyncio.Event()

    async def slow() -> bool:
        with suppress(UnavailableError):
            async with breaker.call("shop"):
                await answer.wait()
                return True
        return False

    calls = [asyncio.create_task(slow()) for _ in range(50)]
    await asyncio.sleep(0)
    assert 50 - AT_ONCE == sum(call.done() for call in calls)
    assert await _answered(breaker, "another shop")
    answer.set()
    assert AT_ONCE == sum(await asyncio.gather(*calls))
    assert await _answered(breaker)


async def test_failures_of_calls_at_the_same_time_open_the_circuit_once() -> None:
    """Eight calls that fail together pause the connection as long as three do."""
    clock = Clock()
    breaker, silence = CircuitBreaker(clock), asyncio.Event()

    async def fail() -> None:
        with suppress(UnavailableError):
            async with breaker.call("shop"):
                await silence.wait()
                raise UnavailableError("no answer")

    calls = [asyncio.create_task(fail()) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)
    silence.set()
    await asyncio.gather(*calls)
    clock.now += FIRST_PAUSE + 0.01
    assert await _answered(breaker)
