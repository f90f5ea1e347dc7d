"""The queries of hosts: when they changed, and what was sold between two moments.

In: a session's id, moments. Out: frozen rows. Never here: what a window is.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("kpis/hosts")


class HostChange(NamedTuple):
    """From this moment on the host presents."""

    at: datetime
    host: str


@dataclass(frozen=True, slots=True)
class Sales:
    """Paid orders and their amount in minor units, refunds not taken off."""

    orders: int = 0
    gmv: int = 0

    def __add__(self, other: "Sales") -> "Sales":
        """Return both together."""
        return Sales(self.orders + other.orders, self.gmv + other.gmv)


async def changes(connection: Connection, session: UUID) -> list[HostChange]:
    """Return the changes of host in order of time; of those at one moment, the greater event key comes last."""
    return [HostChange(*row) for row in await connection.fetch(_SQL["changes"], session)]


async def sales(connection: Connection, session: UUID, edges: Sequence[datetime]) -> dict[int, Sales]:
    """Return what was paid before the first edge (0), from the n-th edge to the next (n), and from the last edge on."""
    rows = await connection.fetch(_SQL["sales"], session, list(edges))
    return {number: Sales(orders, int(gmv)) for number, orders, gmv in rows}


async def changes_of(connection: Connection, sessions: Sequence[UUID]) -> Mapping[UUID, Sequence[HostChange]]:
    """Return session → its changes of host in order of time."""
    found: dict[UUID, list[HostChange]] = defaultdict(list)
    for session, at, host in await connection.fetch(_SQL["changes_of"], list(sessions)):
        found[session].append(HostChange(at, host))
    return found


async def sales_of(connection: Connection, edges: Mapping[UUID, Sequence[datetime]]) -> Mapping[UUID, Mapping[int, Sales]]:
    """Return session → what `sales` returns for its edges."""
    pairs = [(session, edge) for session, moments in edges.items() for edge in moments]
    found: dict[UUID, dict[int, Sales]] = defaultdict(dict)
    rows = await connection.fetch(_SQL["sales_of"], [session for session, _ in pairs], [edge for _, edge in pairs])
    for session, number, orders, gmv in rows:
        found[session][number] = Sales(orders, int(gmv))
    return found
