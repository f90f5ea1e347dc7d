"""The checklist of a show: what is planned, which connections delivered events, what the settlement will need.

In: a session's plan, its brand's connections, contracts and rates, the present moment. Out: items with a state and figures. Never
here: HTTP, a change of anything.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.sessions import sessions
from app.desk.plan import Plan, plan_on
from app.settlement.amounts.months import last_of
from app.settlement.rates.exchange_rates import is_rate
from app.settlement.statements.basis_reader import contracts_of
from app.storage.database import Database
from app.storage.tables import connections, exchange_rates, streams

State = Literal["ok", "missing", "waiting"]
Code = Literal["schedule", "products", "rooms", "connections", "promotions", "rate"]
_TO = "JPY"
"""The currency of statements."""
_SHOWN = 20
"""Codes and names of one item; its figures count all."""


class Item(NamedTuple):
    """One line of the checklist."""

    code: Code
    state: State
    figures: Mapping[str, Any]


async def read(database: Database, principal: Principal, session_id: UUID, now: datetime) -> list[Item]:
    """Return the checklist of a session.

    Raises:
        ProblemError: 404.
    """
    async with database.read() as connection:
        row = await sessions.row_of(connection, principal, session_id)
        plan = await plan_on(connection, row)
        return [
            _schedule(plan, now),
            _products(plan),
            await _rooms(connection, plan, session_id),
            await _connections(connection, row.brand_id),
            _promotions(plan),
            await _rate(connection, plan, row.brand_id, row.started_at, now),
        ]


def _schedule(plan: Plan, now: datetime) -> Item:
    at = plan.scheduled_at
    left = None if at is None else int((at - now).total_seconds())
    return Item("schedule", "missing" if at is None else "ok", {"scheduled_at": at, "seconds_left": left})


def _products(plan: Plan) -> Item:
    unpriced = [item.product for item in plan.lineup if item.live_price is None]
    without_stock = [item.product for item in plan.lineup if item.stock is None]
    figures = {
        "products": len(plan.lineup), "without_price": len(unpriced), "without_stock": len(without_stock),
        "codes": sorted({*unpriced, *without_stock})[:_SHOWN],
    }  # fmt: skip
    return Item("products", "missing" if not plan.lineup or unpriced or without_stock else "ok", figures)


async def _rooms(connection: AsyncConnection, plan: Plan, session_id: UUID) -> Item:
    query = select(streams.c.platform, streams.c.room).where(streams.c.session_id == session_id, ~streams.c.confirmed)
    unconfirmed = len((await connection.execute(query)).all())
    state: State = "missing" if not plan.streams else "waiting" if unconfirmed else "ok"
    return Item("rooms", state, {"rooms": len(plan.streams), "unconfirmed": unconfirmed})


async def _connections(connection: AsyncConnection, brand: UUID) -> Item:
    """Return whether each connection that may deliver the brand's events delivered one; those without a brand serve all."""
    columns = connections.c
    query = select(columns.name, columns.events).where(columns.enabled, (columns.brand_id == brand) | columns.brand_id.is_(None))
    found = (await connection.execute(query.order_by(columns.name, columns.id))).all()
    silent = [row.name for row in found if not row.events]
    figures = {"connections": len(found), "without_events": len(silent), "names": silent[:_SHOWN]}
    return Item("connections", "missing" if not found else "waiting" if silent else "ok", figures)


def _promotions(plan: Plan) -> Item:
    without = sum(one.url is None for one in plan.promotions)
    state: State = "missing" if not plan.promotions else "waiting" if without else "ok"
    return Item("promotions", state, {"promotions": len(plan.promotions), "without_link": without})


async def _rate(connection: AsyncConnection, plan: Plan, brand: UUID, started_at: datetime | None, now: datetime) -> Item:
    """Return whether the settlement of the show will find its rate; a rate of a coming day is waited for."""
    figures: dict[str, Any] = {"from": plan.currency, "to": _TO, "kind": None, "date": None}
    if plan.currency == _TO:
        return Item("rate", "ok", figures)
    zone = ZoneInfo(plan.time_zone)
    day = (started_at or plan.scheduled_at or now).astimezone(zone).date()
    agreed = next((one for one in await contracts_of(connection, brand) if one.starts_on <= day <= (one.ends_on or day)), None)
    if agreed is None:
        # Without a contract nothing says which rate counts.
        return Item("rate", "missing", figures)
    fx = agreed.terms.fx
    wanted = day if fx.date == "session" else last_of(day)
    key = (wanted, plan.currency, _TO, fx.kind)
    known = bool(await connection.scalar(select(exists().where(is_rate(exchange_rates, key)))))
    state: State = "ok" if known else "waiting" if wanted > now.astimezone(zone).date() else "missing"
    return Item("rate", state, figures | {"kind": fx.kind, "date": wanted})
