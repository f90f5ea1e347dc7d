"""Notes stand in the order that operators give them, in the API and in both editions of the report."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx

from tests.catalogue.conftest import NewSession


async def _add(client: httpx.AsyncClient, path: str, text: str, **fields: Any) -> str:
    note = {"section": "live", "kind": "summary", "text": text} | fields
    answer = await client.post(path, json=note)
    assert 201 == answer.status_code, answer.text
    return str(answer.json()["id"])


async def _texts(client: httpx.AsyncClient, path: str, kind: str = "summary") -> list[str]:
    notes = [note for note in (await client.get(path)).json()["notes"] if (note["section"], note["kind"]) == ("live", kind)]
    assert list(range(1, len(notes) + 1)) == [note["position"] for note in notes]
    return [note["text"] for note in notes]


async def test_a_note_is_moved_among_those_of_its_section_and_kind(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Others keep their places; both editions list them so; a note that changes its kind stands behind those that are there."""
    session = (await new_session())["id"]
    path = f"/v1/sessions/{session}/notes"
    # An id of the client says nothing about the order.
    ids = [await _add(client, path, text, id=str(uuid4())) for text in "abcd"]
    seen = [await _add(client, path, text, kind="observation", share=True) for text in "xy"]
    assert list("abcd") == await _texts(client, path)
    moved = await client.patch(f"{path}/{ids[3]}", json={"position": 1})
    assert (200, 1) == (moved.status_code, moved.json()["position"])
    assert list("dabc") == await _texts(client, path)
    await client.patch(f"{path}/{ids[3]}", json={"position": 3, "text": "D"})
    assert list("abDc") == await _texts(client, path)
    await client.patch(f"{path}/{ids[0]}", json={"position": 1000})
    assert list("bDca") == await _texts(client, path)
    assert list("xy") == await _texts(client, path, "observation")
    for edition in ("internal", "client"):
        report = (await client.get(f"/v1/sessions/{session}/report", params={"edition": edition})).json()
        assert list("bDca") == report["sections"]["live"]["summary"]["items"]
        assert list("xy") == report["sections"]["live"]["observations"]["items"]
    await client.patch(f"{path}/{seen[0]}", json={"kind": "summary"})
    assert list("bDcax") == await _texts(client, path)
    await client.delete(f"{path}/{ids[1]}")
    assert list("Dcax") == await _texts(client, path)
    for wrong in (0, -1, "first", 1.5, None):
        refused = await client.patch(f"{path}/{ids[0]}", json={"position": wrong})
        assert (422, "/position") == (refused.status_code, refused.json()["errors"][0]["pointer"])


async def test_pages_follow_the_order(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Pages of two are together the whole list."""
    path = f"/v1/sessions/{(await new_session())['id']}/notes"
    ids = [await _add(client, path, text) for text in "abcde"]
    await client.patch(f"{path}/{ids[4]}", json={"position": 1})
    texts, cursor = "", None
    while True:
        page = (await client.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        texts += "".join(note["text"] for note in page["notes"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert "eabcd" == texts


async def test_moves_at_once_lose_no_note(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Two operators move and add notes of one session: each note has one place, and the last move of a note counts."""
    path = f"/v1/sessions/{(await new_session())['id']}/notes"
    ids = [await _add(client, path, text) for text in "abcd"]
    moves = [client.patch(f"{path}/{one}", json={"position": place}) for one, place in zip(ids, (4, 3, 2, 1), strict=True)]
    answers = await asyncio.gather(
        *moves, *(client.post(path, json={"section": "live", "kind": "summary", "text": t}) for t in "ef")
    )
    assert {200, 201} == {answer.status_code for answer in answers}
    assert sorted("abcdef") == sorted(await _texts(client, path))


async def test_a_position_is_a_number_and_share_is_true_or_false(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """A text or another type is refused, and changes nothing."""
    path = f"/v1/sessions/{(await new_session())['id']}/notes"
    form = {"section": "live", "kind": "summary", "text": "一"}
    made = (await client.post(path, json=form)).json()
    for wrong in ({"position": True}, {"position": "1"}, {"position": 1.5}, {"share": "no"}, {"share": 0}):
        assert 422 == (await client.patch(f"{path}/{made['id']}", json=wrong)).status_code, wrong
    assert 422 == (await client.post(path, json=form | {"share": "no"})).status_code
    assert [made] == (await client.get(path)).json()["notes"]
