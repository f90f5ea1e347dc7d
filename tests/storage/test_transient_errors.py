"""Transient errors are distinguished from faults of the server."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from app.storage.transient_errors import TRANSIENT, is_transient


@pytest.mark.parametrize("kind", [*TRANSIENT, asyncpg.DiskFullError, asyncpg.InternalClientError])
def test_a_transient_error_is_recognized(kind: type[Exception]) -> None:
    """Also if SQLAlchemy wrapped it: a conflict in the catalogue is a 503 with Retry-After, not a 500."""
    error = kind("x")
    assert is_transient(error)
    wrapper = RuntimeError()
    wrapper.__cause__ = error
    assert is_transient(DBAPIError("SELECT 1", None, wrapper))


@pytest.mark.parametrize("error", [asyncpg.UndefinedTableError("x"), ValueError("x")])
def test_a_fault_of_the_server_is_not_transient(error: Exception) -> None:
    """A missing table stays a 500, so that an operator is alarmed."""
    assert not is_transient(error)
