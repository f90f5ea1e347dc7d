"""What a look at the alerts of a session changes: alerts that are raised, cleared, announced.

In: the alerts that there are now, their stored states, the present moment. Out: new states and messages. Never here: I/O, the
system clock, conditions of alerts.

An alert is cleared once it has been absent for `CLEARED_AFTER`, so that a condition at its limit does not send a message every
few seconds. What receivers know follows what there is: a snoozed alert sends nothing; after its snooze it sends what its
receivers do not know yet, if anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from app.live.alerts import Alert, alert_id
from app.storage.live.alert_states import AlertState

CLEARED_AFTER = timedelta(seconds=15)


class News(NamedTuple):
    """A message about an alert."""

    event: Literal["alert.raised", "alert.cleared"]
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a look changes."""

    changed: list[AlertState]
    over: list[str]
    news: list[News]


def alert_content(alert: Alert, names: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return an alert as it is stored for messages; `internal` is in no message, but says which channels get one."""
    return {
        "id": alert_id(alert),
        "code": alert.code,
        "level": alert.level.value,
        "product": alert.product,
        "kpi": alert.kpi,
        "currency": alert.currency,
        "names": dict(names.get(alert.product or "", {})),
        "since": alert.since.isoformat(),
        "figures": dict(alert.figures),
        "internal": alert.internal,
    }


def look(alerts: Sequence[Alert], names: Mapping[str, Mapping[str, str]], known: Sequence[AlertState], now: datetime) -> Changes:
    """Return what the present alerts of a session on air change."""
    present = {alert_id(alert): alert_content(alert, names) for alert in alerts}
    states = {state.alert: state for state in known}
    changes = Changes([], [], [])
    for alert, content in present.items():
        state = states.get(alert, AlertState(alert))
        _keep(changes, state, _raised(state, content, now), now, content)
    for alert, state in states.items():
        if alert not in present:
            _keep(changes, state, _absent(state, now), now)
    return changes


def _raised(state: AlertState, content: dict[str, Any], now: datetime) -> AlertState:
    if state.raised_at is not None and state.content is not None:
        return replace(state, absent_since=None)
    return replace(state, raised_at=state.raised_at or now, absent_since=None, content=content)


def _absent(state: AlertState, now: datetime) -> AlertState:
    if state.raised_at is None:
        return state
    since = state.absent_since or now
    if now - since < CLEARED_AFTER:
        return replace(state, absent_since=since)
    return replace(state, raised_at=None, absent_since=None, taken_by=None, taken_at=None)


def _keep(changes: Changes, before: AlertState, state: AlertState, now: datetime, content: dict[str, Any] | None = None) -> None:
    snoozed = state.snoozed_until is not None and state.snoozed_until > now
    raised = state.raised_at is not None
    if raised != state.announced and not snoozed and state.content is not None:
        # A message after a snooze has the figures of now.
        state = replace(state, announced=raised, content=content or state.content)
        changes.news.append(News("alert.raised" if raised else "alert.cleared", {"alert": state.content}))
    if not raised and not snoozed and not state.announced:
        changes.over.append(state.alert)
    elif state != before:
        changes.changed.append(state)


def off_air(known: Sequence[AlertState], now: datetime) -> list[News]:
    """Return the messages of a session's end: every alert that receivers know of is cleared, unless it is snoozed."""
    return [
        News("alert.cleared", {"alert": state.content, "off_air": True})
        for state in known
        if state.announced and state.content is not None and not (state.snoozed_until is not None and state.snoozed_until > now)
    ]
