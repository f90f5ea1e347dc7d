"""Dead letters: what could not be taken is kept with its reason, listed, inspected, and taken once its reason is gone."""

from typing import Any

import httpx
import pytest

from tests.pipeline.conftest import Rooms, Stage
from tests.pipeline.request_bodies import BATCH, SINGLE, assert_problem, body, like, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

_ORDER = {"order": "1", "buyer": "o9hHn5apfwHL", "currency": "JPY", "amount": "1099", "lines": []}


async def _dead_letters(client: httpx.AsyncClient, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        answer = await client.get("/v1/dead-letters", params=params, headers=headers)
        assert 200 == answer.status_code, answer.text
        found += answer.json()["dead_letters"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def test_a_dead_letter_is_listed_inspected_replayed_and_gone(stage: Stage, room: Rooms) -> None:
    """An order in the wrong currency waits; the session's currency is patched; the replay counts it; the dead letter is deleted."""
    show = await stage.show(subject := room())
    event = like(subject, type="live.order.paid", data=_ORDER)
    assert_problem(await post(stage.client, body(event), SINGLE), 422, "/data/currency")
    [dead_letter] = [one for one in await _dead_letters(stage.client) if one["subject"] == subject]
    assert ("live.order.paid", 1) == (dead_letter["type"], dead_letter["attempts"])
    assert ["/data/currency"] == [error["pointer"] for error in dead_letter["errors"]]
    path = f"/v1/dead-letters/{dead_letter['id']}"
    opened = (await stage.client.get(path)).json()
    assert (event["id"], "JPY") == (opened["event"]["id"], opened["event"]["data"]["currency"])
    assert "o9hHn5apfwHL" not in str(opened)
    still = (await stage.client.post(f"{path}/replay")).json()
    assert (0, 1) == (still["accepted"], len(still["rejected"]))
    patched = await stage.client.patch(f"/v1/sessions/{show.id}", json={"currency": "JPY"})
    assert 200 == patched.status_code, patched.text
    assert 1 == (await stage.client.post(f"{path}/replay")).json()["accepted"]
    kpis = (await stage.client.get(f"/v1/sessions/{show.id}/kpis")).json()["kpis"]
    assert ("1099", 1) == (kpis["gmv"]["value"], kpis["buyers"]["value"])
    assert_problem(await stage.client.get(path), 404)
    assert_problem(await stage.client.post(f"{path}/replay"), 404)
    assert 1 == (await post(stage.client, body([event]), BATCH)).json()["duplicates"]


async def test_a_replayed_dead_letter_may_correct_what_is_counted(stage: Stage, room: Rooms) -> None:
    """The newer statement of an order was rejected; once it is taken, the answer comes after the figures have it."""
    show = await stage.show(subject := room())
    older, newer = (
        like(subject, type="live.order.paid", data=_ORDER | {"revision": revision, "amount": amount})
        for revision, amount in (("1", "1099"), ("2", "800"))
    )
    assert_problem(await post(stage.client, body(newer), SINGLE), 422, "/data/currency")
    assert 200 == (await stage.client.patch(f"/v1/sessions/{show.id}", json={"currency": "JPY"})).status_code
    assert 1 == (await post(stage.client, body([older]), BATCH)).json()["accepted"]
    [dead_letter] = [one for one in await _dead_letters(stage.client) if one["subject"] == subject]
    assert 1 == (await stage.client.post(f"/v1/dead-letters/{dead_letter['id']}/replay")).json()["accepted"]
    assert "800" == (await stage.client.get(f"/v1/sessions/{show.id}/kpis")).json()["kpis"]["gmv"]["value"]


async def test_the_same_bytes_again_are_one_dead_letter_with_more_attempts(stage: Stage, room: Rooms) -> None:
    """A sender that repeats itself does not fill the drawer."""
    wrong = body([like(subject := room(), data={"count": -1})])
    for _ in range(3):
        assert_problem(await post(stage.client, wrong), 422)
    [dead_letter] = [one for one in await _dead_letters(stage.client) if one["subject"] == subject]
    assert 3 == dead_letter["attempts"]


async def test_a_dead_letter_may_be_discarded(stage: Stage, room: Rooms) -> None:
    """A discarded dead letter is deleted."""
    await post(stage.client, body([like(subject := room(), data={"count": -1})]))
    [dead_letter] = [one for one in await _dead_letters(stage.client) if one["subject"] == subject]
    assert 204 == (await stage.client.delete(f"/v1/dead-letters/{dead_letter['id']}")).status_code
    assert_problem(await stage.client.delete(f"/v1/dead-letters/{dead_letter['id']}"), 404)


async def test_what_no_json_can_say_is_kept_as_well(stage: Stage) -> None:
    """A dead letter of lone surrogates and NUL is listed and opened without harm."""
    text = rb'[{"id":"\ud800\u0000","type":"\u0000","subject":"\udfff","source":"s","data":{"viewer":"\ud83d"}}]'
    assert_problem(await post(stage.client, text), 422)
    [dead_letter] = [one for one in await _dead_letters(stage.client) if one["type"] is None and one["subject"] is None]
    assert 200 == (await stage.client.get(f"/v1/dead-letters/{dead_letter['id']}")).status_code


async def test_a_brands_dead_letters_are_its_own(stage: Stage, room: Rooms) -> None:
    """A bound operator sees, opens, replays and discards only what its own brand's keys sent."""
    mine, theirs = await stage.show(room()), await stage.show(room())
    sender = {**BATCH, **await stage.key("ingest", mine.brand)}
    await post(stage.client, body([like(subject := room(), data={"count": -1})]), sender)
    own, other = await stage.key("operator", mine.brand), await stage.key("operator", theirs.brand)
    [dead_letter] = [one for one in await _dead_letters(stage.client, own) if one["subject"] == subject]
    assert [] == await _dead_letters(stage.client, other)
    path = f"/v1/dead-letters/{dead_letter['id']}"
    for method, where in (("GET", path), ("DELETE", path), ("POST", f"{path}/replay")):
        assert_problem(await stage.client.request(method, where, headers=other), 404)
    assert 200 == (await stage.client.get(path, headers=own)).status_code
