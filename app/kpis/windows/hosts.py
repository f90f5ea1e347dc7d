"""Hosts: who presented when, and what was sold meanwhile.

In: a session, its changes of host, its paid orders by time. Out: the hosts document. Never here: SQL.

The windows tile the broadcast. What was paid before its start or after its end is the remainder, so windows and remainder add
up to the session to the cent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.kpis.documents.render import Document, local
from app.kpis.evaluation.concurrency import viewers_at
from app.kpis.evaluation.rounding import digits_of, fixed, money
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.kpis.reading.status import session_end, status_of
from app.storage.database import Connection, Database
from app.storage.kpis import hosts, reads
from app.storage.kpis.hosts import HostChange, Sales
from app.storage.kpis.reads import ConcurrencyRow, SessionHead
from app.storage.kpis.session_status import SessionStatus

MOST = 1_000
"""The most windows of one document; what was sold in later ones is part of the remainder."""
_MICROSECOND = timedelta(microseconds=1)
_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class HostWindow:
    """A half-open time range in which one host presented; `host` is None where none was named."""

    host: str | None
    begin: datetime
    end: datetime

    @property
    def microseconds(self) -> int:
        """Return its length."""
        return (self.end - self.begin) // _MICROSECOND


def windows_of(planned: str | None, changes: Sequence[HostChange], begin: datetime, end: datetime) -> list[HostWindow]:
    """Return the windows of a broadcast in order of time.

    Until the first change the session's planned host presents. Of changes at one moment the last counts. A change to the host who
    presents already is none.
    """
    found: list[HostWindow] = []
    host, since = planned, begin
    for change in changes:
        if change.at >= end:
            break
        if change.host == host:
            continue
        if change.at > since:
            found.append(HostWindow(host, since, change.at))
            since = change.at
        host = change.host
        if found and found[-1].host == host and found[-1].end == since:
            # Another host was named and taken back at one moment.
            since = found.pop().begin
    if since < end:
        found.append(HostWindow(host, since, end))
    return found


async def read_hosts(database: Database, asked: SessionQuery) -> Document:
    """Return the hosts document (`HostsDocument`)."""
    async with snapshot(database, asked.brand) as connection:
        return await hosts_on(connection, asked)


async def hosts_on(connection: Connection, asked: SessionQuery) -> Document:
    """Return the hosts document, read on this connection."""
    head = await read_head(connection, asked)
    status = status_of(head)
    end = session_end(head, status, asked.now)
    windows: list[HostWindow] = []
    if head.started_at is not None and end is not None:
        windows = windows_of(head.host, await hosts.changes(connection, head.id), head.started_at, end)
    shown = windows[:MOST]
    sales = await hosts.sales(connection, head.id, edges_of(shown))
    minutes = await reads.concurrency(connection, head.id) if shown else []
    return hosts_document(head, shown, sales, minutes, on_air=status is SessionStatus.LIVE, omitted=len(windows) - len(shown))


def edges_of(windows: Sequence[HostWindow]) -> list[datetime]:
    """Return the beginning of each window and the end of the last one."""
    return [one.begin for one in windows] + [windows[-1].end] if windows else []


def hosts_document(
    head: SessionHead,
    windows: Sequence[HostWindow],
    sales: Mapping[int, Sales],
    minutes: Sequence[ConcurrencyRow],
    *,
    on_air: bool,
    omitted: int,
) -> Document:
    """Return the document; `sales` are those of each window by its number from 1, all others are the remainder.

    Without any counted order, orders and GMV are unknown (null): a platform's own totals cannot be divided by time.
    """
    digits = digits_of(head.currency)
    viewers = viewers_at(minutes, [moment for one in windows for moment in (one.begin, one.end)])
    rows, by_host = [], dict[str | None, tuple[int, Sales]]()
    for number, one in enumerate(windows, 1):
        sold = sales.get(number, Sales())
        length, before = by_host.get(one.host, (0, Sales()))
        by_host[one.host] = (length + one.microseconds, before + sold)
        rows.append(
            {
                "host": one.host,
                "from": local(one.begin, head.time_zone),
                "to": local(one.end, head.time_zone),
                "on_duty": on_air and number == len(windows) and not omitted,
                **host_figures(one.microseconds, sold, digits, known=bool(sales)),
                "viewers_at_start": viewers[one.begin],
                "viewers_at_end": viewers[one.end],
            }
        )
    outside = sum((sold for number, sold in sales.items() if not 1 <= number <= len(windows)), Sales())
    return {
        "session": str(head.id),
        "currency": head.currency,
        "windows": rows,
        "omitted": omitted,
        "hosts": [
            {"host": host, **host_figures(length, sold, digits, known=bool(sales))} for host, (length, sold) in by_host.items()
        ],
        "remainder": _sold(outside, digits, known=bool(sales)),
        "total": _sold(sum(sales.values(), Sales()), digits, known=bool(sales)),
    }


def host_figures(microseconds: int, sold: Sales, digits: int, *, known: bool) -> Document:
    """Return minutes, orders, GMV and GMV per minute; those of sales are null unless orders were counted."""
    per_minute = money(sold.gmv * _MINUTE_US, microseconds, digits) if known and microseconds > 0 else None
    return {"minutes": round(microseconds / _MINUTE_US, 6), **_sold(sold, digits, known=known), "gmv_per_minute": per_minute}


def _sold(sold: Sales, digits: int, *, known: bool) -> Document:
    return {"orders": sold.orders if known else None, "gmv": fixed(sold.gmv, digits) if known else None}
