"""A brand's hosts over its sessions: how long each presented, and what was sold meanwhile.

In: the database, a brand, the present moment. Out: the document of hosts. Never here: SQL, sums of money in different currencies.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.kpis.comparison.comparison import read_brand_sessions
from app.kpis.documents.render import Document, local
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.evaluation.rounding import digits_of
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import snapshot
from app.kpis.reading.status import session_end
from app.kpis.windows.hosts import MOST, HostWindow, edges_of, host_figures, windows_of
from app.storage.database import Connection, Database
from app.storage.kpis import hosts
from app.storage.kpis.hosts import Sales

_Windows = Mapping[UUID, Sequence[HostWindow]]


@dataclass(slots=True)
class _Time:
    """What a host presented, in a session or in all sessions of a currency."""

    microseconds: int = 0
    sold_in: int = 0
    """The part of it in which sales are known."""
    sold: Sales = field(default_factory=Sales)
    known: bool = False

    def add(self, other: "_Time") -> None:
        self.microseconds += other.microseconds
        self.sold_in += other.sold_in
        self.sold += other.sold
        self.known |= other.known

    def document(self, digits: int) -> Document:
        shown = host_figures(self.microseconds, self.sold, digits, known=self.known)
        # Time without counted orders tells nothing of sales.
        return shown | {"gmv_per_minute": host_figures(self.sold_in, self.sold, digits, known=self.known)["gmv_per_minute"]}


async def read_host_history(
    database: Database, slug: str, brand: UUID | None, kind: str, until: UUID | None, limit: int, now: datetime
) -> Document:
    """Return the hosts of a brand's last sessions of a kind, `limit` of them, the host with the most time first.

    Raises:
        ProblemError: 404 if the caller may not see the brand, or if `until` is not in its history.
    """
    async with snapshot(database, brand, many=True) as connection:
        found, sessions = await read_brand_sessions(connection, slug, brand, kind, until, limit, now)
        windows = await _windows(connection, sessions, now)
        sales = await hosts.sales_of(connection, {session: edges_of(shown) for session, shown in windows.items()})
    rows = len(sessions) + sum(map(len, windows.values()))
    shown = await compute(rows, _hosts, sessions, windows, sales)
    return {
        "brand": found.slug, "name": found.name, "kind": kind, "as_of": now.isoformat(), "sessions": len(sessions),
        "hosts": shown,
    }  # fmt: skip


async def _windows(connection: Connection, sessions: Sequence[Evaluation], now: datetime) -> _Windows:
    changes = await hosts.changes_of(connection, [one.head.id for one in sessions])
    found = {}
    for one in sessions:
        end = session_end(one.head, one.status, now)
        if one.head.started_at is not None and end is not None:
            found[one.head.id] = windows_of(one.head.host, changes.get(one.head.id, ()), one.head.started_at, end)[:MOST]
    return found


def _hosts(sessions: Sequence[Evaluation], windows: _Windows, sales: Mapping[UUID, Mapping[int, Sales]]) -> list[Document]:
    shows: dict[str | None, list[Document]] = defaultdict(list)
    totals: dict[str | None, dict[str, _Time]] = defaultdict(lambda: defaultdict(_Time))
    for one in sessions:
        head, sold = one.head, sales.get(one.head.id, {})
        by_host: dict[str | None, _Time] = defaultdict(_Time)
        for number, window in enumerate(windows.get(head.id, ()), 1):
            length = window.microseconds
            by_host[window.host].add(_Time(length, length if sold else 0, sold.get(number, Sales()), bool(sold)))
        for host, time in by_host.items():
            totals[host][head.currency].add(time)
            shows[host].append(
                {
                    "session": str(head.id),
                    "title": head.title,
                    "status": one.status.value,
                    "started_at": local(head.started_at, head.time_zone),
                    "currency": head.currency,
                    **time.document(digits_of(head.currency)),
                }
            )
    ordered = sorted(totals, key=lambda host: (-sum(time.microseconds for time in totals[host].values()), host or ""))
    return [
        {
            "host": host,
            "sessions": len(shows[host]),
            "totals": [
                {"currency": currency, **time.document(digits_of(currency))} for currency, time in sorted(totals[host].items())
            ],
            "shows": shows[host],
        }
        for host in ordered
    ]
