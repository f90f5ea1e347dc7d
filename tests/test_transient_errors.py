"""What a repetition may mend is told from what it may not."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from app.storage.database import CONFLICTS, UNREACHABLE, is_transient


@pytest.mark.parametrize("kind", [*CONFLICTS, *UNREACHABLE, asyncpg.LockNotAvailableError])
def test_what_may_succeed_a_moment_later_is_passing(kind: type[Exception]) -> None:
    """Also where SQLAlchemy has wrapped it: a collision in the catalogue is a 503 with Retry-After, not a 500."""
    error = kind("x")
    assert is_transient(error)
    wrapper = RuntimeError()
    wrapper.__cause__ = error
    assert is_transient(DBAPIError("SELECT 1", None, wrapper))


@pytest.mark.parametrize("error", [asyncpg.UndefinedTableError("x"), ValueError("x")])
def test_our_own_fault_is_not_passing(error: Exception) -> None:
    """A missing table stays a 500, so that somebody looks."""
    assert not is_transient(error)
