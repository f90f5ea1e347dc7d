"""POST /v1/events as its senders use it: every content type and mode, duplicates, neighbours, roles, brands, overload."""

import asyncio
import zlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from app.catalogue.access import Role
from app.main import create_app
from app.service import open_service
from app.settings import Settings
from tests.locking import lock_session
from tests.pipeline.conftest import Rooms, Stage
from tests.pipeline.request_bodies import BATCH, JSON, SINGLE, assert_problem, binary, body, like, likes, post

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("mode", ["structured", "batched", "json", "json-array", "charset", "binary"])
async def test_every_mode_of_cloudevents_is_taken(stage: Stage, room: Rooms, mode: str, zipped: bool) -> None:
    """Structured, batched, plain JSON of either shape, and binary mode: accepted, committed, visible at once."""
    show = await stage.show(subject := room())
    event = like(subject)
    sent: dict[str, tuple[Mapping[str, str], bytes]] = {
        "structured": (SINGLE, body(event)),
        "batched": (BATCH, body([event])),
        "json": (JSON, body(event)),
        "json-array": (JSON, body([event])),
        "charset": ({"Content-Type": 'application/CloudEvents+JSON; charset="UTF-8"'}, body(event)),
        "binary": binary(event),
    }
    headers, content = sent[mode]
    answer = await post(stage.client, content, headers, zipped=zipped)
    assert 200 == answer.status_code, answer.text
    assert {"accepted": 1, "duplicates": 0, "conflicts": 0, "parked": 0, "corrected": 0, "rejected": []} == answer.json()
    assert 1 == await likes(stage.client, show.id)
    again = await post(stage.client, content, headers, zipped=zipped)
    assert {"accepted": 0, "duplicates": 1, "conflicts": 0, "parked": 0, "corrected": 0, "rejected": []} == again.json()
    assert 1 == await likes(stage.client, show.id)


async def test_header_values_are_percent_encoded_in_binary_mode(stage: Stage, room: Rooms) -> None:
    """A room, an id and a source that are not ASCII are stored unchanged, decoded once."""
    subject = f"{room()}/直播間 100%"
    show = await stage.show(subject)
    headers, content = binary(like(subject, id="id-é-%41", source="//道具.example/obs"))
    assert "%" in headers["ce-subject"]
    assert 1 == (await post(stage.client, content, headers)).json()["accepted"]
    log = (await stage.client.get("/v1/events", params={"session": show.id})).json()["events"]
    assert [("id-é-%41", "//道具.example/obs", subject)] == [(e["id"], e["source"], e["subject"]) for e in log]


async def test_an_event_without_data_has_none_in_binary_mode(stage: Stage, room: Rooms) -> None:
    """live.session.started needs no data: no body, no content type."""
    await stage.show(subject := room())
    headers, _ = binary(like(subject, type="live.session.started"))
    del headers["Content-Type"]
    assert 1 == (await post(stage.client, b"", headers)).json()["accepted"]


async def test_source_and_id_are_an_events_identity(stage: Stage, room: Rooms) -> None:
    """The same id of another source is another event; a duplicate inside one batch is one."""
    show = await stage.show(subject := room())
    event = like(subject)
    batch = [event, event, event | {"source": "//tool.example/other"}]
    receipt = (await post(stage.client, body(batch))).json()
    assert (2, 1) == (receipt["accepted"], receipt["duplicates"])
    assert 2 == await likes(stage.client, show.id)


async def test_rejected_events_cost_their_neighbours_nothing(stage: Stage, room: Rooms) -> None:
    """Valid events of a batch are stored; each rejected one is reported with its position, its id and its wrong fields."""
    show = await stage.show(subject := room())
    wrong = like(subject, data={"count": -1})
    nameless = like(subject, id=None, time="yesterday")
    receipt = (await post(stage.client, body([like(subject), wrong, like(subject), nameless, 7]))).json()
    assert (2, 0, 0) == (receipt["accepted"], receipt["duplicates"], receipt["parked"])
    told = [(one["index"], one["id"], {e["pointer"] for e in one["errors"]}) for one in receipt["rejected"]]
    assert [(1, wrong["id"], {"/data/count"}), (3, None, {"/id", "/time"})] == told[:2]
    assert (4, None) == told[2][:2]
    assert 2 == await likes(stage.client, show.id)


async def test_a_request_whose_events_are_all_rejected_is_a_422_with_the_receipt(stage: Stage, room: Rooms) -> None:
    """The problem names the first event's fields and carries the whole receipt."""
    batch = [like(room(), data={"count": -1}), like(room(), type="live.dream.had")]
    answer = await post(stage.client, body(batch))
    assert_problem(answer, 422, "/data/count")
    assert [0, 1] == [one["index"] for one in answer.json()["rejected"]]


async def test_an_empty_batch_is_nothing(stage: Stage) -> None:
    """CloudEvents allows a batch of no events."""
    answer = await post(stage.client, b"[]")
    assert (200, 0) == (answer.status_code, answer.json()["accepted"])


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_a_key_that_only_reads_or_manages_may_not_send(stage: Stage, room: Rooms, role: str) -> None:
    """403 for another role."""
    headers = {**BATCH, **await stage.key(role)}
    assert_problem(await post(stage.client, body([like(room())]), headers), 403)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer tl_unknown_0123456789abcdefghijklmnop", "Basic dGxfeDp5", "Bearer \xff\xfe"]
)
async def test_an_invalid_key_is_refused(stage: Stage, room: Rooms, header: str) -> None:
    """401 with WWW-Authenticate without a key, with an unknown one, and with malformed ones."""
    answer = await stage.client.post(
        "/v1/events",
        content=body([like(room())]),
        headers=[(b"Content-Type", b"application/json"), (b"Authorization", header.encode("latin-1"))],
    )
    assert_problem(answer, 401)
    assert "Bearer" == answer.headers["WWW-Authenticate"]


async def test_a_bound_key_cannot_reach_another_brands_session(stage: Stage, room: Rooms) -> None:
    """By id, the other brand's session does not exist. Its room is unknown, so the event is parked."""
    theirs, own = await stage.show(subject := room()), await stage.show(mine := room())
    bound = {**BATCH, **await stage.key("ingest", own.brand)}
    assert_problem(await post(stage.client, body([like(theirs.id)]), bound), 422, "/subject")
    by_room = await post(stage.client, body([like(subject), like(mine), like(own.id)]), bound)
    assert (2, 1) == (by_room.json()["accepted"], by_room.json()["parked"])
    # Registering the room again, or adding another one, must not let the strange event in.
    await stage.post(f"/v1/sessions/{theirs.id}/streams", dict(zip(("platform", "room"), subject.split(":"), strict=True)))
    assert None is await likes(stage.client, theirs.id)
    assert 2 == await likes(stage.client, own.id)
    operator = await stage.key("operator", theirs.brand)
    rooms = (await stage.client.get("/v1/parked", headers=operator)).json()["rooms"]
    assert [] == rooms


async def test_an_unregistered_rooms_events_wait_and_join(stage: Stage, room: Rooms) -> None:
    """Parked once, listed with their number, counted once when the stream is registered, then no longer parked."""
    subject = room()
    platform, name = subject.split(":")
    events = [like(subject) for _ in range(3)]
    receipt = (await post(stage.client, body([*events, events[0]]))).json()
    assert (0, 1, 3) == (receipt["accepted"], receipt["duplicates"], receipt["parked"])

    async def waiting() -> dict[str, Any]:
        rooms = (await stage.client.get("/v1/parked", params={"limit": 200})).json()["rooms"]
        return {one["room"]: one["events"] for one in rooms}

    assert 3 == (await waiting())[name]
    show = await stage.show()
    await stage.post(f"/v1/sessions/{show.id}/streams", {"platform": platform, "room": name})
    assert 3 == await likes(stage.client, show.id)
    assert name not in await waiting()
    assert 3 == (await post(stage.client, body(events))).json()["duplicates"]


async def test_a_full_queue_answers_503_with_retry_after_and_loses_nothing(
    stage: Stage, room: Rooms, database_of_file: str, settings_of_file: Settings
) -> None:
    """While the database blocks every flush, the queue fills. Clients retry after a 503, and each event counts once."""
    show = await stage.show(subject := room())
    small = settings_of_file.model_copy(update={"queue_events": 6, "flush_events": 2})
    batches = [[like(subject), like(subject)] for _ in range(12)]
    async with open_service(small) as service:
        _, key = await service.keys.create(Role.INGEST, None, None)
        headers = {**BATCH, "Authorization": f"Bearer {key}"}
        transport = httpx.ASGITransport(create_app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://tallylight.test", headers=headers) as client:
            blocker = await asyncpg.connect(database_of_file)
            async with blocker.transaction():
                await lock_session(blocker, UUID(show.id))
                sending = [asyncio.create_task(post(client, body(batches[0]), headers))]
                await asyncio.wait(sending, timeout=0.5)  # it is being flushed, and what comes now waits behind it
                sending += [asyncio.create_task(post(client, body(batch), headers)) for batch in batches[1:]]
                done, held = await asyncio.wait(sending, timeout=0.5)
                assert done
                for task in done:
                    assert_problem(task.result(), 503)
                    assert int(task.result().headers["Retry-After"]) > 0
            await blocker.close()
            assert held
            assert {200} == {(await task).status_code for task in held}
            again = [await post(client, body(batch), headers) for batch in batches]
    assert 2 * len(done) == sum(answer.json()["accepted"] for answer in again)
    assert 24 == await likes(stage.client, show.id)


async def test_no_raw_viewer_id_is_stored_anywhere(stage: Stage, room: Rooms) -> None:
    """Taken, parked or rejected: no table holds a viewer's id, a buyer's id or a comment as it was sent."""
    await stage.show(subject := room())
    person, words = "o9hHn5-personal", "秘密のコメント"
    comment = {"viewer": person, "text": words}
    order = {"order": "1", "buyer": person, "currency": "CNY", "amount": "1", "lines": []}
    taken = [like(subject, type="live.comment.posted", data=comment), like(subject, type="live.order.paid", data=order)]
    parked = like(room(), type="live.comment.posted", data=comment)
    wrong = like(subject, type="live.comment.posted", data=comment | {"viewer": [person]})
    foreign = like(subject, type="live.order.paid", data=order | {"currency": "USD"})
    receipt = (await post(stage.client, body([*taken, parked, wrong, foreign]))).json()
    assert (2, 1, 2) == (receipt["accepted"], receipt["parked"], len(receipt["rejected"]))
    async with stage.service.database.acquire() as connection:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in tables:
            found = await connection.fetch(
                f"SELECT * FROM {table} AS t WHERE to_jsonb(t)::text LIKE ANY($1)",
                [f"%{person}%", f"%{words}%", f"%{person.encode().hex()}%"],
            )
            assert [] == found, table


async def test_deflate_is_read_and_other_encodings_are_refused(stage: Stage, room: Rooms) -> None:
    """Zlib's deflate is HTTP's; br, zstd and lists of encodings are a 415."""
    await stage.show(subject := room())
    packed = zlib.compress(body([like(subject)]))
    answer = await post(stage.client, packed, {**BATCH, "Content-Encoding": "deflate"})
    assert 1 == answer.json()["accepted"]
    for encoding in ("br", "zstd", "gzip, gzip", "base64"):
        assert_problem(await post(stage.client, packed, {**BATCH, "Content-Encoding": encoding}), 415)
