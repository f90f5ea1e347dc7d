"""A replayed dead letter stays one dead letter while it is rejected, and is deleted when it is accepted."""

import httpx

ORDER = {
    "specversion": "1.0",
    "id": "order-1",
    "source": "//shop",
    "time": "2021-09-25T14:00:00+09:00",
    "type": "live.order.paid",
    "data": {"order": "o1", "buyer": "raw-buyer-id", "currency": "JPY", "amount": "1200", "lines": []},
}


async def test_a_repeated_rejection_stays_one_dead_letter_and_an_accepted_one_is_deleted(client: httpx.AsyncClient) -> None:
    """An order in yen is refused by a session in yuan, and taken once the session's currency was put right."""
    form = {"title": "t", "brand": "b", "host": "h", "kind": "live", "currency": "CNY", "streams": []}
    session = (await client.post("/v1/sessions", json=form)).json()["id"]
    refused = await client.post("/v1/events", json=ORDER | {"subject": session})
    assert (422, "/data/currency") == (refused.status_code, refused.json()["errors"][0]["pointer"])
    (dead_letter,) = (await client.get("/v1/dead-letters")).json()["dead_letters"]
    opened = await client.get(f"/v1/dead-letters/{dead_letter['id']}")
    assert "raw-buyer-id" not in opened.text
    repeated = await client.post(f"/v1/dead-letters/{dead_letter['id']}/replay")
    assert (200, 0, 1) == (
        repeated.status_code,
        repeated.json()["accepted"],
        len(repeated.json()["rejected"]),
    )
    (same,) = (await client.get("/v1/dead-letters")).json()["dead_letters"]
    assert (dead_letter["id"], 2) == (same["id"], same["attempts"])
    assert 200 == (await client.patch(f"/v1/sessions/{session}", json={"currency": "JPY"})).status_code
    taken = await client.post(f"/v1/dead-letters/{dead_letter['id']}/replay")
    assert (200, 1, []) == (taken.status_code, taken.json()["accepted"], taken.json()["rejected"])
    assert [] == (await client.get("/v1/dead-letters")).json()["dead_letters"]
    assert 404 == (await client.post(f"/v1/dead-letters/{dead_letter['id']}/replay")).status_code
    kpis = (await client.get(f"/v1/sessions/{session}/kpis")).json()
    assert "1200" == kpis["kpis"]["gmv"]["value"]
    # The buyer whom the replay names is the buyer that a second order of theirs names.
    second = ORDER | {"id": "order-2", "subject": session, "data": ORDER["data"] | {"order": "o2"}}  # type: ignore[operator]
    assert 200 == (await client.post("/v1/events", json=second)).status_code
    kpis = (await client.get(f"/v1/sessions/{session}/kpis")).json()
    assert (2, 1) == (kpis["kpis"]["orders"]["value"], kpis["kpis"]["buyers"]["value"])
