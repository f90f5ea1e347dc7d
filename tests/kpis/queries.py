"""Counts what a request asks the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest


@contextmanager
def queries_sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect what is sent to the database meanwhile."""
    sent: list[str] = []
    for name in ("fetch", "fetchrow", "fetchval"):
        original = getattr(asyncpg.Connection, name)

        async def noted(self: Any, query: str, *args: Any, _original: Any = original, **options: Any) -> Any:
            sent.append(query)
            return await _original(self, query, *args, **options)

        monkeypatch.setattr(asyncpg.Connection, name, noted)
    yield sent
    monkeypatch.undo()
