"""Hosts and marks: on the timeline, out of the figures, and what of them a client sees."""

import io
import zipfile
from typing import Any

import httpx
import pytest

from app.service import Service
from tests.desk.conftest import Answer, NewSession, People
from tests.pipeline.request_bodies import assert_problem

AT = "2021-09-25T14:%02d:00+09:00"
ROOM = "wechat:marks"
LABELS = ("violation", "coupon", "giveaway", "highlight", "note", "own-label")


def _event(number: int, event_type: str, data: Answer, subject: str = ROOM) -> Answer:
    return {
        "specversion": "1.0", "id": f"m-{number}", "source": "//tool.example", "type": f"live.{event_type}", "subject": subject,
        "time": AT % number, "data": data,
    }  # fmt: skip


EVENTS = [
    _event(0, "session.started", {}),
    _event(1, "host.changed", {"host": "小林"}),
    *(_event(number, "mark.set", {"label": label, "text": f"secret {label}"}) for number, label in enumerate(LABELS, 2)),
    _event(20, "like.sent", {"count": 3}),
    _event(30, "session.ended", {}),
]


async def _send(client: httpx.AsyncClient, events: list[Answer]) -> Answer:
    answer = await client.post("/v1/events", json=events)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def _marks(client: httpx.AsyncClient, session: str, **headers: str) -> list[Answer]:
    answer = await client.get(f"/v1/sessions/{session}/timeline", headers=headers)
    assert 200 == answer.status_code, answer.text
    return [mark for mark in answer.json()["marks"] if mark["kind"] in {"host", "mark"}]


@pytest.fixture
async def session(client: httpx.AsyncClient, new_session: NewSession) -> str:
    """A session whose events arrived before its room was registered."""
    assert len(EVENTS) == (await _send(client, EVENTS))["parked"]
    return str((await new_session(streams=[{"platform": "wechat", "room": "marks"}]))["id"])


async def test_hosts_and_marks_of_a_room_join_its_session(client: httpx.AsyncClient, session: str) -> None:
    """With time, platform and text; no figure changes by them, and a range of time shows its own."""
    marks = await _marks(client, session)
    assert [("host", "小林", None), *(("mark", label, f"secret {label}") for label in LABELS)] == [
        (mark["kind"], mark["host"] or mark["label"], mark["text"]) for mark in marks
    ]
    assert {"wechat"} == {mark["platform"] for mark in marks}
    kpis = (await client.get(f"/v1/sessions/{session}/kpis")).json()["kpis"]
    assert {"likes": 3} == {slug: kpi["value"] for slug, kpi in kpis.items() if kpi["value"] not in {None, 0}} | {"likes": 3}
    window = {"from": AT % 3, "to": AT % 5}
    some = (await client.get(f"/v1/sessions/{session}/timeline", params=window)).json()["marks"]
    assert ["coupon", "giveaway"] == [mark["label"] for mark in some]


async def test_a_client_sees_what_the_audience_saw(client: httpx.AsyncClient, session: str, people: People) -> None:
    """Hosts, coupons, giveaways and highlights without text: on the timeline, in the log and in a revision."""
    brand = (await client.get("/v1/brands")).json()["brands"][0]["id"]
    headers = (await people("viewer", brand)).headers
    marks = await _marks(client, session, **headers)
    assert ["小林", "coupon", "giveaway", "highlight"] == [mark["host"] or mark["label"] for mark in marks]
    assert {None} == {mark["text"] for mark in marks}
    log = await client.get("/v1/events", params={"session": session}, headers=headers)
    assert len(EVENTS) - len(LABELS) == len(log.json()["events"])
    one_type = await client.get("/v1/events", params={"session": session, "type": "live.mark.set"}, headers=headers)
    assert [] == one_type.json()["events"]
    assert 201 == (await client.post(f"/v1/sessions/{session}/finalize", json={})).status_code
    frozen = await client.get(f"/v1/sessions/{session}/revisions/1", headers=headers)
    assert 200 == frozen.status_code, frozen.text
    for answer in (log, one_type, frozen):
        assert "secret" not in answer.text
    assert "secret note" in (await client.get(f"/v1/sessions/{session}/revisions/1")).text


async def test_the_report_lists_them(client: httpx.AsyncClient, session: str) -> None:
    """With time and text, in the report's language: as JSON, as a page and as a workbook."""
    report = (await client.get(f"/v1/sessions/{session}/report", params={"lang": "en"})).json()
    section = report["sections"]["marks"]
    assert (0, "Hosts and marks") == (section["omitted"], section["title"])
    assert ["14:01 Host 小林 None", "14:02 Violation secret violation", "14:03 Coupon secret coupon"] == [
        f"{row['time']} {row['name']} {row['text']}" for row in section["rows"][:3]
    ]
    assert "own-label" == section["rows"][-1]["name"]
    page = await client.get(f"/v1/sessions/{session}/report.html", params={"lang": "ja"})
    assert "<li>14:03 クーポン：secret coupon</li>" in page.text
    workbook = await client.get(f"/v1/sessions/{session}/report.xlsx", params={"lang": "zh"})
    with zipfile.ZipFile(io.BytesIO(workbook.content)) as opened:
        assert "优惠券：secret coupon" in opened.read("xl/sharedStrings.xml").decode()
    client_edition = await client.get(f"/v1/sessions/{session}/report", params={"edition": "client"})
    assert ["host", "mark", "mark", "mark"] == [row["kind"] for row in client_edition.json()["sections"]["marks"]["rows"]]
    assert "secret" not in client_edition.text


async def test_a_void_of_a_mark_and_its_removal(client: httpx.AsyncClient, session: str) -> None:
    """The mark is gone, and comes back."""
    before = await _marks(client, session)
    form = {"source": "//tool.example", "event": "m-3", "reason": "no coupon"}
    void = (await client.post(f"/v1/sessions/{session}/voids", json=form)).json()
    assert [mark for mark in before if mark["label"] != "coupon"] == await _marks(client, session)
    assert None is void["rebuild"]
    await client.delete(f"/v1/sessions/{session}/voids/{void['id']}")
    assert before == await _marks(client, session)


@pytest.mark.parametrize(
    ("event_type", "data", "pointer"),
    [
        ("host.changed", {}, "/data/host"),
        ("host.changed", {"host": "a\u0000b"}, "/data/host"),
        ("mark.set", {"label": ""}, "/data/label"),
        ("mark.set", {"label": "note", "until": "2021-09-25"}, "/data/until"),
        ("mark.set", {"label": "note", "until": "1990-01-01T00:00:00Z"}, "/data/until"),
    ],
)
async def test_a_wrong_mark_becomes_a_dead_letter(
    client: httpx.AsyncClient, new_session: NewSession, event_type: str, data: Answer, pointer: str
) -> None:
    """It names its field, alone and among others, and the others count."""
    session = (await new_session())["id"]
    wrong = _event(2, event_type, data, session)
    assert_problem(await client.post("/v1/events", json=wrong), 422, pointer)
    right = [_event(1, "session.started", {}, session) | {"id": "s"}, _event(1, "host.changed", {"host": "王"}, session)]
    receipt = await _send(client, [*right, wrong])
    assert (2, 1) == (receipt["accepted"], len(receipt["rejected"]))
    assert ["王"] == [mark["host"] for mark in await _marks(client, session)]
    assert 1 == len((await client.get("/v1/dead-letters")).json()["dead_letters"])


async def test_a_document_has_the_first_thousand_marks(
    client: httpx.AsyncClient, new_session: NewSession, service: Service
) -> None:
    """And says how many it leaves out."""
    session = (await new_session())["id"]
    ids = iter(range(10_000))
    many: list[dict[str, Any]] = [
        _event(1, "mark.set", {"label": "note"}, session) | {"id": f"n-{next(ids)}"} for _ in range(1003)
    ]
    for start in range(0, len(many), 500):
        await _send(client, many[start : start + 500])
    await _send(client, [_event(2, "session.started", {}, session)])
    window = {"from": AT % 1, "to": AT % 2}
    timeline = (await client.get(f"/v1/sessions/{session}/timeline", params=window)).json()
    assert (1000, 3) == (len(timeline["marks"]), timeline["marks_omitted"])
    async with service.database.acquire() as connection:
        assert 1003 == await connection.fetchval("SELECT count(*) FROM marks")
