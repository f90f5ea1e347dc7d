"""A connection for tests of statements.

In: the shared database. Out: a connection whose changes are rolled back. Never here: tests.
"""

from collections.abc import AsyncIterator

import asyncpg
import pytest


@pytest.fixture
async def connection(emptied_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection inside a transaction that is rolled back."""
    opened = await asyncpg.connect(emptied_url)
    transaction = opened.transaction()
    await transaction.start()
    yield opened
    await transaction.rollback()
    await opened.close()
