"""Parsing beside the event loop.

In: a function, and how costly it may be. Out: its result. Never here: a platform's format.

A delivery of a megabyte, or the rules of a mapping on a few bytes, take some tenths of a second to parse. On the event
loop that would be the wait of every other request. One thread for all: parsing is Python, so that a second one would not make it
faster, and would take from the event loop twice as often.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

INLINE_BYTES = 16 * 1024
"""What is parsed at once: it takes less than the switch to another thread and back costs."""
_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parsing")

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


async def beside(function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Return what a function returns, from the thread."""
    return await asyncio.get_running_loop().run_in_executor(_THREAD, partial(function, *args, **kwargs))


async def sized(size: int, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Return what a function makes of `size` bytes, from the thread if they are many."""
    return function(*args, **kwargs) if size <= INLINE_BYTES else await beside(function, *args, **kwargs)
