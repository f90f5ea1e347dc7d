"""The audit log's rows: who did what, written by the transaction that does it.

In: the action of a request or a command. Out: one row if its transaction commits, none if it does not. Never here: bodies,
secrets, ids of persons, the reading of the log.

A request or a command has one current action, from its authorization to its end. `Database.write` and `Database.transaction`
record it as the last statement before the commit, and the writer records it with the events of an import or a replay. So a
handler that writes through them needs no call, and a request that is refused leaves no row. What the path of a request does not
name (the id of a new object, its brand) is added by the code that knows it: `about`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.queries import queries, statement

_SQL = queries("audit")
_RECORD = statement("audit", "record")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an API key (`key`), a command of the server's shell (`command`), or the server itself (`service`)."""

    kind: str
    id: str
    name: str | None = None
    brand_id: UUID | None = None
    """The brand that the actor is bound to."""
    address: str | None = None
    """Where the request came from, by the proxies that the settings trust."""
    request_id: str | None = None


@dataclass(slots=True, eq=False)
class Action:
    """One write of a principal."""

    name: str
    """`resource.verb`, such as `session.create`."""
    actor: Actor
    at: datetime
    object_id: str | None = None
    session_id: UUID | None = None
    brand_id: UUID | None = None
    brand_slug: str | None = None
    id: UUID = field(default_factory=uuid4)
    over: bool = False
    recorded: bool = False
    """Whether a transaction that recorded it was committed; known of those that record one action many times."""

    def insertion(self) -> tuple[str, *tuple[Any, ...]]:
        """Return the statement that adds its row, and the values."""
        actor = self.actor
        return _RECORD(
            id=self.id, at=self.at, kind=actor.kind, principal=actor.id, name=actor.name, action=self.name,
            object_id=self.object_id, session=self.session_id, brand=self.brand_id, slug=self.brand_slug,
            actor_brand=actor.brand_id, address=actor.address, request=actor.request_id,
        )  # fmt: skip


_current: ContextVar[Action | None] = ContextVar("tallylight_action", default=None)


@contextmanager
def one_action() -> Iterator[None]:
    """Hold the action that `begin` names in the block; at its end the action is over, also for tasks that outlive the block."""
    token = _current.set(None)
    try:
        yield
    finally:
        if (action := _current.get()) is not None:
            action.over = True
        _current.reset(token)


def begin(action: Action) -> None:
    """Make this the current action."""
    _current.set(action)


@contextmanager
def acting(action: Action) -> Iterator[None]:
    """Make this the current action of a block: a command's, a job's."""
    with one_action():
        begin(action)
        yield


def pending() -> Action | None:
    """Return the current action; None if there is none or its request has ended."""
    action = _current.get()
    return None if action is None or action.over else action


def about(object_id: object = None, *, session: UUID | None = None, brand: UUID | None = None) -> None:
    """Add to the current action what its path does not name; without an action this does nothing."""
    if (action := pending()) is None:
        return
    if object_id is not None:
        action.object_id = str(object_id)
    action.session_id = session or action.session_id
    action.brand_id = brand or action.brand_id


async def record(connection: AsyncConnection | asyncpg.Connection | PoolConnectionProxy, action: Action | None = None) -> None:
    """Write the row of an action, by default the current one, in the connection's transaction; repeating it adds nothing."""
    action = action or pending()
    if action is None:
        return
    sql, *values = action.insertion()
    if isinstance(connection, AsyncConnection):
        await connection.exec_driver_sql(sql, tuple(values))
    else:
        await connection.execute(sql, *values)


async def expire(connection: asyncpg.Connection | PoolConnectionProxy, before: datetime, at_once: int) -> int:
    """Delete at most `at_once` rows that are older than `before`; return how many."""
    async with connection.transaction():
        await connection.execute(_SQL["allow_expiry"])
        deleted: int = await connection.fetchval(_SQL["expire"], before, at_once)
    return deleted
