"""Routes of insights.

In: a session's id. Out: JSON as `app.insights` built it. Never here: rules, SQL.
"""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Response
from pydantic import ConfigDict, Field

from app.api.access.authorization import AppService, require_internal
from app.api.access.session_query import Question
from app.api.conventions.documents import UNCHANGED, answer
from app.api.models.results import DocumentModel
from app.insights.finding import Code, Section
from app.insights.reader import InsightSettings, read_insights
from app.problems import responses
from app.settings import Settings
from app.storage.kpis.session_status import SessionStatus

router = APIRouter(prefix="/v1/sessions/{session}", tags=["results"], responses=UNCHANGED | responses(401, 403, 404, 422))

_EXAMPLE: dict[str, Any] = {
    "session": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d",
    "status": "provisional",
    "as_of": "2021-09-25T16:40:00+09:00",
    "currency": "CNY",
    "insights": [
        {
            "code": "stock_out_missed_demand",
            "rank": 1,
            "section": "ec",
            "text": {
                "ja": "「ニット」は15:24に売り切れ、在庫が足りなかった。その後も312回クリックがあった。",
                "zh": "“针织衫”15:24售罄，库存不够；之后仍有312次点击。",
                "en": "“Knit” sold out at 15:24: there was not enough stock. It was clicked 312 more times.",
            },
            "figures": {
                "product": "knit-01",
                "sold_out_at": "2021-09-25T15:24:07+09:00",
                "clicks_after": 312,
                "missed_gmv_estimate": "4187.12",
            },
            "evidence": ["/v1/sessions/0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d/products"],
        }
    ],
}


class Sentence(DocumentModel):
    """One sentence in three languages."""

    ja: str
    zh: str
    en: str


class Insight(DocumentModel):
    """A statement with the figures that support it."""

    code: Code
    rank: int = Field(ge=1, description="1 is the most important")
    section: Section = Field(description="section of the results sheet")
    text: Sentence
    figures: dict[str, Any] = Field(description="figures that support the sentence; their names depend on the code")
    evidence: list[str] = Field(description="paths of this API that return these figures")


class InsightsDocument(DocumentModel):
    """A session's insights. The list is empty if no rule applies or data is missing."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    session: str
    status: SessionStatus
    as_of: datetime
    currency: str
    insights: list[Insight]


def insight_settings(settings: Settings) -> InsightSettings:
    """Return the settings that insights use."""
    return InsightSettings(settings.slow_response_seconds, settings.keep_comment_text)


@router.get(
    "/insights", summary="Insights", operation_id="list_insights", response_model=InsightsDocument,
    dependencies=[Depends(require_internal)], responses=responses(410),
)  # fmt: skip
async def insights(service: AppService, asked: Question) -> Response:
    """Return the insights by rank, each with its figures, the paths that return them, and a sentence in each language."""
    return answer(await read_insights(service.database, asked, insight_settings(service.settings)), asked)
