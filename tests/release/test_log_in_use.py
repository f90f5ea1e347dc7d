"""A month of the log is exchanged while ingest goes on: what conflicts is tried again."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from app.ingest import log_retention
from app.service import Service
from app.storage.event_log import log_partitions
from tests.release.conftest import HOUR, Finalize, end_of_first

pytestmark = pytest.mark.usefixtures("database_url")
"""Of its own: partitions are tables, which the shared one keeps."""


async def test_a_deadlock_with_a_flush_is_tried_again(
    service: Service, show: str, finalize: Finalize, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Citus reports one: its nodes wait for locks without a limit. A run that meets no other end leaves the month to the next one."""
    monkeypatch.setattr(log_retention, "_PAUSE_SECONDS", 0)
    exchange, deadlocks = log_partitions.exchange, iter([True] * (1 + log_retention._TRIES + 1))

    async def conflicting(*arguments: Any) -> None:
        if next(deadlocks, False):
            raise asyncpg.DeadlockDetectedError("canceling the transaction since it was involved in a distributed deadlock")
        await exchange(*arguments)

    monkeypatch.setattr(log_partitions, "exchange", conflicting)
    await finalize(show)
    over = await end_of_first(service) + timedelta(days=2)
    runs = [await log_retention.work(service.database, 1, over + hours * HOUR) for hours in range(3)]
    assert [0, 0, 1] == list(map(len, runs))
