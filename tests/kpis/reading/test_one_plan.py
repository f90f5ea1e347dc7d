"""The database plans the reads of one session once, whatever its statistics say of the session."""

import httpx
import pytest

from app.service import Service
from app.storage.database import Database
from tests.databases import plain_only
from tests.kpis.event_builders import NewSession, Read, Send, paid

_PLANS = "SELECT sum(custom_plans)::int, sum(generic_plans)::int FROM pg_prepared_statements WHERE statement LIKE '%counted_platforms%'"


async def _plans(service: Service) -> tuple[int, int]:
    async with service.database.acquire_for_figures() as connection:
        custom, generic = await connection.fetchrow(_PLANS) or (0, 0)
        return custom or 0, generic or 0


@plain_only("it looks for the node of each session, and counts that as a plan for it")
async def test_a_session_that_no_statistics_know_is_read_by_the_plan_of_all(
    service: Service, new_session: NewSession, send: Send, read: Read
) -> None:
    """The statistics know one large session; a plan for the new one alone would cost less than the plan of all, but for the planning."""
    await new_session(streams=[{"platform": "wechat", "room": "known"}])
    await send("wechat:known", *(paid(60 + n, f"o{n}", f"b{n}", ("knit", 1, "10.00")) for n in range(300)))
    async with service.database.acquire() as connection:
        await connection.execute("ANALYZE")
    session = await new_session(streams=[{"platform": "wechat", "room": "new"}])
    await send("wechat:new", paid(60, "other", "b", ("knit", 1, "10.00")))
    before = await _plans(service)
    for _ in range(8):
        await read(session, "kpis")
    after = await _plans(service)
    assert before[0] == after[0]
    assert before[1] < after[1]


@pytest.mark.parametrize(
    "path",
    [
        "brands/maison-k/orders", "brands/maison-k/customers", "brands/maison-k/cohorts", "brands/maison-k/months/2021-09",
        "months/2021-09", "brands/maison-k/history", "brands/maison-k/hosts",
    ],
)  # fmt: skip
async def test_reads_of_many_sessions_are_planned_for_what_they_ask(
    path: str, client: httpx.AsyncClient, new_session: NewSession, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many sessions, and which filters: there is no plan that is good for all of them."""
    await new_session(streams=[{"platform": "wechat", "room": "room"}])
    await send("wechat:room", paid(60, "1", "b", ("knit", 1, "10.00")))

    def refuse(_: Database) -> None:
        raise AssertionError

    monkeypatch.setattr(Database, "acquire_for_figures", refuse)
    assert 200 == (await client.get(f"/v1/{path}")).status_code
