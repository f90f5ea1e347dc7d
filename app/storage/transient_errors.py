"""Transient errors: the database is away, or unable to do now what it may do later.

In: errors of the driver and of SQLAlchemy. Out: whether a repetition helps, repetitions after conflicts. Never here: connections.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError, TimeoutError as SQLAlchemyTimeoutError

UNREACHABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    TimeoutError,
)
"""Errors of a lost, absent or silent database. The driver's internal error is that of a connection that is lost between two
messages of one statement: its state is no longer known."""

CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Two transactions locked the same rows in another order; the one that gets the error may retry."""

_UNABLE = (
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    SQLAlchemyTimeoutError,
)
"""The database answers, and cannot do the work now: a lock, a time limit, a full disk, a standby."""
TRANSIENT = (*UNREACHABLE, *CONFLICTS, *_UNABLE)
"""All of them, as the driver raises them; SQLAlchemy wraps each in a `DBAPIError`."""
_ATTEMPTS = 5
Done = TypeVar("Done")


def is_transient(error: BaseException) -> bool:
    """Tell whether the same statement may succeed later: the database is away or unable, or a lock is or was held."""
    if isinstance(error, DBAPIError):
        cause = _cause(error)
        return error.connection_invalidated or (cause is not None and is_transient(cause))
    return isinstance(error, TRANSIENT)


async def retry_conflicts(work: Callable[[], Awaitable[Done]]) -> Done:
    """Run a transaction; on a deadlock or serialization failure, retry up to four times with a random delay.

    Raises:
        asyncpg.DeadlockDetectedError, asyncpg.SerializationError, DBAPIError: the fifth attempt failed too.
    """
    for attempt in range(1, _ATTEMPTS):
        try:
            return await work()
        except (*CONFLICTS, DBAPIError) as error:
            if not isinstance(_cause(error), CONFLICTS):
                raise
            # A random delay: transactions that collided once would collide again if they started together.
            await asyncio.sleep(random.uniform(0, 0.02) * attempt)  # noqa: S311
    return await work()


def _cause(error: BaseException) -> BaseException | None:
    """Return the driver's error that SQLAlchemy wrapped."""
    if isinstance(error, DBAPIError):
        return error.orig.__cause__ if error.orig is not None else None
    return error
