"""Rebuilds of large sessions are jobs: the answer says so, and the figures are the old ones until the job is done."""

import asyncio
import math
from typing import Any
from uuid import UUID

import pytest

from app.ingest.rebuilding import rebuild_requests
from app.ingest.rebuilding.rebuild import compare
from app.ingest.rebuilding.rebuild_requests import enqueue_due, work
from app.settings import Settings
from app.storage.ingest import rebuilds
from tests.pipeline.conftest import Rooms, Stage
from tests.pipeline.rebuilding import do_jobs, leave_all_to_jobs, pending_rebuilds, send, void_event
from tests.pipeline.reference_records import Show
from tests.pipeline.request_bodies import body
from tests.pipeline.strategies import START, event

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave every rebuild to a job."""
    leave_all_to_jobs(monkeypatch)


@pytest.mark.usefixtures("everything_is_large")
async def test_a_large_session_is_left_to_a_job_and_the_answer_says_so(stage: Stage, room: Rooms) -> None:
    """Alias, void, void taken back, deletion: the figures are the old ones until the job is done, which tells how far it is."""
    name = room()
    show = await stage.show(name)
    paid = {"order": "1", "currency": "CNY", "amount": "3.00", "lines": [{"product": "alias-1", "quantity": 1, "amount": "3.00"}]}
    one = event(1, "order.paid", name, START.isoformat(), paid | {"buyer": "b"})
    await send(stage.client, [one])
    made = await stage.post("/v1/products", {"brand": show.brand, "code": "coat"})
    assert "rebuilds" not in made
    path = f"/v1/products/{made['id']}"
    changed = (await stage.client.put(f"{path}/aliases/alias-1")).json()
    [waiting] = changed["rebuilds"]
    assert (show.id, "waiting", "alias") == (waiting["session"], waiting["state"], waiting["reason"])
    assert waiting == (await stage.client.get(f"/v1/sessions/{show.id}/rebuild")).json()
    assert "alias-1" == await _only_product(stage, show)
    await do_jobs(stage, show)
    done = (await stage.client.get(f"/v1/sessions/{show.id}/rebuild")).json()
    assert ("done", 1, 1) == (done["state"], done["events_read"], done["events"])
    assert "coat" == await _only_product(stage, show)
    void = await void_event(stage.client, show, one)
    assert ("waiting", "void") == (void["rebuild"]["state"], void["rebuild"]["reason"])
    back = await stage.client.delete(f"/v1/sessions/{show.id}/voids/{void['id']}")
    assert (202, [show.id]) == (back.status_code, [row["session"] for row in back.json()["rebuilds"]])
    assert 202 == (await stage.client.delete(path)).status_code
    await do_jobs(stage, show)
    assert "alias-1" == await _only_product(stage, show)
    assert [] == await compare(stage.service.database, stage.service.settings, UUID(show.id))
    headers = await stage.key("viewer", (await stage.show()).brand)
    assert 404 == (await stage.client.get(f"/v1/sessions/{show.id}/rebuild", headers=headers)).status_code


async def _only_product(stage: Stage, show: Show) -> str:
    [found] = (await stage.client.get(f"/v1/sessions/{show.id}/products")).json()["products"]
    return str(found["product"])


async def test_a_failed_rebuild_is_tried_again_after_a_pause(stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures stay; the failures are counted; the next attempt is not due at once, nor after a further request."""
    name = room()
    show = await stage.show(name)
    await send(stage.client, [event(1, "like.sent", name, START.isoformat(), {})])
    database, settings, session = stage.service.database, stage.service.settings, UUID(show.id)
    async with database.acquire() as connection:
        await rebuild_requests.request(connection, session, "command")

    async def fails(*_: object) -> int:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("app.ingest.rebuilding.rebuild.swap", fails)
        await work(database, settings, session)
        await work(database, settings, session)
    async with database.acquire() as connection:
        await rebuild_requests.request(connection, session, "command")
    failed = (await pending_rebuilds(stage))[show.id]
    assert (2, "waiting") == (failed["failures"], failed["state"])
    async with database.acquire() as connection:
        assert session not in await rebuilds.due(connection, 1_000)
        await connection.execute("UPDATE rebuilds SET not_before = now() WHERE session_id = $1", session)
        await enqueue_due(database)
        await enqueue_due(database)
        job = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'rebuild' AND payload = convert_to($1, 'UTF8')"
        assert 1 == await connection.fetchval(job, show.id)
    await work(database, settings, session)
    assert show.id not in await pending_rebuilds(stage)
    assert [] == await compare(database, settings, session)


@pytest.mark.parametrize(
    ("events", "until", "slots", "error", "left"),
    [
        pytest.param(1_000, math.inf, True, None, 1, id="each session costs 500 events"),
        pytest.param(50_000, 0.0, True, None, 3, id="the time is over"),
        pytest.param(50_000, math.inf, False, None, 3, id="no slot is free"),
        pytest.param(50_000, math.inf, True, KeyError(), 3, id="it fails"),
    ],
)
async def test_what_a_request_does_not_rebuild_itself_is_left_to_jobs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, events: int, until: float, *, slots: bool, error: Exception | None, left: int
) -> None:
    """The change is committed and answered with the rebuilds that are pending; the jobs do them."""
    show = await stage.show()
    shows = [show, await stage.show(brand=show.brand), await stage.show(brand=show.brand)]
    for number, one in enumerate(shows):
        await send(stage.client, [event(number, "product.clicked", one.id, START.isoformat(), {"product": "alias-3"})])
    made = await stage.post("/v1/products", {"brand": show.brand, "code": "coat"})

    def limited(budget: rebuild_requests.Budget, settings: Settings) -> None:
        del settings
        budget.events, budget.until = events, until

    async def fails(*_: object) -> int:
        assert error is not None
        raise error

    taken: list[asyncio.Semaphore] = []
    with monkeypatch.context() as patched:
        patched.setattr(rebuild_requests.Budget, "__init__", limited)
        if error is not None:
            patched.setattr("app.ingest.rebuilding.rebuild.swap", fails)
        if not slots:
            patched.setattr(rebuild_requests, "_AT_ONCE_SECONDS", 0.01)
            for semaphore in {service.database.long_work for service in stage.services}:
                while not semaphore.locked():
                    await semaphore.acquire()
                    taken.append(semaphore)
        answer = await stage.client.put(f"/v1/products/{made['id']}/aliases/alias-3")
    for semaphore in taken:
        semaphore.release()
    assert 200 == answer.status_code, answer.text
    assert left == len(answer.json()["rebuilds"])
    await do_jobs(stage, *shows)
    for one in shows:
        assert "coat" == await _only_product(stage, one)


@pytest.mark.usefixtures("everything_is_large")
async def test_an_import_that_counts_again_before_its_void_took_effect_counts_once(stage: Stage) -> None:
    """A void waits for its rebuild; the same rows of another import are valid again, and are not added a second time."""
    show = await stage.show()
    first = await _import(stage, show)
    assert ("30.00", []) == (await _gmv(stage, show), first["rebuilds"])
    void = await stage.client.post(f"/v1/sessions/{show.id}/voids", json={"import": first["id"], "reason": "wrong file"})
    assert (2, "waiting") == (void.json()["events"], void.json()["rebuild"]["state"])
    assert "30.00" == await _gmv(stage, show)
    assert 2 == (await _import(stage, show))["accepted"]
    assert "30.00" == await _gmv(stage, show)
    await do_jobs(stage, show)
    assert "30.00" == await _gmv(stage, show)
    assert [] == await compare(stage.service.database, stage.service.settings, UUID(show.id))


async def _import(stage: Stage, show: Show) -> dict[str, Any]:
    rows = ["o,b,p,q,a,t", "A-1,x,knit-01,1,10.00,2021-09-25 14:10:00", "A-2,y,knit-01,2,20.00,2021-09-25 14:10:00"]
    columns = {"order": "o", "buyer": "b", "product": "p", "quantity": "q", "line_amount": "a", "paid_at": "t"}
    options = {"kind": "orders", "subject": show.id, "columns": columns, "currency": "CNY", "timezone": "Asia/Tokyo"}
    files = {"file": ("o.csv", "\n".join(rows).encode())}
    answer = await stage.client.post("/v1/imports", data={"options": body(options).decode()}, files=files)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def _gmv(stage: Stage, show: Show) -> str | None:
    figures = (await stage.client.get(f"/v1/sessions/{show.id}/kpis")).json()["kpis"]
    return figures["gmv"]["value"]  # type: ignore[no-any-return]  # JSON


@pytest.mark.usefixtures("everything_is_large")
async def test_an_alias_that_is_removed_while_its_rebuild_waits_leaves_no_trace(stage: Stage, room: Rooms) -> None:
    """The session does not have the product's code yet, and gets it from no rebuild."""
    name = room()
    show = await stage.show(name)
    await send(stage.client, [event(1, "product.clicked", name, START.isoformat(), {"product": "alias-2"})])
    made = await stage.post("/v1/products", {"brand": show.brand, "code": "coat"})
    path = f"/v1/products/{made['id']}/aliases/alias-2"
    assert 1 == len((await stage.client.put(path)).json()["rebuilds"])
    assert 1 == len((await stage.client.delete(path)).json()["rebuilds"])
    await do_jobs(stage, show)
    assert "alias-2" == await _only_product(stage, show)
    assert [] == await compare(stage.service.database, stage.service.settings, UUID(show.id))
