"""The same source and id with other content: told, kept, and without any effect on the figures."""

from typing import Any

import httpx
import pytest

ORDER: dict[str, Any] = {
    "specversion": "1.0", "id": "order-1", "source": "//shop", "type": "live.order.paid", "time": "2026-09-25T14:00:00+08:00",
    "data": {"order": "1", "buyer": "b", "currency": "CNY", "amount": "100.00", "lines": [{"product": "p", "quantity": 1, "amount": "100.00"}]},
}  # fmt: skip


async def new_session(client: httpx.AsyncClient) -> str:
    """Return a session with a room."""
    form = {"title": "t", "brand": "b", "currency": "CNY", "streams": [{"platform": "wechat", "room": "r"}]}
    return str((await client.post("/v1/sessions", json=form)).json()["id"])


async def post(client: httpx.AsyncClient, *events: dict[str, Any]) -> dict[str, Any]:
    """Send events; return the receipt."""
    answer = await client.post("/v1/events", json=list(events), headers={"Content-Type": "application/cloudevents-batch+json"})
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


def changed(**data: Any) -> dict[str, Any]:
    """Return the order with other data."""
    return ORDER | {"data": ORDER["data"] | data}


async def figures(client: httpx.AsyncClient, session: str) -> tuple[Any, ...]:
    """Return orders, buyers and GMV."""
    kpis = (await client.get(f"/v1/sessions/{session}/kpis")).json()["kpis"]
    return tuple(kpis[slug]["value"] for slug in ("orders", "buyers", "gmv"))


@pytest.mark.parametrize("addressed", ["session", "room", "parked room"])
@pytest.mark.parametrize(
    "other",
    [
        changed(amount="999.00"), changed(buyer="another person"), changed(note="gift"), ORDER | {"time": "2026-09-25T14:00:01+08:00"},
        ORDER | {"type": "live.order.placed"},
    ],
    ids=["amount", "buyer", "unknown field", "time", "type"],
)  # fmt: skip
async def test_other_content_under_a_known_id_is_a_conflict(
    client: httpx.AsyncClient, addressed: str, other: dict[str, Any]
) -> None:
    """One conflict and one dead letter per other content, however often it is sent; the figures stay, in every order."""
    session = await new_session(client) if addressed != "parked room" else ""
    subject = {"subject": session if addressed == "session" else "wechat:r"}
    first = await post(client, ORDER | subject)
    assert 1 == first["accepted"] + first["parked"]
    for _ in range(3):
        receipt = await post(client, other | subject)
        assert (0, 0, 1, []) == (receipt["accepted"], receipt["duplicates"], receipt["conflicts"], receipt["rejected"])
    receipt = await post(client, ORDER | subject, other | subject, ORDER | subject)
    assert (0, 2, 1) == (receipt["accepted"], receipt["duplicates"], receipt["conflicts"])
    [dead_letter] = (await client.get("/v1/dead-letters")).json()["dead_letters"]
    assert ("/id", 4) == (dead_letter["errors"][0]["pointer"], dead_letter["attempts"])
    session = session or await new_session(client)
    assert (1, 1, "100.00") == await figures(client, session)
    assert 1 == len((await client.get("/v1/events", params={"session": session})).json()["events"])


async def test_a_batch_that_contradicts_itself_keeps_its_first_event(client: httpx.AsyncClient) -> None:
    """Within one request the first stands, the others conflict or repeat."""
    session = await new_session(client)
    subject = {"subject": session}
    receipt = await post(client, ORDER | subject, changed(amount="5.00") | subject, ORDER | subject)
    assert (1, 1, 1) == (receipt["accepted"], receipt["duplicates"], receipt["conflicts"])
    assert (1, 1, "100.00") == await figures(client, session)


@pytest.mark.parametrize(
    "same",
    [
        {"time": "2026-09-25T06:00:00Z"}, {"traceparent": "00-2"}, {"datacontenttype": "application/json"},
        {"data": None, "data_base64": "eyJvcmRlciI6ICIxIiwgImJ1eWVyIjogImIiLCAiY3VycmVuY3kiOiAiQ05ZIiwgImFtb3VudCI6ICIxMDAuMDAiLCAibGluZXMiOiBbeyJwcm9kdWN0IjogInAiLCAicXVhbnRpdHkiOiAxLjAsICJhbW91bnQiOiAiMTAwLjAwIn1dfQ=="},
    ],
    ids=["another offset", "another trace", "its content type", "base64"],
)  # fmt: skip
async def test_the_same_content_written_otherwise_is_a_duplicate(client: httpx.AsyncClient, same: dict[str, Any]) -> None:
    """What a retry may change says nothing else: the spelling of a time or a number, the trace of the attempt."""
    session = await new_session(client)
    subject = {"subject": session}
    await post(client, ORDER | subject)
    receipt = await post(client, ORDER | subject | same)
    assert (1, 0) == (receipt["duplicates"], receipt["conflicts"])


async def test_an_event_without_a_time_is_no_conflict_with_its_retry(client: httpx.AsyncClient) -> None:
    """The time of arrival is ours, not the sender's."""
    session = await new_session(client)
    event = {name: value for name, value in ORDER.items() if name != "time"} | {"subject": session}
    await post(client, event)
    receipt = await post(client, event)
    assert (1, 0) == (receipt["duplicates"], receipt["conflicts"])


async def test_a_replayed_conflict_stays_a_conflict(client: httpx.AsyncClient) -> None:
    """Its dead letter is not used up by a replay that changes nothing."""
    subject = {"subject": await new_session(client)}
    await post(client, ORDER | subject)
    await post(client, changed(amount="7.00") | subject)
    [dead_letter] = (await client.get("/v1/dead-letters")).json()["dead_letters"]
    replayed = (await client.post(f"/v1/dead-letters/{dead_letter['id']}/replay")).json()
    assert (0, 1) == (replayed["accepted"], replayed["conflicts"])
    assert 1 == len((await client.get("/v1/dead-letters")).json()["dead_letters"])
