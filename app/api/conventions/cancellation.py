"""Work that ends with its client.

In: a request, a coroutine. Out: its result. Never here: what the work is.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from app.problems import ProblemError

_CHECK_SECONDS = 0.25

T = TypeVar("T")


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of the work; cancel it if the client disconnects.

    Raises:
        ProblemError: 503 for a client that has disconnected; it reads no answer.
    """
    task = asyncio.create_task(work)
    watch = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ProblemError(503, "the client has disconnected")
        return task.result()
    finally:
        watch.cancel()
        task.cancel()
        await asyncio.wait({task, watch})
        if not task.cancelled():
            task.exception()


async def _disconnected(request: Request) -> None:
    while not await request.is_disconnected():  # noqa: ASYNC110 - a server tells of it when it is asked
        await asyncio.sleep(_CHECK_SECONDS)
