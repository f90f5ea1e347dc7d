"""Routes for monitoring: health, readiness, metrics.

In: nothing. Out: the state of this process. Never here: anything about a session.
"""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from app import __version__
from app.api.access import ADMINS, AppService
from app.observability.metrics import metrics_text
from app.problems import ProblemError, responses
from app.storage import migrate
from app.storage.database import UNREACHABLE

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """The state of the process."""

    status: str = "ok"
    version: str = __version__


class Readiness(BaseModel):
    """The process accepts requests."""

    status: str = "ready"
    database: str
    migration: str | None


@router.get("/healthz", operation_id="get_health", summary="Check that the process runs")
async def health() -> Health:
    """Answer 200 as long as the process runs. The database is not checked."""
    return Health()


@router.get("/readyz", operation_id="get_readiness", summary="Check that the process accepts requests", responses=responses(503))
async def readiness(service: AppService) -> Readiness:
    """Answer 200 if the database is reachable, its migrations are at head and the queue is not full."""
    try:
        async with service.database.acquire() as connection:
            version = await connection.fetchval("SHOW server_version")
        found = await migrate.current(service.database.engine)
    except UNREACHABLE:
        raise ProblemError(503, "the database is unreachable", code="not_ready") from None
    if found != service.head:
        raise ProblemError(503, f"the database is at migration {found}, this version needs {service.head}", code="not_ready")
    if service.writer.full:
        raise ProblemError(503, "the queue is full", code="not_ready")
    return Readiness(database=version, migration=found)


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Prometheus metrics",
    response_class=Response,
    openapi_extra={"security": [{}, {"ApiKey": []}]},
    responses=responses(401, 403, 404),
)
async def metrics(request: Request) -> Response:
    """Return the process's metrics in Prometheus' text format. A setting restricts this to admin keys or switches it off."""
    match request.app.state.service.settings.metrics:
        case "admin":
            await ADMINS.check(request.scope)
        case "off":
            raise ProblemError(404)
    body, media_type = metrics_text()
    return Response(body, media_type=media_type)
