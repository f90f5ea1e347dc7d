"""Metrics of ingest and of jobs: what happened is counted once, by type and outcome."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pgqueuer.errors import RetryRequested
from prometheus_client import REGISTRY

from app.platforms.background.job_metrics import measured
from app.settings import Settings
from app.storage.database import open_database

TYPE = "live.like.sent"


def value(name: str, **labels: str) -> float:
    """Return a series of this process; 0 if it does not exist yet."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def stored(outcome: str) -> float:
    """Return how many likes had an outcome."""
    return value("tallylight_events_by_type_total", type=TYPE, outcome=outcome)


def like(number: int, subject: str, count: int = 1) -> dict[str, Any]:
    """Return a like."""
    return {
        "specversion": "1.0", "id": f"metrics-{number}", "source": "//test/metrics", "type": TYPE, "subject": subject,
        "time": datetime.now(UTC).isoformat(), "data": {"count": count},
    }  # fmt: skip


async def test_events_are_counted_by_type_and_outcome(client: httpx.AsyncClient) -> None:
    """Two accepted events, a duplicate, a conflict and a parked one; the conflict is a dead letter."""
    session = (await client.post("/v1/sessions", json={"title": "m", "brand": "m", "currency": "CNY"})).json()["id"]
    before = {outcome: stored(outcome) for outcome in ("accepted", "duplicates", "conflicts", "parked")}
    kept, lag = value("tallylight_dead_letters_total"), value("tallylight_event_lag_seconds_count")
    first, second = like(1, session), like(2, session)
    assert (await client.post("/v1/events", json=[first, second])).json()["accepted"] == 2
    assert (await client.post("/v1/events", json=[first])).json()["duplicates"] == 1
    assert (await client.post("/v1/events", json=[{**first, "data": {"count": 5}}])).json()["conflicts"] == 1
    assert (await client.post("/v1/events", json=[like(3, "wechat:nowhere")])).json()["parked"] == 1
    after = {outcome: stored(outcome) - number for outcome, number in before.items()}
    assert {"accepted": 2, "duplicates": 1, "conflicts": 1, "parked": 1} == after
    assert value("tallylight_dead_letters_total") == kept + 1
    assert value("tallylight_event_lag_seconds_count") == lag + 4


async def test_open_connections_are_counted_by_pool(settings: Settings) -> None:
    """The pool of requests has a connection from the start; that of figures opens one for its first borrower."""
    database = await open_database(settings)
    try:
        assert 1 == value("tallylight_database_connections", pool="requests", state="open")
        assert 0 == value("tallylight_database_connections", pool="figures", state="open")
        async with database.acquire_for_figures():
            assert 1 == value("tallylight_database_connections", pool="figures", state="open")
    finally:
        await database.close()


async def test_attempts_of_jobs_are_counted_by_outcome() -> None:
    """An attempt is done, retried or failed; its wait is measured from the creation of the job."""

    class Created:
        created = datetime.now(UTC) - timedelta(seconds=30)

    async def work(job: Any) -> None:
        if job.error is not None:
            raise job.error

    run = measured("metrics_test")(work)
    job: Any = Created()
    job.error = None
    await run(job)
    for error in (RetryRequested(timedelta(seconds=1), "later"), ValueError("broken")):
        job.error = error
        with pytest.raises(type(error)):
            await run(job)
    for outcome in ("done", "retried", "failed"):
        assert value("tallylight_jobs_total", job="metrics_test", outcome=outcome) == 1
    assert value("tallylight_job_wait_seconds_count", job="metrics_test") == 3
    assert 90 <= value("tallylight_job_wait_seconds_sum", job="metrics_test") < 600
