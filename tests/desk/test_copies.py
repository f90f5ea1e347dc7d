"""Copies of a show: its plan, nothing that happened, and its rooms if they are to move."""

import asyncio

import httpx

from tests.desk.conftest import NewSession
from tests.desk.plans import PLAN, put_plan, read_plan, without_ids


async def test_a_copy_has_the_plan_and_nothing_that_happened(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Products, prices, talk points, host, targets; no room, no link, no event. The original stays as it was."""
    session = (await new_session())["id"]
    original = (await put_plan(client, session, PLAN, "*")).json()
    answer = await client.post(f"/v1/sessions/{session}/copies", json={"scheduled_at": "2021-10-02T05:00:00Z"})
    assert 201 == answer.status_code, answer.text
    copy = answer.json()
    assert f"/v1/sessions/{copy['id']}" == answer.headers["Location"]
    plan, _ = await read_plan(client, copy["id"])
    promotions = [one | {"url": None, "published_at": None} for one in PLAN["promotions"]]
    changed = {"scheduled_at": "2021-10-02T05:00:00Z", "streams": [], "promotions": promotions}
    assert PLAN | changed == without_ids(plan)
    assert original == (await read_plan(client, session))[0]
    assert {one["id"] for one in plan["promotions"]}.isdisjoint(one["id"] for one in original["promotions"])


async def test_a_copy_has_as_many_promotions_as_the_original(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Also more than one request may create with a session."""
    session = (await new_session())["id"]
    many = PLAN | {"streams": [], "promotions": [{"kind": "video", "url": f"https://v.example/{n}"} for n in range(201)]}
    assert 200 == (await put_plan(client, session, many, "*")).status_code
    copy = await client.post(f"/v1/sessions/{session}/copies", json={})
    assert (201, 201) == (copy.status_code, len(copy.json()["promotions"]))


async def test_a_rehearsal_becomes_the_show(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """The rooms move with their registration; what they sent before stays with the rehearsal, what they send now is the show's."""
    session = (await new_session())["id"]
    await put_plan(client, session, PLAN, "*")

    async def send(number: int, event_type: str) -> None:
        event = {
            "specversion": "1.0",
            "id": str(number),
            "source": "//t",
            "type": event_type,
            "subject": "wechat:plan-1",
            "data": {},
        }
        assert 1 == (await client.post("/v1/events", json=event)).json()["accepted"]

    await send(1, "live.session.started")
    await send(2, "live.like.sent")
    form = {"kind": "live", "rooms": "move", "title": "本番"}
    on_air = await client.post(f"/v1/sessions/{session}/copies", json=form)
    assert (409, "session_on_air") == (on_air.status_code, on_air.json()["code"])
    await send(3, "live.session.ended")
    show = (await client.post(f"/v1/sessions/{session}/copies", json=form)).json()
    assert ("live", "本番", "scheduled") == (show["kind"], show["title"], show["status"])
    await send(4, "live.like.sent")
    likes = [(await client.get(f"/v1/sessions/{one}/kpis")).json()["kpis"]["likes"]["value"] for one in (session, show["id"])]
    assert [1, 1] == likes
    plan, _ = await read_plan(client, show["id"])
    assert PLAN | {"kind": "live", "title": "本番", "scheduled_at": None} == without_ids(plan)
    assert [] == (await read_plan(client, session))[0]["streams"]
    assert all(stream["confirmed"] for stream in show["streams"])


async def test_rooms_do_not_move_while_their_show_begins(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """A start at the same moment is before the move, which is refused then, or it is the copy's."""
    for number in range(6):
        room = {"platform": "wechat", "room": f"race-{number}"}
        session = (await new_session(streams=[room]))["id"]
        start = {"specversion": "1.0", "id": f"start-{number}", "source": "//t", "type": "live.session.started", "data": {}}
        sent, moved = await asyncio.gather(
            client.post("/v1/events", json=start | {"subject": f"wechat:race-{number}"}),
            client.post(f"/v1/sessions/{session}/copies", json={"rooms": "move", "kind": "live"}),
        )
        assert 1 == sent.json()["accepted"]
        original = (await client.get(f"/v1/sessions/{session}")).json()["status"]
        if moved.status_code == 409:
            assert "live" == original
        else:
            copied = (await client.get(f"/v1/sessions/{moved.json()['id']}")).json()["status"]
            assert ("scheduled", "live") == (original, copied)
