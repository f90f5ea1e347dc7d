"""Routes of alerts: the alerts of a session, who takes care of one, a snooze.

In: a session's id, an alert's id. Out: alerts. Never here: conditions of alerts, SQL.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict, Field

from app.api.access.authorization import AppService, Operator, SessionId
from app.api.access.session_query import Question
from app.api.conventions.documents import UNCHANGED, answer
from app.api.conventions.language import AnswerLanguage
from app.api.models.results import DocumentModel
from app.catalogue.access import Principal
from app.catalogue.models import RequestModel
from app.live.alerts import alert_id
from app.live.session_state import SessionState, read_session_state
from app.problems import not_found, responses
from app.service import Service
from app.storage import audit
from app.storage.live import alert_states
from app.storage.live.alert_states import AlertState

router = APIRouter(prefix="/v1/sessions/{session}", tags=["live"], responses=responses(401, 403, 404, 422))
AlertId = Annotated[str, Path(description="the alert's id", examples=["low_stock-1f0a2b3c4d5e"], max_length=64)]


class Alert(DocumentModel):
    """A condition of a live session that needs action now."""

    id: str = Field(description="the same however often the alert is raised in the session", examples=["low_stock-1f0a2b3c4d5e"])
    code: Literal["low_stock", "sold_out_clicked", "slow_support", "audience_falling", "no_telemetry", "behind_target"]
    level: Literal["info", "warning", "critical"]
    product: str | None = Field(examples=["knit-01"])
    kpi: str | None = Field(description="the KPI that is behind its target", examples=[None])
    since: datetime
    text: str = Field(description="in the language of the answer", examples=["「ニット」の在庫が残り4点です"])
    figures: dict[str, int | float | str] = Field(
        examples=[{"stock": 4, "units_recent": 3}], description="figures that support the alert; money is a decimal string"
    )
    taken_by: str | None = Field(description="who takes care of it, until it is cleared; null for readers outside the agency")
    taken_at: datetime | None
    snoozed_until: datetime | None = Field(
        description="channels get no message of it before; null for readers outside the agency"
    )


class AlertsDocument(DocumentModel):
    """The alerts of a session, the most urgent first. A session that is not live has none."""

    session: str
    as_of: datetime = Field(description="the session's clock; in a replay of another day it shows that day")
    alerts: list[Alert]


class Snooze(RequestModel):
    """For how long."""

    model_config = ConfigDict(json_schema_extra={"example": {"minutes": 15}})

    minutes: int = Field(ge=0, le=720, strict=True, description="0 ends a snooze")


@router.get(
    "/alerts", operation_id="list_alerts", summary="Alerts of a session", response_model=AlertsDocument, responses=UNCHANGED
)
async def alerts(service: AppService, asked: Question) -> Response:
    """Return the alerts, as the event `alerts` of the event stream does."""
    state = await read_session_state(service.database, asked.session, asked.brand, asked.now, service.hub.limits)
    if state is None:
        raise not_found("session")
    return answer(state.document("alerts", asked.language, client=asked.client), asked)


@router.post("/alerts/{alert}/take", operation_id="take_alert", summary="Take an alert")
async def take(service: AppService, caller: Operator, session: SessionId, alert: AlertId, language: AnswerLanguage) -> Alert:
    """Take care of an alert, as the agency sees. It ends when the alert is cleared; another caller may take it over."""
    now, state = await _present(service, caller, session, alert)
    by = caller.name or caller.reference
    async with service.database.transaction() as connection:
        audit.about(alert, brand=state.head.brand_id)
        await alert_states.take(connection, state.head.id, alert, by, now)
    return _alert(state, alert, language, taken_by=by, taken_at=now)


@router.delete("/alerts/{alert}/take", operation_id="give_alert_back", summary="Give an alert back")
async def give_back(service: AppService, caller: Operator, session: SessionId, alert: AlertId, language: AnswerLanguage) -> Alert:
    """End that an alert is taken, by this or another caller."""
    now, state = await _present(service, caller, session, alert)
    async with service.database.transaction() as connection:
        audit.about(alert, brand=state.head.brand_id)
        await alert_states.take(connection, state.head.id, alert, None, now)
    return _alert(state, alert, language, taken_by=None, taken_at=None)


@router.post("/alerts/{alert}/snooze", operation_id="snooze_alert", summary="Snooze an alert")
async def snooze(
    service: AppService, caller: Operator, session: SessionId, alert: AlertId, form: Snooze, language: AnswerLanguage
) -> Alert:
    """Let channels get no message of an alert for some minutes, neither that it is raised nor that it is cleared."""
    now, state = await _present(service, caller, session, alert)
    until = now + timedelta(minutes=form.minutes) if form.minutes else None
    async with service.database.transaction() as connection:
        audit.about(alert, brand=state.head.brand_id)
        await alert_states.snooze(connection, state.head.id, alert, caller.name or caller.reference, until, now)
    return _alert(state, alert, language, snoozed_until=until)


async def _present(service: Service, caller: Principal, session: SessionId, alert: str) -> tuple[datetime, SessionState]:
    """Return the moment and the session, whose alert there is now.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    now = datetime.now(UTC)
    state = await read_session_state(service.database, session, caller.brand_id, now, service.hub.limits)
    if state is None:
        raise not_found("session")
    if alert not in {alert_id(found) for found in state.alerts}:
        raise not_found("alert")
    return now, state


def _alert(state: SessionState, alert: str, language: AnswerLanguage, **changes: str | datetime | None) -> Alert:
    known = state.alert_states.get(alert, AlertState(alert))
    changed = replace(state, alert_states={**state.alert_states, alert: replace(known, **changes)})  # type: ignore[arg-type]
    document = changed.document("alerts", language)
    return next(Alert(**found) for found in document["alerts"] if found["id"] == alert)
