"""Routes for monitoring: health, readiness, metrics.

In: nothing. Out: the state of this process. Never here: anything about a session.
"""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app import __version__
from app.api.access.authorization import ADMINS, AppService
from app.observability.metrics import metrics_text
from app.problems import ProblemError, responses
from app.storage.schema.migrate import fit_of, head
from app.storage.schema.schema_window import SchemaFit, SchemaState

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """The state of the process."""

    status: str = "ok"
    version: str = __version__


class Readiness(BaseModel):
    """The process accepts requests."""

    status: str = "ready"
    database: str = Field(description="the version of the server, which has accepted a write within the last second")
    migration: str | None
    writer: str = Field("running", description="the group commit that acknowledges events")
    worker: str = Field(description="the background jobs of this process: `running`, or `not started`")
    replica: str | None = Field(
        None,
        description="the read replica: `follows`, or why it is passed over: `behind`, `unreachable`, `other`; null: none",
    )


@router.get("/healthz", operation_id="get_health", summary="Check that the process runs")
async def health() -> Health:
    """Answer 200 as long as the process runs. The database is not checked."""
    return Health()


@router.get("/readyz", operation_id="get_readiness", summary="Check that the process accepts requests", responses=responses(503))
async def readiness(service: AppService) -> Readiness:
    """Answer 200 if the database accepts writes, its schema is one that this version serves, and the writer and the worker run.

    The write is rolled back. Its result is cached for a second.
    """
    state = await service.probe.state()
    if state.fault is not None:
        raise ProblemError(503, state.fault, code="not_ready")
    if fit_of(SchemaState(state.revision, state.note)) is SchemaFit.UNFIT:
        raise ProblemError(503, f"the database is at migration {state.revision}, this version needs {head()}", code="not_ready")
    worker = service.platforms.worker
    fault = service.writer.fault() or worker.fault()
    if fault is not None:
        raise ProblemError(503, fault, code="not_ready")
    place = await service.read_side.place()
    return Readiness(
        database=state.version or "",
        migration=state.revision,
        worker=worker.status,
        replica=None if place is None else place.state.value,
    )


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
