"""Exchange rates of what campaigns cost in another currency than the session's.

In: sessions with the currencies of their campaigns. Out: the entered rates. Never here: arithmetic, a default rate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("kpis/ad_rates")


class WantedRate(NamedTuple):
    """A currency to convert into a session's, on the day of the session."""

    session: UUID
    currency: str
    target: str
    day: date


@dataclass(frozen=True, slots=True)
class AdRate:
    """A rate as it was entered: the price of one unit of `source` in units of `target`."""

    source: str
    target: str
    date: date
    kind: str
    rate: str


Rates = Mapping[str, AdRate | date]
"""Currency → its rate, or the day for which no rate was entered."""


def day_of(moment: datetime, time_zone: str) -> date:
    """Return the day of a session."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


async def rates_of(connection: Connection, wanted: list[WantedRate]) -> dict[UUID, Rates]:
    """Return the rates by session."""
    _, currencies, targets, days = zip(*wanted, strict=True)
    rows = await connection.fetch(_SQL["rates"], list(range(len(wanted))), currencies, targets, days)
    entered = {number: AdRate(source, target, day, kind, rate) for number, day, source, target, kind, rate in rows}
    found: dict[UUID, dict[str, AdRate | date]] = {}
    for number, one in enumerate(wanted):
        found.setdefault(one.session, {})[one.currency] = entered.get(number, one.day)
    return {**found}
