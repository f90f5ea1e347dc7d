"""Dead letters by cause, and decisions about all of a cause by a job."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.catalogue.access import Role
from app.service import Service
from app.storage.platforms import bulk_jobs
from tests.conftest import KeyMaker
from tests.platforms.conftest import Answer, Connect, path_of, until

RULE = {
    "type": "live.like.sent", "each": "likes", "id": "item.n", "room": "body.room",
    "data": {"viewer": "item.user", "count": "item.count"},
}  # fmt: skip
Run = Callable[[Answer], Awaitable[Answer]]


@pytest.fixture
def run(client: httpx.AsyncClient, service: Service) -> Run:
    """Do a requested job here, without the worker's process of waiting, and return it."""

    async def work(job: Answer) -> Answer:
        await service.platforms.worker.bulk.work(UUID(job["id"]))
        return dict((await client.get(f"/v1/jobs/{job['id']}")).json())

    return work


async def deliver(client: httpx.AsyncClient, hook: Answer, *numbers: int, room: str = "8812") -> None:
    """Send likes whose count stands under another name than the rule says, each in a delivery of its own."""
    for number in numbers:
        like = {"n": number, "user": f"u{number}", "count": "many", "total": number}
        assert 200 == (await client.post(path_of(hook), json={"room": room, "likes": [like]})).status_code


async def groups(client: httpx.AsyncClient, **options: Any) -> list[Answer]:
    """Return the groups of dead letters."""
    answer = await client.get("/v1/dead-letters/groups", **options)
    assert 200 == answer.status_code, answer.text
    return list(answer.json()["groups"])


async def test_a_group_is_replayed_once_its_mapping_is_corrected(
    connect: Connect, new_session: Connect, client: httpx.AsyncClient, kpis: Callable[..., Any], run: Run
) -> None:
    """60 dead letters of one cause are one group; before the correction all stay, after it all count, once."""
    session = await new_session(("bilibili", "8812"))
    hook = await connect("mapping", signature="none", platform="bilibili", rules=[RULE])
    await deliver(client, hook, *range(1, 61))
    event = {"specversion": "1.0", "id": "x", "source": "/x", "type": "live.order.paid", "subject": "bilibili:8812", "data": {}}
    await client.post("/v1/events", json=[event])
    found = await groups(client)
    assert [("live.order.paid", 1), (None, 60)] == [(one["type"], one["count"]) for one in found]
    assert (hook["id"], "mapping") == (found[1]["connection"]["id"], found[1]["connection"]["kind"])
    form = {"filter": {"group": found[1]["group"]}}
    first = await client.post("/v1/dead-letters/replay", json=form)
    again = await client.post("/v1/dead-letters/replay", json=form)
    assert (202, 200, first.json()["id"]) == (first.status_code, again.status_code, again.json()["id"])
    assert ("waiting", 60, 0) == tuple(first.json()[name] for name in ("state", "total", "done"))
    done = await run(first.json())
    assert ("done", 60, 0, 60) == tuple(done[name] for name in ("state", "done", "succeeded", "failed"))
    rule = {**RULE, "data": {"viewer": "item.user", "count": "item.total"}}
    options = {"signature": "none", "platform": "bilibili", "rules": [rule]}
    assert 200 == (await client.patch(f"/v1/connections/{hook['id']}", json={"options": options})).status_code
    (group,) = [one for one in await groups(client) if one["type"] is None]
    job = (await client.post("/v1/dead-letters/replay", json={"filter": {"group": group["group"]}})).json()
    done = await run(job)
    assert ("done", 60, 60, 0) == tuple(done[name] for name in ("state", "done", "succeeded", "failed"))
    assert sum(range(1, 61)) == (await kpis(session["id"]))["likes"]
    assert ["live.order.paid"] == [one["type"] for one in await groups(client)]
    job = (
        await client.post("/v1/dead-letters/discard", json={"filter": {"type": "live.order.paid", "code": found[0]["code"]}})
    ).json()
    assert 1 == (await run(job))["succeeded"]
    assert [] == await groups(client)
    actions = [row["action"] for row in (await client.get("/v1/audit")).json()["entries"]]
    assert {"dead_letters.replay", "dead_letters.delete"} <= set(actions)


@pytest.mark.usefixtures("working")
async def test_the_worker_does_jobs(connect: Connect, client: httpx.AsyncClient) -> None:
    """From the request to the end without another call."""
    hook = await connect("mapping", signature="none", platform="bilibili", rules=[RULE])
    await deliver(client, hook, 1, 2)
    job = (await client.post("/v1/dead-letters/discard", json={"filter": {"origin": f"connection:{hook['id']}"}})).json()

    async def ended() -> bool:
        return bool((await client.get(f"/v1/jobs/{job['id']}")).json()["state"] == "done")

    await until(ended, "the job")
    assert [] == await groups(client)


async def test_a_killed_job_continues_and_a_cancelled_one_ends(
    connect: Connect, client: httpx.AsyncClient, service: Service, run: Run
) -> None:
    """Dead letters before the noted place are not looked at again; a cancelled job does at most one more step."""
    hook = await connect("mapping", signature="none", platform="bilibili", rules=[RULE])
    await deliver(client, hook, *range(1, 4))
    form = {"filter": {"origin": f"connection:{hook['id']}"}}
    job = (await client.post("/v1/dead-letters/discard", json=form)).json()
    async with service.database.acquire() as connection:
        (oldest, at), *_ = await bulk_jobs.dead_letters(
            connection, bulk_jobs.DeadLetterMatch(origin=form["filter"]["origin"]), datetime.now(UTC), (None, None), 3
        )
        await bulk_jobs.start(connection, UUID(job["id"]))
        await bulk_jobs.progress(connection, UUID(job["id"]), 1, 0, 1, (at, oldest))
    done = await run(job)
    assert ("done", 3, 2, 1) == tuple(done[name] for name in ("state", "done", "succeeded", "failed"))
    assert [oldest] == [UUID(one["id"]) for one in (await client.get("/v1/dead-letters")).json()["dead_letters"]]
    job = (await client.post("/v1/dead-letters/discard", json=form)).json()
    cancelled = (await client.post(f"/v1/jobs/{job['id']}/cancel")).json()
    assert "cancelled" == cancelled["state"]
    assert "cancelled" == (await run(job))["state"]
    assert 1 == len((await client.get("/v1/dead-letters")).json()["dead_letters"])
    assert "cancelled" == (await client.post(f"/v1/jobs/{job['id']}/cancel")).json()["state"]


async def test_parked_events_of_a_room(
    connect: Connect, new_session: Connect, client: httpx.AsyncClient, kpis: Callable[..., Any], run: Run
) -> None:
    """The list says whose room it is and why they wait; a room is discarded as a whole, and only it."""
    rule = {**RULE, "data": {"viewer": "item.user", "count": "item.total"}}
    hook = await connect("mapping", signature="none", platform="bilibili", rules=[rule])
    for room in ("1", "2"):
        await deliver(client, hook, 1, 2, room=room)
    rooms = (await client.get("/v1/parked")).json()["rooms"]
    assert [("1", 2, "room_not_registered", [f"connection:{hook['id']}"])] == [
        (one["room"], one["events"], one["reason"], one["origins"]) for one in rooms if one["room"] == "1"
    ]
    answer = await client.post("/v1/parked/replay", json={"filter": {"platform": "bilibili", "room": "1"}})
    assert (202, 0) == (answer.status_code, (await run(answer.json()))["succeeded"])
    job = (await client.post("/v1/parked/discard", json={"filter": {"platform": "bilibili", "room": "1"}})).json()
    done = await run(job)
    assert ("done", 2) == (done["state"], done["succeeded"])
    assert ["2"] == [one["room"] for one in (await client.get("/v1/parked")).json()["rooms"]]
    session = await new_session(("bilibili", "1"), ("bilibili", "2"))
    assert 3 == (await kpis(session["id"]))["likes"]


async def test_a_bound_operator_decides_about_its_own_brand(
    connect: Connect, new_session: Connect, client: httpx.AsyncClient, keys: KeyMaker, run: Run
) -> None:
    """Neither groups nor jobs of another brand, by no filter; a job of an unbound principal is not theirs to see or cancel."""
    await new_session(brand="other")
    hook = await connect("mapping", signature="none", platform="bilibili", rules=[RULE])
    await deliver(client, hook, 1)
    brands = {one["slug"]: one["id"] for one in (await client.get("/v1/brands")).json()["brands"]}
    other, own = await keys(Role.OPERATOR, brands["other"]), await keys(Role.OPERATOR, brands["maison-k"])
    (group,) = await groups(client)
    assert ([], [group]) == (await groups(client, headers=other), await groups(client, headers=own))
    form = {"filter": {"group": group["group"]}}
    job = (await client.post("/v1/dead-letters/discard", json=form, headers=other)).json()
    assert (0, 0) == (job["total"], (await run(job))["done"])
    assert 1 == len(await groups(client))
    unbound = (await client.post("/v1/dead-letters/discard", json=form)).json()
    for headers, seen in ((other, 404), (own, 404)):
        assert seen == (await client.get(f"/v1/jobs/{unbound['id']}", headers=headers)).status_code
        assert seen == (await client.post(f"/v1/jobs/{unbound['id']}/cancel", headers=headers)).status_code
    assert [job["id"]] == [one["id"] for one in (await client.get("/v1/jobs", headers=other)).json()["jobs"]]
    assert "waiting" == (await client.get(f"/v1/jobs/{unbound['id']}")).json()["state"]
    assert 422 == (await client.post("/v1/dead-letters/discard", json={"filter": {}})).status_code
    assert 403 == (await client.post("/v1/dead-letters/discard", json=form, headers=await keys(Role.VIEWER))).status_code
