"""Hosts and marks as they come: in the stream, for the agency and for a client."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app.catalogue.access import Role
from app.kpis.timeline.latest_marks import LATEST
from app.service import Service
from tests.live.conftest import Open, make_session
from tests.people.conftest import share

SECRET = "the host must not name the price"


async def _act(client: httpx.AsyncClient, session: str, **action: Any) -> dict[str, Any]:
    answer = await client.post(f"/v1/sessions/{session}/desk", json=action)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def _as_client(client: httpx.AsyncClient, service: Service, session: str) -> dict[str, dict[str, str]]:
    """Return the headers of readers outside the agency: a viewer of the brand, and a guest of a share link."""
    brand = (await client.get("/v1/brands")).json()["brands"][0]["id"]
    _, key = await service.keys.create(Role.VIEWER, brand, "brand")
    _, secret = await share(client, session, shows=["report", "live"])
    async with httpx.AsyncClient(base_url=client.base_url, headers={"Sec-Fetch-Site": "same-origin"}) as browser:
        assert 204 == (await browser.post("/v1/sign-in", json={"share": secret})).status_code
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return {"viewer": {"Authorization": f"Bearer {key}"}, "guest": {"Authorization": "", "Cookie": cookie}}


async def test_a_mark_reaches_everybody_who_may_see_it(client: httpx.AsyncClient, service: Service, watch: Open) -> None:
    """The agency with its text, a client without; of an internal mark a client's stream sends nothing at all."""
    session = await make_session(client, host="小林")
    inside = await (await watch(session)).snapshot()
    outside = [
        await (await watch(session, headers=headers)).snapshot()
        for headers in (await _as_client(client, service, session)).values()
    ]
    everybody = [inside, *outside]
    assert ["小林"] * 3 == [reader.last("marks")["host"] for reader in everybody]

    await _act(client, session, action="mark", label="violation", text=SECRET)
    await inside.until(lambda reader: reader.last("marks")["marks"])
    assert [("violation", SECRET)] == [(mark["label"], mark["text"]) for mark in inside.last("marks")["marks"]]
    await _act(client, session, action="mark", label="coupon", text=SECRET)
    undone = await _act(client, session, action="host", host="王芳")
    for reader in everybody:
        await reader.until(lambda reader: reader.last("marks")["host"] == "王芳")
    assert ["violation", "coupon", None] == [mark["label"] for mark in inside.last("marks")["marks"]]
    for reader in outside:
        assert [("coupon", None, None), (None, "王芳", None)] == [
            (mark["label"], mark["host"], mark["text"]) for mark in reader.last("marks")["marks"]
        ]
        assert {"marks"} == {event.kind for event in reader.events[6:]}
        assert "violation" not in str([event.data for event in reader.events])
        assert SECRET not in str([event.data for event in reader.events])

    void = {"source": undone["source"], "event": undone["event"], "reason": "wrong tap"}
    assert 200 == (await client.post(f"/v1/sessions/{session}/voids", json=void)).status_code
    for reader in everybody:
        await reader.until(lambda reader: reader.last("marks")["host"] == "小林")
        assert reader.last("marks")["since"] is None


async def test_the_planned_host_presents_until_the_first_change(client: httpx.AsyncClient, watch: Open) -> None:
    """A change of the plan is seen like a change at the desk, which then counts."""
    session = await make_session(client, host="小林")
    reader = await (await watch(session)).snapshot()
    assert (await client.patch(f"/v1/sessions/{session}", json={"host": "李娜"})).is_success
    await reader.until(lambda reader: reader.last("marks")["host"] == "李娜")
    await _act(client, session, action="host", host="王芳", at="2021-09-25T14:31:00+09:00")
    await reader.until(lambda reader: reader.last("marks")["host"] == "王芳")
    assert "2021-09-25T14:31:00+09:00" == reader.last("marks")["since"]


async def test_many_marks_hide_neither_the_host_nor_what_a_client_sees(
    client: httpx.AsyncClient, service: Service, session: str
) -> None:
    """The document has the latest of each reader, in order of time, and says that there are more."""
    begin = datetime(2021, 9, 25, 5, 0, tzinfo=UTC)

    def event(number: int, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        at = (begin + timedelta(seconds=number)).isoformat()
        return {"specversion": "1.0", "id": f"{kind}-{number}", "source": "/tool", "type": f"live.{kind}", "subject": session,
                "time": at, "data": data}  # fmt: skip

    events = [event(0, "host.changed", {"host": "王芳"})]
    events += [event(number, "mark.set", {"label": "coupon"}) for number in (1, 2)]
    events += [event(number, "mark.set", {"label": "note", "text": SECRET}) for number in range(3, 3 + LATEST + 10)]
    answer = await client.post("/v1/events", json=events)
    assert (200, len(events)) == (answer.status_code, answer.json()["accepted"])
    inside = (await client.get(f"/v1/sessions/{session}/marks")).json()
    assert ("王芳", True, LATEST) == (inside["host"], inside["more"], len(inside["marks"]))
    moments = [mark["at"] for mark in inside["marks"]]
    assert sorted(moments) == moments
    assert {"note"} == {mark["label"] for mark in inside["marks"]}
    for headers in (await _as_client(client, service, session)).values():
        answer = await client.get(f"/v1/sessions/{session}/marks", headers=headers)
        assert SECRET not in answer.text
        assert ("王芳", False) == (answer.json()["host"], answer.json()["more"])
        assert [None, "coupon", "coupon"] == [mark["label"] for mark in answer.json()["marks"]]
