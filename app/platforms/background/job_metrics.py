"""Counts attempts of jobs, and how long jobs waited; an attempt is a span.

In: the function of a job. Out: the same function, measured. Never here: what a job does.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job

from app.observability.metrics import JOB_WAIT_SECONDS, JOBS
from app.observability.tracing import span

Work = Callable[[Job], Awaitable[None]]


def measured(name: str) -> Callable[[Work], Work]:
    """Return a decorator that counts the attempts of jobs with this name, by outcome."""
    done, retried, failed = (JOBS.labels(name, outcome) for outcome in ("done", "retried", "failed"))
    waited = JOB_WAIT_SECONDS.labels(name)

    def decorated(work: Work) -> Work:
        async def run(job: Job) -> None:
            waited.observe(max(0.0, (datetime.now(UTC) - job.created).total_seconds()))
            with span(f"job {name}", "consumer") as traced:
                try:
                    await work(job)
                except RetryRequested:
                    retried.inc()
                    raise
                except Exception:
                    failed.inc()
                    raise
                traced.set("job.outcome", "done")
            done.inc()

        return run

    return decorated
