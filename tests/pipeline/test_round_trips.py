"""Round trips of a flush: what it claims is locked until its commit, and every other flush of the session waits for that."""

from typing import Any

import pytest

from app.storage.pool.connector import GuardedConnection
from tests.databases import plain_only
from tests.pipeline.conftest import Rooms, Stage
from tests.pipeline.request_bodies import body, like, post

pytestmark = [pytest.mark.asyncio(loop_scope="module"), plain_only("a flush there has a statement for each table")]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements of all flushes."""
    found: list[str] = []

    def record(name: str) -> None:
        method = getattr(GuardedConnection, name)

        async def recorded(self: GuardedConnection, sql: str, *arguments: Any, **options: Any) -> Any:
            found.append(sql)
            return await method(self, sql, *arguments, **options)

        monkeypatch.setattr(GuardedConnection, name, recorded)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        record(name)
    return found


def _show(subject: str, number: int) -> list[dict[str, Any]]:
    """Return one event of each kind that claims: a viewer, a purchase of a new customer, a shipment of it."""
    viewer, order = f"viewer-{number}", f"order-{number}"
    paid = {"order": order, "buyer": viewer, "currency": "CNY", "amount": "10.00", "lines": []}
    return [
        like(subject, type="live.viewer.entered", data={"viewer": viewer, "source": "fans"}),
        like(subject, type="live.order.paid", data=paid),
        like(subject, type="live.order.shipped", data={"order": order}),
    ]


async def test_a_flush_claims_as_it_appends_and_then_writes_once(stage: Stage, room: Rooms, statements: list[str]) -> None:
    """Four statements: the begin, the log with all claims, the sums and orders, the commit."""
    subject = room()
    await stage.show(subject)
    receipt = (await post(stage.clients[0], body(_show(subject, 1)))).json()
    assert 3 == receipt["accepted"]
    statements.clear()
    receipt = (await post(stage.clients[0], body(_show(subject, 2)))).json()
    assert 3 == receipt["accepted"]
    flush = statements[statements.index("BEGIN") :]
    assert 4 == len(flush), [sql[:60] for sql in flush]
    assert all(f"INSERT INTO {table}" in flush[1] for table in ("events", "members", "customers", "spans"))
    assert all(f"INSERT INTO {table}" in flush[2] for table in ("counters", "orders"))
