"""A database that is away, or cannot do its work now, is a 503 on every route, as the driver says it and as SQLAlchemy wraps it."""

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from app.api.conventions.errors import add_error_handlers

KINDS = [
    asyncpg.QueryCanceledError,  # a time limit, or an administrator
    asyncpg.DiskFullError,
    asyncpg.ConfigurationLimitExceededError,  # temp_file_limit
    asyncpg.OutOfMemoryError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or a full disk of a hosted database
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.AdminShutdownError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InternalClientError,  # the connection was lost in the middle of a statement
    TimeoutError,
    ConnectionResetError,
]


async def answer_after(error: Exception) -> httpx.Response:
    """Return what a route answers that raises an error."""
    app = FastAPI()
    add_error_handlers(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        return await client.get("/")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrapped", [False, True])
async def test_what_may_succeed_later_is_a_503(kind: type[Exception], *, wrapped: bool) -> None:
    """With the time after which to send again."""
    error: Exception = kind("x")
    if wrapped:
        cause = RuntimeError()
        cause.__cause__ = error
        error = DBAPIError("SELECT 1", None, cause)
    answer = await answer_after(error)
    assert (503, "1") == (answer.status_code, answer.headers["retry-after"])
    assert "database_unavailable" == answer.json()["code"]


@pytest.mark.parametrize("error", [asyncpg.UndefinedTableError("x"), DBAPIError("SELECT 1", None, RuntimeError())])
async def test_a_fault_of_the_server_stays_a_500(error: Exception) -> None:
    """An operator is alarmed; a client that sends again gains nothing."""
    assert 500 == (await answer_after(error)).status_code
