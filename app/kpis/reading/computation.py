"""Runs pure computations beside the event loop if they are large.

In: a pure function, its arguments, the number of rows it works on. Out: its result. Never here: I/O, state.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

LARGE = 500
"""Rows from which on a computation runs in a thread: a smaller one takes a few milliseconds."""

# Each running thread adds up to the interpreter's switch interval (5 ms) to every step of the event loop. With two of them,
# and two because one large session must not hold up all others, a small request still takes a fraction of its 250 ms.
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="computation")

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


async def compute(rows: int, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Return the function's result; a large computation leaves the event loop free for other requests."""
    if rows < LARGE:
        return function(*args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_THREADS, partial(function, *args, **kwargs))
