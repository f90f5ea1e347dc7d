"""Turns of the event loop: a long computation lets all go on that is ready.

In: nothing. Out: nothing. Never here: the computation.
"""

import asyncio

_TURNS = 3
"""In the first turn the loop finds what a socket received; in the second it is read; in the third the task that waits for it goes
on. After one turn the computation would be back before both."""


async def give_way() -> None:
    """Return once every task that an answer has arrived for has gone on until its next wait."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
