"""Alerts in words, and the document of a session's alerts.

In: alerts, the names of products, who takes care of an alert. Out: text in one language, the document. Never here: conditions of
alerts, I/O.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from app.kpis.comparison.targets import LIMITS
from app.kpis.documents.render import Document, local
from app.kpis.evaluation.metrics import BY_SLUG
from app.kpis.evaluation.number_format import format_count, format_span, format_value
from app.labels.catalogue import Language, label, name_in
from app.live.alerts import BEHIND_TARGET, Alert, alert_id
from app.storage.kpis.reads import SessionHead
from app.storage.live.alert_states import AlertState

NO_STATES: Mapping[str, AlertState] = {}
"""Of readers who do not see who takes care of an alert."""


def alerts_document(
    head: SessionHead,
    clock: datetime,
    alerts: Sequence[Alert],
    names: Mapping[str, Mapping[str, str]],
    language: Language,
    states: Mapping[str, AlertState] = NO_STATES,
) -> Document:
    """Return the alerts document; `names` are the products' names by language, `states` who takes care of which alert."""
    return {
        "session": str(head.id),
        "as_of": local(clock, head.time_zone),
        "alerts": [
            {
                "id": alert_id(alert),
                "code": alert.code,
                "level": alert.level.value,
                "product": alert.product,
                "kpi": alert.kpi,
                "since": local(alert.since, head.time_zone),
                "text": alert_text(alert, names, language),
                "figures": dict(alert.figures),
                **_care(states.get(alert_id(alert)), head.time_zone),
            }
            for alert in alerts
        ],
    }


def _care(state: AlertState | None, time_zone: str) -> Document:
    if state is None:
        return {"taken_by": None, "taken_at": None, "snoozed_until": None}
    return {
        "taken_by": state.taken_by,
        "taken_at": local(state.taken_at, time_zone),
        "snoozed_until": local(state.snoozed_until, time_zone),
    }


def alert_text(alert: Alert, names: Mapping[str, Mapping[str, str]], language: Language) -> str:
    """Return an alert in words; `names` are the products' names by language."""
    if alert.code == BEHIND_TARGET:
        return _behind_target(alert, language)
    shown: dict[str, Any] = dict(alert.figures)
    kind = alert.code
    if alert.product is not None:
        shown["name"] = name_in(names.get(alert.product, {}), language) or alert.product
    if kind == "low_stock" and "minutes_left" in shown and shown["units_recent"] >= shown["stock"]:
        kind = "low_stock.fast"
    elif kind == "slow_support" and shown["waiting"]:
        kind = "slow_support.waiting"
    elif kind == "slow_support":
        shown["average"] = _span(shown["average_seconds"], language)
    elif kind == "audience_falling":
        shown["percent"] = 100 - math.floor(100 * shown["share_left"])
    if "limit_seconds" in shown:
        shown["limit"] = _span(shown["limit_seconds"], language)
    texts = {name: format_count(value) if isinstance(value, int) else value for name, value in shown.items()}
    return label(f"alert.{kind}", language).format_map(texts)


def _span(seconds: float, language: Language) -> str:
    exact = Fraction(str(seconds))
    return format_span(exact.numerator, exact.denominator, language)


def kpi_name(slug: str, language: Language) -> str:
    """Return a KPI's label."""
    return label(f"metric.{slug}", language)


def _behind_target(alert: Alert, language: Language) -> str:
    slug = alert.kpi or ""
    unit, currency = BY_SLUG[slug].unit, alert.currency or ""
    texts = {name: format_value(slug, value, unit, currency, language) for name, value in alert.figures.items()}
    kind = "alert.behind_target.limit" if slug in LIMITS else "alert.behind_target"
    return label(kind, language).format(kpi=kpi_name(slug, language), **texts)
