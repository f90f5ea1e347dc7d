"""The route of a brand's hosts.

In: a brand. Out: JSON as the read side built it. Never here: figures, SQL.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field
from pydantic_core import to_json

from app.api.access.authorization import AppService, Viewer, session_uuid
from app.api.catalogue.brands import BrandSlug
from app.api.models.hosts import Sold
from app.api.models.results import Amount, DocumentModel
from app.catalogue.models import SessionKind
from app.kpis.comparison.comparison import LONGEST
from app.kpis.comparison.host_history import read_host_history
from app.problems import responses
from app.storage.kpis.session_status import SessionStatus

router = APIRouter(prefix="/v1/brands/{brand}", tags=["results"], responses=responses(401, 403, 404, 422))


_TIME: dict[str, Any] = {"currency": "CNY", "minutes": 144, "orders": 302, "gmv": "481888.00", "gmv_per_minute": "3346.44"}


class HostTime(Sold):
    """How long a host presented, and what was sold meanwhile."""

    currency: str = Field(examples=["CNY"])
    minutes: float
    gmv_per_minute: str | None = Amount


class HostShow(HostTime):
    """A host in one session."""

    session: str
    title: str
    status: SessionStatus
    started_at: datetime


class BrandHost(DocumentModel):
    """A host over the brand's sessions."""

    host: str | None = Field(description="null: no host was named", examples=["小林"])
    sessions: int = Field(ge=1)
    totals: list[HostTime] = Field(
        description="by currency; GMV per minute is that of the time in sessions whose orders were counted"
    )
    shows: list[HostShow] = Field(description="in order of time")


class BrandHostsDocument(DocumentModel):
    """A brand's hosts, the one with the most time first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "brand": "maison-k", "name": "Maison K", "kind": "live", "as_of": "2021-09-25T07:40:00Z", "sessions": 1,
                "hosts": [
                    {
                        "host": "小林", "sessions": 1, "totals": [_TIME],
                        "shows": [
                            {
                                "session": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d", "title": "秋の新作ライブ",
                                "status": "provisional", "started_at": "2021-09-25T14:00:00+09:00", **_TIME,
                            }
                        ],
                    }
                ],
            }
        }
    )  # fmt: skip

    brand: str
    name: str
    kind: SessionKind
    as_of: datetime
    sessions: int = Field(description="sessions that were read")
    hosts: list[BrandHost]


@router.get("/hosts", summary="A brand's hosts", operation_id="get_brand_hosts", response_model=BrandHostsDocument)
async def brand_hosts(
    service: AppService,
    caller: Viewer,
    brand: BrandSlug,
    limit: Annotated[int, Query(ge=1, le=LONGEST, description="number of sessions, the latest ones")] = 20,
    kind: Annotated[SessionKind, Query(description="rehearsals have a separate history")] = "live",
    session: Annotated[str | None, Query(max_length=64, description="end the history with this session")] = None,
) -> Response:
    """Return each host's time, orders and GMV over the brand's started sessions, in total and by session."""
    until: UUID | None = None if session is None else await session_uuid(session)
    document = await read_host_history(service.database, brand, caller.brand_id, kind, until, limit, datetime.now(UTC))
    headers = {"Vary": "Authorization, Cookie", "Cache-Control": "no-store"}
    return Response(to_json(document), media_type="application/json", headers=headers)
