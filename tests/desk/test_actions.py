"""Actions of the desk become events on the ordinary way in: once, under the name of who acted, and with undo."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.ingest.rebuilding.rebuild import compare
from app.service import Service
from tests.desk.conftest import Act, Answer, NewSession, People
from tests.people.conftest import Person as PersonMaker, SignedIn
from tests.pipeline.request_bodies import assert_problem

AT = "2021-09-25T14:%02d:00+09:00"
SHOW: list[tuple[str, dict[str, Any]]] = [
    ("live.stock.changed", {"action": "stock", "product": "knit-01", "stock": 5, "at": AT % 0}),
    ("live.session.started", {"action": "start", "at": AT % 1}),
    ("live.host.changed", {"action": "host", "host": "小林", "at": AT % 2}),
    ("live.product.showcased", {"action": "showcase", "product": "knit-01", "at": AT % 3}),
    ("live.mark.set", {"action": "mark", "label": "coupon", "text": "9折", "until": AT % 9, "at": AT % 4}),
    ("live.product.withdrawn", {"action": "withdraw", "product": "knit-01", "at": AT % 5}),
    ("live.stock.changed", {"action": "stock", "product": "knit-01", "stock": 0, "at": AT % 6}),
    ("live.session.ended", {"action": "end", "at": AT % 7}),
]


async def _get(client: httpx.AsyncClient, path: str, **params: Any) -> Answer:
    answer = await client.get(path, params=params)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def test_every_action_becomes_an_event_of_its_person(
    client: httpx.AsyncClient, new_session: NewSession, people: People, act: Act
) -> None:
    """With its time and data, addressed to the session; the timeline shows all of them."""
    session, person = (await new_session())["id"], await people()
    for number, (_, action) in enumerate(SHOW):
        answer = await act(session, person, **action, id=f"a-{number}")
        assert 200 == answer.status_code, answer.text
        assert (1, 0, person.source, f"a-{number}") == tuple(
            answer.json()[name] for name in ("accepted", "duplicates", "source", "event")
        )
    logged = (await _get(client, "/v1/events", session=session))["events"]
    assert [event_type for event_type, _ in SHOW] == [event["type"] for event in logged]
    assert {person.source} == {event["source"] for event in logged}
    for event, (_, action) in zip(logged, SHOW, strict=True):
        assert {name: value for name, value in action.items() if name not in {"action", "at"}} == event["data"]
    marks = (await _get(client, f"/v1/sessions/{session}/timeline"))["marks"]
    assert ["started", "host", "showcased", "mark", "withdrawn", "sold_out", "ended"] == [mark["kind"] for mark in marks]
    assert ("小林", None) == (marks[1]["host"], marks[1]["label"])
    assert (None, "coupon", "9折", AT % 9) == tuple(marks[3][name] for name in ("host", "label", "text", "until"))


async def test_an_action_sent_twice_is_one(client: httpx.AsyncClient, new_session: NewSession, people: People, act: Act) -> None:
    """Also at once, and without a time; another action under the same id is a conflict and changes nothing."""
    session, person = (await new_session(lineup=[{"product": "a"}]))["id"], await people()
    answers = await asyncio.gather(*(act(session, person, action="stock", product="a", stock=3, id="1") for _ in range(5)))
    assert [(0, 1)] * 4 + [(1, 0)] == sorted((one.json()["accepted"], one.json()["duplicates"]) for one in answers)
    other = (await act(session, person, action="stock", product="a", stock=9, id="1")).json()
    assert (0, 0, 1) == (other["accepted"], other["duplicates"], other["conflicts"])
    assert 3 == (await _get(client, f"/v1/sessions/{session}/products"))["products"][0]["stock"]
    colleague = await people(name="second iPad")
    assert 1 == (await act(session, colleague, action="stock", product="a", stock=2, id="1")).json()["accepted"]


async def test_a_queue_of_a_device_that_was_offline_tells_the_same_show(
    client: httpx.AsyncClient, new_session: NewSession, people: People, act: Act
) -> None:
    """In order, late, and partly twice: the marks and figures are those of actions that were sent at once."""
    person = await people()
    told = []
    for late in (False, True):
        session = (await new_session())["id"]
        queue = [action | {"id": str(number)} for number, (_, action) in enumerate(SHOW)]
        for action in [*queue[:3], *queue[1:], *queue[5:]] if late else queue:
            assert 200 == (await act(session, person, **action)).status_code
        told.append((await _get(client, f"/v1/sessions/{session}/timeline"))["marks"])
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("action", "pointer"),
    [
        ({"action": "fly"}, "/action"),
        ({"action": "showcase"}, "/product"),
        ({"action": "showcase", "product": " "}, "/product"),
        ({"action": "stock", "product": "a"}, "/stock"),
        ({"action": "stock", "product": "a", "stock": -1}, "/stock"),
        ({"action": "start", "product": "a"}, "/product"),
        ({"action": "host"}, "/host"),
        ({"action": "mark", "text": "x"}, "/label"),
        ({"action": "mark", "label": "Not a slug"}, "/label"),
        ({"action": "mark", "label": "note", "until": "soon"}, "/until"),
        ({"action": "end", "at": "2021-09-25T14:00:00"}, "/at"),
        ({"action": "end", "at": 1632546000}, "/at"),
        ({"action": "end", "id": ""}, "/id"),
        ({"action": "end", "id": "\u0000"}, "/id"),
        ({"action": "end", "source": "/desk/else"}, "/source"),
    ],
)
async def test_a_wrong_action_names_its_field(
    client: httpx.AsyncClient, new_session: NewSession, people: People, act: Act, action: Answer, pointer: str
) -> None:
    """422 with the JSON pointer, and nothing is logged."""
    session, person = (await new_session())["id"], await people()
    assert_problem(await act(session, person, **action), 422, pointer)
    assert [] == (await _get(client, "/v1/events", session=session))["events"]


async def test_the_desk_belongs_to_operators_of_the_brand(
    client: httpx.AsyncClient, new_session: NewSession, people: People, act: Act
) -> None:
    """Other roles 403, another brand 404 for acting and reading; nothing of it reaches the session."""
    session = (await new_session(brand="ours"))["id"]
    brands = {one["slug"]: one["id"] for one in (await _get(client, "/v1/brands"))["brands"]}
    other = (await client.post("/v1/brands", json={"slug": "theirs", "name": "Theirs"})).json()["id"]
    url = f"/v1/sessions/{session}/desk"
    for role, brand, status in (
        ("viewer", None, 403), ("ingest", None, 403), ("operator", other, 404), ("operator", brands["ours"], 200), ("admin", None, 200),
    ):  # fmt: skip
        person = await people(role, brand)
        assert status == (await act(session, person, action="start")).status_code, role
        assert status == (await client.get(url, headers=person.headers)).status_code, role
    assert 2 == len((await _get(client, url))["actions"])
    missing = "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d"
    assert_problem(await act(missing, await people(), action="start"), 404)


async def test_the_last_actions_are_listed_with_who_and_undo(
    client: httpx.AsyncClient, new_session: NewSession, people: People, act: Act, service: Service
) -> None:
    """The latest first, page by page, from everybody; a void takes one out of the figures, and its removal puts it back."""
    session = (await new_session(lineup=[{"product": "knit-01"}]))["id"]
    first, second = await people(name="iPad"), await people("admin", name="laptop")
    for number, (_, action) in enumerate(SHOW):
        await act(session, (first, second)[number % 2], **action, id=f"a-{number}")
    await _events_that_are_no_actions(client, session)
    url = f"/v1/sessions/{session}/desk"
    whole = (await _get(client, url))["actions"]
    assert [action["action"] for _, action in SHOW][::-1] == [one["action"] for one in whole]
    assert ["iPad", "laptop"] * 4 == [one["name"] for one in whole][::-1]
    assert f"key:{second.id}" == whole[0]["by"]
    pages, cursor = [], None
    while True:
        page = await _get(client, url, limit=3, **({"cursor": cursor} if cursor else {}))
        pages += page["actions"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert whole == pages
    assert_problem(await client.get(url, params={"cursor": "x"}), 422, "/cursor")

    sold_out = whole[1]
    assert (0, None) == (sold_out["stock"], sold_out["voided"])
    void = {"source": sold_out["source"], "event": sold_out["event"], "reason": "wrong product"}
    made = (await client.post(f"/v1/sessions/{session}/voids", json=void)).json()
    listed = (await _get(client, url))["actions"][1]
    assert {"id": made["id"], "by": made["by"], "at": made["at"], "reason": "wrong product"} == listed["voided"]
    assert 5 == (await _get(client, f"/v1/sessions/{session}/products"))["products"][0]["stock"]
    assert [] == await compare(service.database, service.settings, UUID(session))
    assert 204 == (await client.delete(f"/v1/sessions/{session}/voids/{made['id']}")).status_code
    assert whole == (await _get(client, url))["actions"]
    assert 0 == (await _get(client, f"/v1/sessions/{session}/products"))["products"][0]["stock"]


async def _events_that_are_no_actions(client: httpx.AsyncClient, session: str) -> None:
    batch = [
        {"specversion": "1.0", "id": str(number), "source": source, "type": "live.like.sent", "subject": session, "data": {}}
        for number, source in enumerate((f"/desk/key:{(await _get(client, '/v1/me'))['id']}", "//tool.example"))
    ]
    receipt = await client.post("/v1/events", json=batch)
    assert (200, 2) == (receipt.status_code, receipt.json()["accepted"])


async def test_the_status_of_a_session_refuses_no_action(
    client: httpx.AsyncClient, new_session: NewSession, people: People, act: Act
) -> None:
    """Before the start, after the end, and a second start; an end ends every room that started before it."""
    session, person = (await new_session(streams=[{"platform": "wechat", "room": "r"}]))["id"], await people()

    async def status() -> str:
        return str((await _get(client, f"/v1/sessions/{session}/kpis"))["status"])

    assert 200 == (await act(session, person, action="stock", product="a", stock=1)).status_code
    assert "scheduled" == await status()
    room = {
        "specversion": "1.0",
        "id": "r",
        "source": "//t",
        "type": "live.session.started",
        "subject": "wechat:r",
        "time": AT % 0,
    }
    assert 200 == (await client.post("/v1/events", json=room)).status_code
    assert "live" == await status()
    assert 200 == (await act(session, person, action="end", at=AT % 30)).status_code
    assert "provisional" == await status()
    assert 200 == (await act(session, person, action="showcase", product="a", at=AT % 20)).status_code
    assert "provisional" == await status()
    assert 200 == (await act(session, person, action="start", at=AT % 40)).status_code
    assert "live" == await status()


async def test_an_action_leaves_a_row_in_the_audit_log(
    client: httpx.AsyncClient, new_session: NewSession, people: People, act: Act
) -> None:
    """With who and the event's id; an action that is refused leaves none."""
    session, person = (await new_session())["id"], await people(name="iPad")
    await act(session, person, action="start", id="tap-1")
    await act(session, person, action="showcase")
    rows = [one for one in (await _get(client, "/v1/audit", session=session))["entries"] if one["action"].startswith("desk")]
    assert [("desk_action.create", "tap-1", "iPad")] == [
        (one["action"], one["object"]["id"], one["principal"]["name"]) for one in rows
    ]


async def test_a_time_in_the_future_is_a_wrong_clock(new_session: NewSession, people: People, act: Act) -> None:
    """As in any event: the action stands at its arrival, and the receipt says so."""
    session, person = (await new_session())["id"], await people()
    assert 1 == (await act(session, person, action="start", at="2099-01-01T00:00:00Z")).json()["corrected"]


async def test_a_person_who_signed_in_acts_under_their_name(
    client: httpx.AsyncClient,
    new_session: NewSession,
    person: PersonMaker,
    signed_in: SignedIn,
) -> None:
    """The source has the person's id, the list the name, and the audit log both."""
    session, who = (await new_session())["id"], await person(name="林")
    page = await signed_in(who)
    answer = await page.post(f"/v1/sessions/{session}/desk", json={"action": "start"})
    assert 200 == answer.status_code, answer.text
    assert f"/desk/{who['id']}" == answer.json()["source"]
    [listed] = (await _get(client, f"/v1/sessions/{session}/desk"))["actions"]
    assert (f"person:{who['id']}", "林") == (listed["by"], listed["name"])
    [row] = (await _get(client, "/v1/audit", session=session, action="desk_action"))["entries"]
    assert ("person", "林") == (row["principal"]["kind"], row["principal"]["name"])
