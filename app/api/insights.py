"""Routes of insights.

In: a session's id. Out: JSON as the insights' room built it. Never here: rules, SQL.
"""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from app.api.access import AppService
from app.api.read_models import DocumentModel
from app.api.results import Question, answer
from app.insights.finding import Code, Section
from app.insights.reader import InsightSettings, read_insights
from app.problems import responses
from app.settings import Settings
from app.storage.session_status import SessionStatus

router = APIRouter(prefix="/v1/sessions/{session}", tags=["results"], responses=responses(401, 403, 404, 422))

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
    """The same sentence in each language."""

    ja: str
    zh: str
    en: str


class Insight(DocumentModel):
    """What the figures say, with the figures."""

    code: Code
    rank: int = Field(ge=1, description="what matters most is 1")
    section: Section = Field(description="the part of the results sheet that it belongs to")
    text: Sentence
    figures: dict[str, Any] = Field(description="what the sentence rests on; which figures depends on the code")
    evidence: list[str] = Field(description="paths of this API that answer with these figures")


class InsightsDocument(DocumentModel):
    """A session's insights; none where nothing stands out, or too little is known."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    session: str
    status: SessionStatus
    as_of: datetime
    currency: str
    insights: list[Insight]


def insight_settings(settings: Settings) -> InsightSettings:
    """Return what the insights must know of the settings."""
    return InsightSettings(settings.slow_response_seconds, settings.keep_comment_text)


@router.get("/insights", summary="Insights", operation_id="results:insights", response_model=InsightsDocument)
async def insights(service: AppService, asked: Question) -> Response:
    """Return what stands out, each with its figures, where to call them up, and a sentence in every language."""
    return answer(await read_insights(service.database, asked, insight_settings(service.settings)), asked)
