"""What a process remembers of a session may be out of date, since other processes change it: no event pays for that."""

from typing import Any
from uuid import UUID

import pytest

from app.ingest import turns
from app.ingest.flushing import flush
from app.ingest.folding import fold
from app.ingest.rebuilding.rebuild import compare
from tests.pipeline.conftest import Rooms, Stage
from tests.pipeline.request_bodies import body, like, post

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _send(stage: Stage, *events: dict[str, Any]) -> dict[str, Any]:
    """Send to the first service; all changes are made through the second one."""
    answer = await post(stage.clients[0], body(list(events)))
    assert answer.status_code in {200, 422}, answer.text
    return dict(answer.json())


async def _likes(stage: Stage, session: str) -> dict[str, int]:
    rows = await _rows(
        stage, "SELECT platform, value FROM counters WHERE session_id = $1 AND grain = 0 AND metric = 'likes'", session
    )
    return {row[0]: row[1] for row in rows}


async def _rows(stage: Stage, query: str, session: str) -> list[Any]:
    async with stage.service.database.acquire() as connection:
        return list(await connection.fetch(query, UUID(session)))


async def _sound(stage: Stage, *sessions: str) -> None:
    for session in sessions:
        assert [] == await compare(stage.service.database, stage.service.settings, UUID(session))


async def test_a_room_that_another_process_moved_is_found_in_its_new_session(stage: Stage, room: Rooms) -> None:
    """The room's next event belongs to the session that has the room now, and to no other."""
    old, new = await stage.show(subject := room()), await stage.show(room())
    assert 1 == (await _send(stage, like(subject)))["accepted"]
    platform, _, name = subject.partition(":")
    gone = await stage.clients[1].delete(f"/v1/sessions/{old.id}/streams/{platform}/{name.replace('/', '%2F')}")
    assert 204 == gone.status_code, gone.text
    assert 1 == (await _send(stage, like(subject)))["parked"]
    made = await stage.clients[1].post(f"/v1/sessions/{new.id}/streams", json={"platform": platform, "room": name})
    assert 201 == made.status_code, made.text
    assert 2 == (await _send(stage, like(subject), like(old.id)))["accepted"]
    assert {"wechat": 2} == await _likes(stage, new.id)
    assert 2 == sum((await _likes(stage, old.id)).values())
    await _sound(stage, old.id, new.id)


async def test_nothing_is_stored_for_a_session_that_another_process_deleted(stage: Stage, room: Rooms) -> None:
    """The event is refused; its neighbour of another session is taken; no row is left behind."""
    gone, stays = await stage.show(room()), await stage.show(room())
    assert 2 == (await _send(stage, like(gone.id), like(stays.id)))["accepted"]
    deleted = await stage.clients[1].delete(f"/v1/sessions/{gone.id}")
    assert 204 == deleted.status_code, deleted.text
    receipt = await _send(stage, like(gone.id), like(stays.id))
    assert (1, ["/subject"]) == (receipt["accepted"], [e["pointer"] for r in receipt["rejected"] for e in r["errors"]])
    assert [] == await _rows(stage, "SELECT 1 FROM events WHERE session_id = $1", gone.id)
    assert {} == await _likes(stage, gone.id)
    assert {"wechat": 2} == await _likes(stage, stays.id)


async def test_an_alias_that_another_process_made_counts_from_then_on(stage: Stage, room: Rooms) -> None:
    """Clicks on the code count for the product, those before the alias and those after it."""
    show = await stage.show(room())
    click = {"type": "live.product.clicked", "data": {"product": "blue-knit"}}
    assert 1 == (await _send(stage, like(show.id, **click)))["accepted"]
    form = {"brand": show.brand, "code": "knit-01", "aliases": ["blue-knit"]}
    made = await stage.clients[1].post("/v1/products", json=form)
    assert 201 == made.status_code, made.text
    assert 1 == (await _send(stage, like(show.id, **click)))["accepted"]
    query = "SELECT key, value FROM counters WHERE session_id = $1 AND grain = 0 AND metric = 'product_clicks' AND key <> ''"
    assert [("knit-01", 2)] == [tuple(row) for row in await _rows(stage, query, show.id)]
    await _sound(stage, show.id)


_CLICK = {"type": "live.product.clicked", "data": {"product": "blue-knit"}}
_CLICKS = "SELECT key, value FROM counters WHERE session_id = $1 AND grain = 0 AND metric = 'product_clicks' AND key <> ''"


async def _add_alias(stage: Stage, brand: str) -> None:
    made = await stage.clients[1].post("/v1/products", json={"brand": brand, "code": "knit-01", "aliases": ["blue-knit"]})
    assert 201 == made.status_code, made.text


async def test_subjects_of_one_session_that_were_remembered_at_different_times_are_read_again(stage: Stage, room: Rooms) -> None:
    """The session is known as it was before an alias, its room as it was after it: one flush of both counts by the alias."""
    show = await stage.show(subject := room())
    assert 1 == (await _send(stage, like(show.id, **_CLICK)))["accepted"]
    await _add_alias(stage, show.brand)
    assert 1 == (await _send(stage, like(subject, **_CLICK)))["accepted"]
    assert 2 == (await _send(stage, like(show.id, **_CLICK), like(subject, **_CLICK)))["accepted"]
    assert [("knit-01", 4)] == [tuple(row) for row in await _rows(stage, _CLICKS, show.id)]
    await _sound(stage, show.id)


async def test_an_alias_that_is_made_between_two_slices_of_a_flush_counts_for_both(
    stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another flush has read the session again meanwhile: the rest of the first one finds it as it is now."""
    show = await stage.show(room())
    assert 1 == (await _send(stage, like(show.id, **_CLICK)))["accepted"]
    meanwhile: list[dict[str, Any]] = []

    async def give_way() -> None:
        monkeypatch.setattr(flush, "give_way", turns.give_way)
        await _add_alias(stage, show.brand)
        meanwhile.append(await _send(stage, *(like(show.id, **_CLICK) for _ in range(200))))

    monkeypatch.setattr(flush, "give_way", give_way)
    found = await _send(stage, *(like(show.id, **_CLICK) for _ in range(250)))
    assert [250, 200] == [receipt["accepted"] for receipt in (found, *meanwhile)]
    assert [("knit-01", 451)] == [tuple(row) for row in await _rows(stage, _CLICKS, show.id)]
    await _sound(stage, show.id)


async def test_a_session_that_another_flush_reads_again_is_still_known_to_the_first(
    stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flush of a known event and a new one folds the new one again, while the process does not remember the session."""
    show = await stage.show(room())
    known = like(show.id)
    assert 1 == (await _send(stage, known))["accepted"]
    resolver, rank = stage.service.writer._flusher._resolver, fold.rank
    transactions = 0

    async def rank_later(*arguments: Any) -> Any:
        nonlocal transactions
        transactions += 1
        resolver.invalidate({show.id})
        return await rank(*arguments)

    monkeypatch.setattr(fold, "rank", rank_later)
    receipt = await _send(stage, known, like(show.id))
    assert (1, 1, 1) == (receipt["accepted"], receipt["duplicates"], transactions)
    await _sound(stage, show.id)


async def test_people_get_the_pseudonym_of_the_platform_that_is_meant_now(stage: Stage, room: Rooms) -> None:
    """A session that got a stream of another platform: its own events are of neither, and so are their people."""
    show = await stage.show(room())
    enter = {"type": "live.viewer.entered", "data": {"viewer": "o9hHn5apfwHL"}}
    assert 1 == (await _send(stage, like(show.id, **enter)))["accepted"]
    made = await stage.clients[1].post(f"/v1/sessions/{show.id}/streams", json={"platform": "weibo", "room": "1022:9"})
    assert 201 == made.status_code, made.text
    assert 2 == (await _send(stage, like(show.id, **enter), like("weibo:1022:9", **enter)))["accepted"]
    rows = await _rows(stage, "SELECT platform, data ->> 'viewer' FROM events WHERE session_id = $1", show.id)
    privacy_keys = stage.service.privacy_keys
    expected = {(platform, privacy_keys.pseudonym(platform, "o9hHn5apfwHL")) for platform in ("wechat", "direct", "weibo")}
    assert expected == {tuple(row) for row in rows}
    await _sound(stage, show.id)


async def test_a_known_event_that_tells_another_time_stands_in_nobodys_way(stage: Stage, room: Rooms) -> None:
    """Its second telling names an earlier moment than a new event of the same viewer: the new event owns the arrival."""
    show = await stage.show(room())
    enter = {"type": "live.viewer.entered", "data": {"viewer": "v"}}
    first = like(show.id, time="2021-09-25T14:05:00+09:00", **enter)
    assert 1 == (await _send(stage, first))["accepted"]
    new = like(show.id, time="2021-09-25T14:03:00+09:00", **enter)
    receipt = await _send(stage, first | {"time": "2021-09-25T14:01:00+09:00"}, new)
    assert (1, 1) == (receipt["accepted"], receipt["conflicts"])
    query = "SELECT bucket FROM counters WHERE session_id = $1 AND grain = 60 AND metric = 'viewers'"
    assert ["05:03"] == [f"{row[0]:%H:%M}" for row in await _rows(stage, query, show.id)]
    await _sound(stage, show.id)


async def test_claims_of_two_sessions_in_one_flush_stay_apart(stage: Stage, room: Rooms) -> None:
    """One viewer in two sessions: each has the arrival, by the source of the earliest entry, and so after an earlier entry of one of them."""
    shows = [await stage.show(room()), await stage.show(room())]

    def entries(minute: int, source: str, *sessions: str) -> list[dict[str, Any]]:
        data = {"viewer": "one-viewer", "source": source}
        return [
            like(session, type="live.viewer.entered", time=f"2021-09-25T14:{minute}:00+09:00", data=data) for session in sessions
        ]

    async def arrivals(session: str) -> dict[str, int]:
        rows = await _rows(
            stage,
            "SELECT key, value FROM counters WHERE session_id = $1 AND grain = 0 AND metric = 'arrivals' AND value <> 0",
            session,
        )
        return {row[0].partition("\0")[0]: row[1] for row in rows}

    first, second = (show.id for show in shows)
    assert 2 == (await _send(stage, *entries(30, "search", first, second)))["accepted"]
    before = [await arrivals(first), await arrivals(second)]
    assert before[0] == before[1]
    assert [1] == list(before[0].values())
    # In one flush: an earlier entry that supersedes, and a later one that does not.
    assert 2 == (await _send(stage, *entries(20, "feed", second), *entries(40, "feed", first)))["accepted"]
    assert before[0] == await arrivals(first)
    moved = await arrivals(second)
    assert [1] == list(moved.values())
    assert moved.keys() != before[1].keys()
    await _sound(stage, first, second)
