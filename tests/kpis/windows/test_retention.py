"""Retention: by the minute of entry, how long viewers stayed and who came back; no person is named."""

from typing import Any

import httpx
import pytest

from app.catalogue.access import Role
from app.service import Service
from app.storage.kpis import stays
from tests.conftest import KeyMaker
from tests.kpis.event_builders import NewSession, Read, Send, tokyo


async def test_stays_by_the_minute_of_entry(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read, keys: KeyMaker
) -> None:
    """A stay is as long as measured, else from entry to exit; an exit without an entry, or an entry without an exit, has no length."""
    session = await new_session(host="小林")
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("product.showcased", 100, {"product": "knit"}),
        ("mark.set", 130, {"label": "violation"}),
        ("mark.set", 131, {"label": "coupon"}),
        ("viewer.entered", 10, {"viewer": "a"}),
        ("viewer.left", 130, {"viewer": "a"}),
        ("viewer.entered", 200, {"viewer": "a"}),
        ("viewer.entered", 20, {"viewer": "b"}),
        ("viewer.left", 140, {"viewer": "b", "watched_seconds": 400}),
        ("viewer.left", 150, {"viewer": "c"}),
        ("viewer.left", 170, {"viewer": "d", "watched_seconds": 60.5}),
        ("viewer.entered", 30, {"viewer": "e"}),
        ("session.ended", 3600, {}),
    )
    document = await read(session, "retention")
    rows = {row["minute"]: row for row in document["minutes"]}
    first = rows[tokyo("14:00:00")]
    assert (3, 3, 1, 0, 2, 260) == tuple(
        first[name] for name in ("entries", "first_entries", "came_back", "exits", "stays", "average_seconds")
    )
    assert [1, 0.5, 0.5, 0, 0] == first["stayed"]
    assert (0, 1, 60.5) == tuple(rows[tokyo("14:01:00")][name] for name in ("entries", "stays", "average_seconds"))
    assert (1, 0, 4) == (
        rows[tokyo("14:03:00")]["entries"],
        rows[tokyo("14:03:00")]["first_entries"],
        rows[tokyo("14:02:00")]["exits"],
    )
    (loss,) = document["losses"]
    assert (tokyo("14:02:00"), 4, "knit", "小林", ["violation", "coupon"]) == (
        loss["minute"], loss["lost"], loss["product"], loss["host"], loss["marks"],
    )  # fmt: skip
    assert (4, 3, 1, 4, 3) == tuple(
        document["total"][name] for name in ("entries", "first_entries", "came_back", "exits", "stays")
    )
    brand = next(one["id"] for one in (await client.get("/v1/brands")).json()["brands"] if one["slug"] == "maison-k")
    answer = await client.get(f"/v1/sessions/{session}/retention", headers=await keys(Role.VIEWER, brand))
    assert ["coupon"] == answer.json()["losses"][0]["marks"]
    pseudonyms = [event["data"]["viewer"] for event in (await client.get("/v1/events", params={"session": session})).json()["events"]
                  if "viewer" in event["data"]]  # fmt: skip
    assert pseudonyms
    assert not [one for one in pseudonyms if one in answer.text]


async def test_without_exits_nothing_is_said_of_stays(new_session: NewSession, send: Send, read: Read) -> None:
    """Nor before the start."""
    session = await new_session()
    document = await read(session, "retention")
    assert (None, [], []) == (document["from"], document["minutes"], document["losses"])
    await send("wechat:room", ("session.started", 0, {}), ("viewer.entered", 10, {"viewer": "a"}), ("session.ended", 60, {}))
    document = await read(session, "retention")
    assert (1, 0, None, []) == tuple(
        (document["total"] | document)[name] for name in ("entries", "exits", "average_seconds", "losses")
    )
    assert "retention" not in (await read(session, "report"))["sections"]


async def test_reports_read_the_log_in_turn_and_a_release_reads_it_once(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not once per language; while another log is read a report waits, unless it has no exit to tell of."""
    scans = []
    read = stays.moves

    async def counted(*args: Any) -> Any:
        scans.append(args[1])
        return await read(*args)

    monkeypatch.setattr(stays, "moves", counted)
    monkeypatch.setattr("app.kpis.windows.retention._SLOT_SECONDS", 0.01)
    with_exits, without = await new_session(), await new_session(streams=[{"platform": "weibo", "room": "other"}])
    for room, left in (("wechat:room", [("viewer.left", 70, {"viewer": "a"})]), ("weibo:other", [])):
        await send(room, ("session.started", 0, {}), ("viewer.entered", 10, {"viewer": "a"}), *left, ("session.ended", 600, {}))
    assert (await client.post(f"/v1/sessions/{with_exits}/finalize")).is_success
    assert 1 == len(scans)
    async with service.database.log_scans:
        answers = [await client.get(f"/v1/sessions/{with_exits}/{form}") for form in ("report", "report.html", "report.xlsx")]
        assert 200 == (await client.get(f"/v1/sessions/{without}/report")).status_code
    assert [(503, "5")] * 3 == [(answer.status_code, answer.headers["retry-after"]) for answer in answers]
    assert 1 == len(scans)
    assert "retention" in (await client.get(f"/v1/sessions/{with_exits}/report")).json()["sections"]
    assert 2 == len(scans)
