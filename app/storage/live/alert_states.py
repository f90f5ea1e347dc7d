"""Queries of watched sessions and of the states of their alerts.

In: sessions, moments. Out: frozen rows. Never here: conditions of alerts, messages, commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json, to_json

from app.storage.database import Connection
from app.storage.kpis.broadcasts import broadcasts_of
from app.storage.kpis.reads import Broadcast
from app.storage.queries import queries

_SQL = queries("live/alerts")


class Candidate(NamedTuple):
    """A session that may be on air."""

    id: UUID
    brand_id: UUID
    recent: bool
    """Its start or its creation is recent; without that it is no longer watched."""
    broadcasts: tuple[Broadcast, ...]
    was_on_air: bool
    """When it was last looked at."""
    looked_at: datetime | None
    has_alerts: bool
    """Some state of an alert is stored."""


@dataclass(frozen=True, slots=True)
class AlertState:
    """What is known of one alert of a session."""

    alert: str
    raised_at: datetime | None = None
    absent_since: datetime | None = None
    announced: bool = False
    content: dict[str, Any] | None = None
    taken_by: str | None = None
    taken_at: datetime | None = None
    snoozed_until: datetime | None = None


async def candidates(connection: Connection, since: datetime) -> list[Candidate]:
    """Return the sessions that started or were created since a moment, and those that were on air when last looked at."""
    rows = await connection.fetch(_SQL["candidates"], since)
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    broadcasts = await broadcasts_of(connection, ids)
    watched = {row["session_id"]: row for row in await connection.fetch(_SQL["watched"], ids)}
    was_on_air = {session for session, row in watched.items() if row["on_air"]}
    looked_at = {session: row["looked_at"] for session, row in watched.items()}
    alerted = {row["session_id"] for row in await connection.fetch(_SQL["alerted"], ids)}
    return [
        Candidate(
            row["id"], row["brand_id"], bool(row["recent"]), tuple(broadcasts.get(row["id"], ())), row["id"] in was_on_air,
            looked_at.get(row["id"]), row["id"] in alerted,
        )
        for row in rows
    ]  # fmt: skip


async def lock(connection: Connection, session: UUID) -> bool:
    """Lock a session's watch until the commit; return whether it was on air."""
    await connection.execute(_SQL["watch"], session)
    return bool(await connection.fetchval(_SQL["lock_watched"], session))


async def set_on_air(connection: Connection, session: UUID, *, on_air: bool) -> None:
    """Store whether a session is on air."""
    await connection.execute(_SQL["set_on_air"], session, on_air)


async def looked(connection: Connection, session: UUID, now: datetime) -> None:
    """Store when a session's alerts were computed last."""
    await connection.execute(_SQL["looked"], session, now)


async def states(connection: Connection, session: UUID) -> list[AlertState]:
    """Return what is known of a session's alerts."""
    rows = await connection.fetch(_SQL["states"], session)
    return [AlertState(**{**row, "content": None if row["content"] is None else from_json(row["content"])}) for row in rows]


async def store(connection: Connection, session: UUID, changed: Sequence[AlertState]) -> None:
    """Store what has changed; an alert that is not raised, or is raised again, is not taken."""
    rows = [
        (
            one.alert,
            one.raised_at,
            one.absent_since,
            one.announced,
            None if one.content is None else to_json(one.content).decode(),
        )
        for one in changed
    ]
    if rows:
        await connection.execute(_SQL["store_states"], session, *(list(column) for column in zip(*rows, strict=True)))


async def drop(connection: Connection, session: UUID, alerts: Sequence[str]) -> None:
    """Remove alerts that are over."""
    if alerts:
        await connection.execute(_SQL["drop_states"], session, alerts)


async def take(connection: Connection, session: UUID, alert: str, by: str | None, now: datetime) -> None:
    """Store who takes an alert; None gives it back."""
    await connection.execute(_SQL["take"], session, alert, by, now)


async def snooze(connection: Connection, session: UUID, alert: str, by: str, until: datetime | None, now: datetime) -> None:
    """Store until when an alert sends no message; None ends the snooze."""
    await connection.execute(_SQL["snooze"], session, alert, by, until, now)
