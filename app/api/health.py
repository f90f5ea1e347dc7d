"""Routes for machines and for the person on call: health, readiness, metrics.

In: nothing. Out: the state of this process. Never here: anything about a session.
"""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app import __version__
from app.api.access import AppService
from app.observability.metrics import metrics_text
from app.problems import ProblemError, responses
from app.storage import migrate
from app.storage.database import UNREACHABLE

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"
    version: str = __version__


class Readiness(BaseModel):
    """The process can take work."""

    status: str = "ready"
    database: str
    migration: str | None


@router.get("/healthz", operation_id="service:health", summary="Is the process alive?")
async def health() -> Health:
    """Answer as long as the process runs, whatever the database does."""
    return Health()


@router.get("/readyz", operation_id="service:readiness", summary="Can the process take work?", responses=responses(503))
async def readiness(service: AppService) -> Readiness:
    """Answer 200 when the database is there, its migrations are at head and the queue has room."""
    try:
        async with service.database.acquire() as connection:
            version = await connection.fetchval("SHOW server_version")
        found = await migrate.current(service.database.engine)
    except UNREACHABLE:
        raise ProblemError(503, "the database is unreachable") from None
    if found != service.head:
        raise ProblemError(503, f"the database is at migration {found}, this version needs {service.head}")
    if service.writer.full:
        raise ProblemError(503, "the queue is full")
    return Readiness(database=version, migration=found)


@router.get("/metrics", operation_id="service:metrics", summary="Prometheus metrics", response_class=Response)
async def metrics() -> Response:
    """Return the process's metrics in Prometheus' text format."""
    body, media_type = metrics_text()
    return Response(body, media_type=media_type)
