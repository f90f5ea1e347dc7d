"""The plan of a show: read, replaced as a whole, never overwritten unseen."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.desk.conftest import Answer, NewSession, People
from tests.desk.plans import PLAN, put_plan, read_plan, without_ids
from tests.pipeline.request_bodies import assert_problem


async def test_a_plan_is_replaced_and_read_as_it_was_written(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Every part, in the order of the show; the routes of the parts show the same."""
    session = (await new_session())["id"]
    before, tag = await read_plan(client, session)
    assert ([], [], [], {}) == tuple(before[name] for name in ("streams", "lineup", "promotions", "targets"))
    answer = await put_plan(client, session, PLAN, tag)
    assert 200 == answer.status_code, answer.text
    stored, after = await read_plan(client, session)
    assert (stored, after) == (answer.json(), answer.headers["ETag"])
    assert PLAN == without_ids(stored)
    assert after != tag
    assert not after.startswith("W/")
    record = (await client.get(f"/v1/sessions/{session}")).json()
    assert ["skirt-02", "knit-01"] == [item["product"] for item in record["lineup"]]
    assert ["plan-1", "plan-2"] == [stream["room"] for stream in record["streams"]]
    unchanged = await client.get(f"/v1/sessions/{session}/plan", headers={"If-None-Match": after})
    assert 304 == unchanged.status_code
    again = await put_plan(client, session, stored, after)
    assert (stored, after) == (again.json(), again.headers["ETag"])


async def test_a_stale_plan_is_not_stored(client: httpx.AsyncClient, new_session: NewSession, people: People) -> None:
    """Two operators at once: one plan is stored, the other gets both versions, and its own again by the new tag."""
    session = (await new_session())["id"]
    _, tag = await read_plan(client, session)
    persons = [(await people(name=name)).headers for name in ("a", "b")]
    plans = [PLAN | {"title": title, "streams": []} for title in ("A", "B")]
    answers = await asyncio.gather(
        *(put_plan(client, session, plan, tag, **who) for plan, who in zip(plans, persons, strict=True))
    )
    assert [200, 412] == sorted(answer.status_code for answer in answers)
    stored = next(answer for answer in answers if answer.status_code == 200)
    [(problem, mine)] = [(answer, plan) for answer, plan in zip(answers, plans, strict=True) if answer.status_code == 412]
    assert_problem(problem, 412)
    assert "plan_changed" == problem.json()["code"]
    assert (stored.json(), mine["title"]) == (problem.json()["current"], problem.json()["yours"]["title"])
    present, now = await read_plan(client, session)
    assert (stored.json(), problem.headers["ETag"]) == (present, now)
    assert 200 == (await put_plan(client, session, mine, now)).status_code


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"title": "other"}),
        ("PATCH", "/lineup/knit-01", {"talk_points": "other"}),
        ("POST", "/lineup", {"product": "new"}),
        ("POST", "/promotions", {"kind": "video"}),
        ("POST", "/streams", {"platform": "wechat", "room": "plan-3"}),
    ],
)
async def test_a_change_by_any_route_makes_a_plan_stale(
    client: httpx.AsyncClient, new_session: NewSession, method: str, path: str, body: Answer
) -> None:
    """The tag is that of the whole plan, and every route of a part changes it."""
    session = (await new_session(lineup=[{"product": "knit-01"}]))["id"]
    plan, tag = await read_plan(client, session)
    assert (await client.request(method, f"/v1/sessions/{session}{path}", json=body)).is_success
    assert 412 == (await put_plan(client, session, plan | {"host": "王"}, tag)).status_code
    assert plan["host"] == (await read_plan(client, session))[0]["host"]


async def test_a_retry_succeeds_and_a_plan_without_a_tag_is_refused(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """The same plan with the old tag changes nothing; `*` overwrites; a weak form of the tag is the tag."""
    session = (await new_session())["id"]
    _, tag = await read_plan(client, session)
    plan = PLAN | {"promotions": PLAN["promotions"][:1]}
    first = await put_plan(client, session, plan, tag)
    retry = await put_plan(client, session, plan, tag)
    assert (200, first.json(), first.headers["ETag"]) == (retry.status_code, retry.json(), retry.headers["ETag"])
    missing = await put_plan(client, session, plan, None)
    assert_problem(missing, 428)
    assert "precondition_required" == missing.json()["code"]
    assert 200 == (await put_plan(client, session, plan | {"title": "x"}, f'"other", W/{first.headers["ETag"]}')).status_code
    assert 200 == (await put_plan(client, session, plan, "*")).status_code


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"title": ""}, 422, "/title"),
        ({"brand": "another"}, 422, "/brand"),
        ({"currency": "XXQ"}, 422, "/currency"),
        ({"lineup": [{"product": "a"}, {"product": "b", "live_price": "1.001"}]}, 422, "/lineup/1/live_price"),
        ({"lineup": [{"product": "a"}, {"product": "a"}]}, 422, "/lineup/1/product"),
        ({"lineup": [{"product": "a", "stock": -1}]}, 422, "/lineup/0/stock"),
        ({"streams": [{"platform": "wechat", "room": "r"}] * 2}, 422, "/streams/1"),
        ({"streams": [{"platform": "wechat", "room": "r"}, {"platform": "wechat", "room": "taken"}]}, 409, "/streams/1"),
        ({"promotions": [{"kind": "video", "url": "https://v.example/1"}] * 2}, 422, "/promotions/1/url"),
        ({"promotions": [{"kind": "video", "id": str(uuid4())}]}, 422, "/promotions/0/id"),
        ({"targets": {"no_such": 1}}, 422, "/targets/no_such"),
        ({"targets": {"gmv": 5}}, 422, "/targets/gmv"),
        ({"targets": {"gmv": "1.234"}}, 422, "/targets/gmv"),
        *(
            ({"targets": {"gmv": wrong}}, 422, "/targets/gmv")
            for wrong in ("12._5", "1_000", "-5", "", " 12", "+12", "１２", "NaN", "9" * 400)
        ),
        ({"targets": {"viewers": 1.5}}, 422, "/targets/viewers"),
        ({"targets": {"viewers": -1}}, 422, "/targets/viewers"),
        ({"targets": {"viewers": True}}, 422, "/targets/viewers"),
        ({"unknown": 1}, 422, "/unknown"),
    ],
)
async def test_an_error_names_its_field_and_nothing_is_stored(
    client: httpx.AsyncClient, new_session: NewSession, change: Answer, status: int, pointer: str
) -> None:
    """All or nothing: after the last error of a plan nothing of it is there, no product, no room."""
    await new_session(streams=[{"platform": "wechat", "room": "taken"}])
    session = (await new_session())["id"]
    before, tag = await read_plan(client, session)
    assert_problem(await put_plan(client, session, PLAN | {"streams": []} | change, tag), status, pointer)
    assert (before, tag) == await read_plan(client, session)
    assert [] == (await client.get("/v1/products")).json()["products"]


async def test_what_has_events_keeps_its_currency_and_its_promotions_their_figures(
    client: httpx.AsyncClient, new_session: NewSession
) -> None:
    """A promotion is the same by id or by url; parked events of a new room join; rooms that leave keep what they sent."""
    session = (await new_session())["id"]
    like = {"specversion": "1.0", "id": "1", "source": "//t", "type": "live.like.sent", "subject": "wechat:plan-1", "data": {}}
    assert 1 == (await client.post("/v1/events", json=like)).json()["parked"]
    first = (await put_plan(client, session, PLAN, "*")).json()
    kpis = (await client.get(f"/v1/sessions/{session}/kpis")).json()["kpis"]
    assert 1 == kpis["likes"]["value"]
    ids = [one["id"] for one in first["promotions"]]
    by_id = first["promotions"][1] | {"title": "named"}
    by_url = {"kind": "video", "url": "https://v.example/1"}
    second = (await put_plan(client, session, first | {"streams": [], "promotions": [by_url, by_id]}, "*")).json()
    assert ids == [one["id"] for one in second["promotions"]]
    assert ["https://v.example/1", None] == [one["url"] for one in second["promotions"]]
    assert 1 == (await client.get(f"/v1/sessions/{session}/kpis")).json()["kpis"]["likes"]["value"]
    refused = await put_plan(client, session, second | {"currency": "JPY"}, "*")
    assert (409, "currency_in_use") == (refused.status_code, refused.json()["code"])


async def test_a_plan_is_the_agencys(client: httpx.AsyncClient, new_session: NewSession, people: People) -> None:
    """Another brand: 404. A bound viewer: 403, and no talk points by any route. Other viewers read, and do not write."""
    session = (await new_session())["id"]
    plan = (await put_plan(client, session, PLAN, "*")).json()
    own = (await client.get("/v1/brands")).json()["brands"][0]["id"]
    other = (await client.post("/v1/brands", json={"slug": "theirs", "name": "Theirs"})).json()["id"]
    url = f"/v1/sessions/{session}"
    for role, brand, read, write in (
        ("operator", other, 404, 404), ("viewer", own, 403, 403), ("viewer", None, 200, 403), ("ingest", None, 403, 403),
        ("operator", own, 200, 200),
    ):  # fmt: skip
        who = (await people(role, brand)).headers
        for path in ("/plan", "/checklist"):
            assert read == (await client.get(url + path, headers=who)).status_code, (role, path)
        assert write == (await put_plan(client, session, plan, "*", **who)).status_code, role
        copied = await client.post(f"{url}/copies", json={}, headers=who)
        assert write == (200 if copied.status_code == 201 else copied.status_code), role
    client_headers = (await people("viewer", own)).headers
    for path in ("", "/lineup"):
        answer = await client.get(url + path, headers=client_headers)
        assert 200 == answer.status_code
        assert "160cm" not in answer.text
        assert "160cm" in (await client.get(url + path)).text


async def test_every_write_of_a_plan_is_audited(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """A stale plan and a wrong one leave no row."""
    session = (await new_session())["id"]
    for plan, tag in ((PLAN, "*"), (PLAN | {"title": "other"}, '"old"'), (PLAN | {"title": ""}, "*")):
        await put_plan(client, session, plan, tag)
    rows = (await client.get("/v1/audit", params={"session": session, "action": "plan"})).json()["entries"]
    assert [("plan.update", session)] == [(row["action"], row["session"]) for row in rows]


async def test_the_checklist_tests_itself(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """From nothing to ready, item by item."""
    session = (await new_session())["id"]

    async def states(**expected: Any) -> None:
        document = (await client.get(f"/v1/sessions/{session}/checklist")).json()
        found = {item["code"]: item for item in document["items"]}
        assert expected.items() <= {code: item["state"] for code, item in found.items()}.items(), found
        assert document["ready"] is all(item["state"] == "ok" for item in document["items"])

    await states(**dict.fromkeys(("schedule", "products", "rooms", "connections", "promotions", "rate"), "missing"))
    day = datetime.now(UTC) + timedelta(days=2)
    plan = PLAN | {"scheduled_at": day.isoformat(), "time_zone": "UTC"}
    bare = plan | {"lineup": [{"product": "knit-01", "live_price": "9.00"}]}
    assert 200 == (await put_plan(client, session, bare, "*")).status_code
    await states(schedule="ok", products="missing", rooms="ok", promotions="waiting")
    linked = [*PLAN["promotions"][:1], PLAN["promotions"][1] | {"url": "https://v.example/2"}]
    await put_plan(client, session, plan | {"promotions": linked}, "*")
    await states(products="ok", promotions="ok")
    hook = {"kind": "standard_webhooks", "name": "tool", "brand": "maison-k", "secrets": {"secret": "whsec_" + "MfKQ9r8G" * 6}}
    assert 201 == (await client.post("/v1/connections", json=hook)).status_code
    await states(connections="waiting")
    contract = {"brand": "maison-k", "plan": "spot", "starts_on": f"{day:%Y-%m-%d}"}
    assert 201 == (await client.post("/v1/contracts", json=contract)).status_code
    await states(rate="waiting")
    rate = {"rate": "17.09", "source": "a bank"}
    assert (await client.put(f"/v1/exchange-rates/{day:%Y-%m-%d}/CNY/JPY/TTM", json=rate)).is_success
    await states(rate="ok")
    await put_plan(client, session, plan | {"currency": "JPY", "lineup": [], "targets": {}}, "*")
    await states(rate="ok", products="missing")


async def test_targets_keep_their_currency(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Money in another currency would be another amount."""
    session = (await new_session())["id"]
    assert 200 == (await put_plan(client, session, PLAN | {"lineup": []}, "*")).status_code
    refused = await client.patch(f"/v1/sessions/{session}", json={"currency": "JPY"})
    assert (409, "currency_in_use") == (refused.status_code, refused.json()["code"])
    assert 200 == (await put_plan(client, session, PLAN | {"lineup": [], "targets": {"viewers": 5}}, "*")).status_code
    assert 200 == (await client.patch(f"/v1/sessions/{session}", json={"currency": "JPY"})).status_code
