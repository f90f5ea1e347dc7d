"""Line-up, promotions and notes of a session over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

NewSession = Callable[..., Awaitable[dict[str, Any]]]

KNIT = {"product": "knit-01", "name": "ニット", "live_price": "1099.00", "stock": 60}
ADDED = {"position": 1, "names": {}, "list_price": None, "preorder": False, "promised_days": None, "talk_points": None}


async def codes(client: httpx.AsyncClient, path: str) -> list[str]:
    """Return the products of a line-up, and see that they are numbered from 1."""
    items = (await client.get(path)).json()["lineup"]
    assert list(range(1, len(items) + 1)) == [item["position"] for item in items]
    return [item["product"] for item in items]


async def test_a_line_up_is_replaced_as_a_whole(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """In the order of the request; products by alias appear under their code."""
    path = f"/v1/sessions/{(await new_session())['id']}/lineup"
    product = {"brand": "maison-k", "code": "skirt-01", "aliases": ["S1"], "names": {"en": "Skirt"}}
    await client.post("/v1/products", json=product)
    answer = await client.put(path, json={"lineup": [KNIT, {"product": "S1"}, {"product": "pants-01"}]})
    assert 200 == answer.status_code, answer.text
    assert answer.json() == (await client.get(path)).json()
    assert ["knit-01", "skirt-01", "pants-01"] == await codes(client, path)
    assert KNIT | ADDED == answer.json()["lineup"][0]
    assert {"en": "Skirt"} == answer.json()["lineup"][1]["names"]
    await client.put(path, json={"lineup": [{"product": "pants-01"}, {"product": "knit-01"}]})
    assert ["pants-01", "knit-01"] == await codes(client, path)
    twice = await client.put(path, json={"lineup": [{"product": "skirt-01"}, {"product": "S1"}]})
    assert (422, "/lineup/1/product") == (twice.status_code, twice.json()["errors"][0]["pointer"])
    assert ["pants-01", "knit-01"] == await codes(client, path)


async def test_items_are_added_changed_and_removed(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """One by one, also a code with a slash."""
    path = f"/v1/sessions/{(await new_session())['id']}/lineup"
    added = await client.post(path, json=KNIT)
    assert (201, KNIT | ADDED) == (added.status_code, added.json())
    assert 409 == (await client.post(path, json=KNIT)).status_code
    wrong = await client.post(path, json={"product": "x", "live_price": "1.001"})
    assert (422, "/live_price") == (wrong.status_code, wrong.json()["errors"][0]["pointer"])
    await client.post(path, json={"product": "a/b"})
    changed = await client.patch(f"{path}/a/b", json={"live_price": "5", "stock": 3})
    assert (200, "5.00", 3, 2) == (changed.status_code, *(changed.json()[k] for k in ("live_price", "stock", "position")))
    cleared = await client.patch(f"{path}/a/b", json={"live_price": None})
    assert (None, 3) == (cleared.json()["live_price"], cleared.json()["stock"])
    assert cleared.json() == (await client.patch(f"{path}/a/b", json={})).json()
    assert 204 == (await client.delete(f"{path}/knit-01")).status_code
    assert 404 == (await client.delete(f"{path}/knit-01")).status_code
    assert 404 == (await client.patch(f"{path}/knit-01", json={"stock": 1})).status_code
    assert ["a/b"] == await codes(client, path)


async def test_items_that_are_added_at_once_all_arrive(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Each with its own place."""
    path = f"/v1/sessions/{(await new_session())['id']}/lineup"
    answers = await asyncio.gather(*(client.post(path, json={"product": f"p{n}"}) for n in range(8)))
    assert {201} == {answer.status_code for answer in answers}
    assert {f"p{n}" for n in range(8)} == set(await codes(client, path))


async def test_promotions_are_kept(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Created, read, changed, listed in pages, deleted; a url means one promotion of its session."""
    path = f"/v1/sessions/{(await new_session())['id']}/promotions"
    video = {"url": "https://weibo.com/tv/1", "kind": "video", "platform": "weibo", "title": "予告",
             "published_at": "2021-09-18T10:00:00Z"}  # fmt: skip
    made = await client.post(path, json=video)
    assert (201, video) == (made.status_code, {k: made.json()[k] for k in video})
    one = f"{path}/{made.json()['id']}"
    assert made.json() == (await client.get(one)).json()
    assert 409 == (await client.post(path, json=video)).status_code
    other = (await client.post(path, json={"kind": "group_post"})).json()
    assert 409 == (await client.patch(f"{path}/{other['id']}", json={"url": video["url"]})).status_code
    changed = await client.patch(one, json={"title": None, "url": video["url"]})
    assert (200, made.json() | {"title": None}) == (changed.status_code, changed.json())
    page = (await client.get(path, params={"limit": 1})).json()
    rest = (await client.get(path, params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert ([changed.json()], [other], None) == (page["promotions"], rest["promotions"], rest["next_cursor"])
    assert 204 == (await client.delete(one)).status_code
    assert [404, 404, 404] == [
        (await client.get(one)).status_code,
        (await client.delete(one)).status_code,
        (await client.patch(one, json={"title": "x"})).status_code,
    ]
    elsewhere = f"/v1/sessions/{(await new_session())['id']}/promotions"
    assert 404 == (await client.get(f"{elsewhere}/{other['id']}")).status_code
    assert 201 == (await client.post(elsewhere, json=video)).status_code


async def test_notes_are_kept(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Of every section and kind, several lines long; filtered by section."""
    path = f"/v1/sessions/{(await new_session())['id']}/notes"
    made = [
        (await client.post(path, json={"section": section, "kind": kind, "text": f"{section}\n{kind}"})).json()
        for section in ("live", "ec", "promotion")
        for kind in ("observation", "summary")
    ]
    assert made == (await client.get(path)).json()["notes"]
    assert made[2:4] == (await client.get(path, params={"section": "ec"})).json()["notes"]
    one = f"{path}/{made[0]['id']}"
    changed = await client.patch(one, json={"text": "新しい"})
    assert (200, made[0] | {"text": "新しい"}) == (changed.status_code, changed.json())
    assert changed.json() == (await client.get(one)).json()
    assert 204 == (await client.delete(one)).status_code
    assert 404 == (await client.get(one)).status_code
    assert made[1:] == (await client.get(path)).json()["notes"]


async def test_a_note_with_the_client_s_id_is_added_once(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """A repetition returns the note as it is now; an id that another session has is refused."""
    path = f"/v1/sessions/{(await new_session())['id']}/notes"
    form = {"id": "01a21a41-d996-7629-bc11-df1b761df0f0", "section": "live", "kind": "observation", "text": "一"}
    made = await client.post(path, json=form)
    assert (201, form["id"], False) == (made.status_code, made.json()["id"], made.json()["share"])
    await client.patch(f"{path}/{form['id']}", json={"text": "二"})
    again = await client.post(path, json=form)
    assert (201, made.json() | {"text": "二"}) == (again.status_code, again.json())
    assert 1 == len((await client.get(path)).json()["notes"])
    elsewhere = await client.post(f"/v1/sessions/{(await new_session())['id']}/notes", json=form)
    assert (409, "already_exists") == (elsewhere.status_code, elsewhere.json()["code"])
    assert 422 == (await client.post(path, json=form | {"id": "one"})).status_code


@pytest.mark.parametrize(
    "wrong",
    [
        {"section": "other", "kind": "summary", "text": "x"},
        {"section": "live", "kind": "opinion", "text": "x"},
        {"section": "live", "kind": "summary", "text": ""},
        {"section": "live", "kind": "summary"},
    ],
)
async def test_a_wrong_note_is_refused(client: httpx.AsyncClient, new_session: NewSession, wrong: dict[str, Any]) -> None:
    """With the field's name."""
    answer = await client.post(f"/v1/sessions/{(await new_session())['id']}/notes", json=wrong)
    assert (422, 1) == (answer.status_code, len(answer.json()["errors"]))
