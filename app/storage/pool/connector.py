"""Connections to PostgreSQL on which every wait ends.

In: a connection string, time limits. Out: asyncpg connections. Never here: pools, SQL of the domain.

A server or a network that stops answering sends no error. So a statement has two limits: the server cancels it after `statement`
seconds, and the client gives up after `deadline` seconds. If the server does not confirm the client's cancellation, the client
closes the connection without waiting and no longer trusts the connections that it opened before that moment.
"""

import asyncio
import math
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import asyncpg
import structlog

_log = structlog.get_logger()

_CONFIRM_SECONDS = 2.0
"""Time within which a server confirms a cancellation; at most half the deadline."""
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""Seconds without traffic before the first probe, seconds between probes, unanswered probes until the connection is lost."""
FLUSH_LOCK_SECONDS = 3.0
"""How long a flush waits for a lock."""

SERVER_SETTINGS = {
    "jit": "off",
    # With the default of 4, PostgreSQL 18 takes reading all sums of a large table for cheaper than skipping through the keys of
    # one session, which it prices at a page from the disk for every combination of values that the table might hold.
    "random_page_cost": "1.1",
    # Citus writes a reference table (a session's clock) after a session's rows only over one connection per node. A flush
    # writes to one shard of each table anyway. A server without the extension takes the setting and ignores it.
    "citus.multi_shard_modify_mode": "sequential",
    # Every write of the catalogue passes the coordinator; without this it is locked on the first worker as well, in a round trip.
    "citus.allow_modifications_from_workers_to_replicated_tables": "off",
    # Over each connection asyncpg reads the catalogue of types, once for each type of array. Citus hides its shards there by a
    # function that it calls for every table and every type: seconds, where it takes milliseconds without.
    "citus.override_table_visibility": "off",
    # The server ends what a client left behind: its locks would stay for as long as its backend does.
    "idle_in_transaction_session_timeout": "60s",
    "client_connection_check_interval": "5s",
    "tcp_keepalives_idle": str(_KEEPALIVE["TCP_KEEPIDLE"]),
    "tcp_keepalives_interval": str(_KEEPALIVE["TCP_KEEPINTVL"]),
    "tcp_keepalives_count": str(_KEEPALIVE["TCP_KEEPCNT"]),
    "tcp_user_timeout": "30s",
}
"""Settings of every connection."""


class TimeLimits(NamedTuple):
    """How long one operation may take, in seconds; `None` where nothing limits it."""

    connect: float
    lock: float
    """One wait for a lock."""
    statement: float
    """One statement, by the server's clock."""
    deadline: float
    """One statement, by the client's clock; longer than `statement`, since a cancelled statement still has an answer."""

    def of_flushes(self) -> "TimeLimits":
        """Return the limits of flushes: all flushes of a process would wait behind one that waits for a lock."""
        return self._replace(lock=min(FLUSH_LOCK_SECONDS, self.lock))


def limits_of(seconds: float) -> TimeLimits:
    """Return the limits of connections whose borrowers wait at most `seconds` for one statement."""
    return TimeLimits(connect=seconds, lock=0.7 * seconds, statement=0.8 * seconds, deadline=seconds)


class Trust:
    """Knows which connections are trusted: those that were opened after a connection was last found silent."""

    def __init__(self) -> None:
        self._since = -math.inf

    def lose(self) -> None:
        """Trust no connection that was opened before this moment."""
        self._since = time.monotonic()

    def holds(self, opened_at: float) -> bool:
        """Tell whether a connection that was opened at this moment is trusted."""
        return opened_at > self._since


class GuardedConnection(asyncpg.Connection):
    """A connection that is closed if its server does not confirm a cancellation.

    `_cancel_current_command` and `_transport` are private names of asyncpg. If a new version of asyncpg does not have them any
    more, `tests/faults/test_silent_database.py` fails.
    """

    __slots__ = ("_confirm_seconds", "_trust", "opened_at")

    def guard(self, trust: Trust, deadline: float) -> None:
        """Begin to guard."""
        self._trust = trust
        # asyncpg itself gives up its cancellation at the deadline, and says nothing of it.
        self._confirm_seconds = min(_CONFIRM_SECONDS, deadline / 2)
        self.opened_at = time.monotonic()
        _limit_tcp(self._transport, deadline)  # type: ignore[attr-defined]

    def _cancel_current_command(self, waiter: "asyncio.Future[Any]", cancel_waiter: "asyncio.Future[Any] | None" = None) -> None:
        super()._cancel_current_command(waiter, cancel_waiter)  # type: ignore[misc]
        if cancel_waiter is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self._confirm_seconds, self._close_unless_confirmed, cancel_waiter)

    def _close_unless_confirmed(self, cancel_waiter: "asyncio.Future[Any]") -> None:
        if cancel_waiter.done() or self.is_closed():
            return
        _log.warning("silent database connection closed", opened_seconds_ago=round(time.monotonic() - self.opened_at, 1))
        self._trust.lose()
        self.terminate()


def _limit_tcp(transport: asyncio.BaseTransport, deadline: float) -> None:
    """Let the operating system find a lost peer too: it may be lost while no statement runs."""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in {**_KEEPALIVE, "TCP_USER_TIMEOUT": round(deadline * 1000)}.items():
        # Not every operating system has all of them.
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


@dataclass(frozen=True, slots=True)
class Connector:
    """Opens connections to one database."""

    dsn: str
    limits: TimeLimits
    trust: Trust = field(default_factory=Trust)

    async def connect(
        self, settings: Mapping[str, str] = {}, limits: TimeLimits | None = None, **options: Any
    ) -> GuardedConnection:
        """Open a connection with these server settings and options of asyncpg.

        Raises:
            OSError, asyncpg.PostgresError, TimeoutError: no connection can be opened.
        """
        limits = limits or self.limits
        connection: GuardedConnection = await asyncpg.connect(
            self.dsn,
            timeout=limits.connect,
            command_timeout=limits.deadline,
            connection_class=GuardedConnection,
            server_settings=SERVER_SETTINGS
            | {
                "application_name": "tallylight",
                "lock_timeout": _milliseconds(limits.lock),
                "statement_timeout": _milliseconds(limits.statement),
            }
            | dict(settings),
            **options,
        )
        connection.guard(self.trust, limits.deadline)
        return connection

    def trusts(self, connection: Any) -> bool:
        """Tell whether an open connection of this connector may be used."""
        return not connection.is_closed() and self.trust.holds(connection.opened_at)


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
