"""Routes that compare sessions.

In: ids of sessions, or a brand. Out: JSON as the read side built it. Never here: figures, SQL.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import ConfigDict, Field
from pydantic_core import to_json

from app.api.access.authorization import AppService, Viewer, session_uuid
from app.api.models.results import Basis, DocumentModel
from app.catalogue.models import SessionKind, Slug
from app.kpis.comparison.comparison import LONGEST, read_comparison, read_history
from app.kpis.evaluation.metrics import Unit
from app.problems import responses
from app.storage.kpis.session_status import SessionStatus

router = APIRouter(prefix="/v1", tags=["results"])

Value = int | float | str | None
_SESSION: dict[str, Any] = {
    "session": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d",
    "title": "秋の新作ライブ",
    "brand": "maison-k",
    "host": "小林",
    "kind": "live",
    "status": "provisional",
    "currency": "CNY",
    "time_zone": "Asia/Tokyo",
    "started_at": "2021-09-25T14:00:00+09:00",
    "duration_seconds": 8640,
    "platforms": ["wechat"],
}
_EARLIER = _SESSION | {"session": "0192e0b7-91d0-7a11-8000-0d9f0f5b6a7c", "started_at": "2021-08-28T14:00:00+09:00"}


Percentile = Annotated[float, Field(ge=0, le=100)]


class ComparedSession(DocumentModel):
    """The attributes that identify a session."""

    session: str
    title: str
    brand: str
    host: str | None
    kind: SessionKind
    status: SessionStatus
    currency: str
    time_zone: str
    started_at: datetime | None
    duration_seconds: int | float | None
    platforms: list[str]


class ComparedValue(DocumentModel):
    """One session's value of a KPI. Money is a decimal string and is compared within one currency only."""

    session: str
    value: Value
    basis: Basis
    difference: Value = Field(description="to the first session; null in another currency")
    relative_difference: int | float | None = Field(description="difference ÷ the first session's value")
    median: Value = Field(description="median of the comparable values")
    percentile: Percentile | None = Field(
        description="0 to 100: share of the set that is lower; equal values, its own included, count half"
    )


class ComparedKpi(DocumentModel):
    """A KPI of all sessions, in the order of the request."""

    unit: Unit
    values: list[ComparedValue]


class ComparisonDocument(DocumentModel):
    """Several sessions, by slug of `/kpis`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "as_of": "2021-09-25T16:40:00+09:00",
                "sessions": [_EARLIER, _SESSION],
                "kpis": {
                    "gmv": {
                        "unit": "money",
                        "values": [
                            {"session": _EARLIER["session"], "value": "400000.00", "basis": "counted", "difference": "0.00",
                             "relative_difference": 0, "median": "440944.00", "percentile": 25},
                            {"session": _SESSION["session"], "value": "481888.00", "basis": "counted",
                             "difference": "81888.00", "relative_difference": 0.20472, "median": "440944.00", "percentile": 75},
                        ],
                    }
                },
            }
        }
    )  # fmt: skip

    as_of: datetime
    sessions: list[ComparedSession]
    kpis: dict[str, ComparedKpi]


class HistoricValue(DocumentModel):
    """A session's value of a KPI, and its rank among the brand's earlier sessions."""

    value: Value
    unit: Unit
    basis: Basis
    median: Value = Field(description="median of the earlier sessions; money: of those in the same currency")
    percentile: Percentile | None = Field(
        description="0 to 100: share of the earlier sessions that is lower; equal values count half"
    )
    earlier: int = Field(ge=0, description="number of earlier sessions that have this figure; at most the latest 20 count")


class HistoricSession(ComparedSession):
    """A session of a brand's history, with every slug of `/kpis`."""

    kpis: dict[str, HistoricValue]


class HistoryDocument(DocumentModel):
    """A brand's sessions in order of time."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "brand": "maison-k",
                "name": "Maison K",
                "kind": "live",
                "as_of": "2021-09-25T07:40:00Z",
                "sessions": [
                    _SESSION
                    | {
                        "kpis": {
                            "spend_per_buyer": {"value": "2536.25", "unit": "money", "basis": "derived",
                                                "median": "1904.50", "percentile": 100, "earlier": 6}
                        }
                    }
                ],
            }
        }
    )  # fmt: skip

    brand: str
    name: str
    kind: SessionKind
    as_of: datetime
    sessions: list[HistoricSession]


def _json(document: dict[str, Any]) -> Response:
    headers = {"Vary": "Authorization, Cookie", "Cache-Control": "no-store"}
    return Response(to_json(document), media_type="application/json", headers=headers)


@router.get(
    "/comparison",
    summary="Compare sessions",
    operation_id="compare_sessions",
    response_model=ComparisonDocument,
    responses=responses(401, 403, 404, 422),
)
async def comparison(
    service: AppService,
    caller: Viewer,
    sessions: Annotated[
        str,
        Query(
            max_length=1000,
            description="2 to 20 session ids, separated by commas; the others are compared with the first",
            examples=["0192e0b7-91d0-7a11-8000-0d9f0f5b6a7c,0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d"],
        ),
    ],
) -> Response:
    """Return every KPI of the sessions: value, difference to the first, median and percentile within the set."""
    return _json(await read_comparison(service.database, sessions, caller.brand_id, datetime.now(UTC)))


@router.get(
    "/brands/{brand}/history",
    summary="A brand's history",
    operation_id="get_brand_history",
    response_model=HistoryDocument,
    responses=responses(401, 403, 404, 422),
)
async def history(
    service: AppService,
    caller: Viewer,
    brand: Annotated[Slug, Path(description="the brand's slug", examples=["maison-k"])],
    limit: Annotated[int, Query(ge=1, le=LONGEST, description="number of sessions, the latest ones")] = 20,
    kind: Annotated[SessionKind, Query(description="rehearsals have a separate history")] = "live",
    session: Annotated[str | None, Query(max_length=64, description="end the history with this session")] = None,
) -> Response:
    """Return the brand's started sessions in order of time. Each KPI has its percentile among the sessions before it."""
    until: UUID | None = None if session is None else await session_uuid(session)
    document = await read_history(service.database, brand, caller.brand_id, kind, until, limit, datetime.now(UTC))
    return _json(document)
