"""Revisions: numbers, immutability, the hash, what changed since, status `final`."""

import asyncio
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, strategies as st

from app.api.figures.insights import insight_settings
from app.charts.specification import CHARTS, specification
from app.cli.report import make_released
from app.kpis.reading.session_reader import SessionQuery, snapshot
from app.kpis.windows.retention import retention_of_report_on
from app.problems import ProblemError
from app.release.canonical import canonical
from app.release.editions import client_json
from app.release.files import documents_of
from app.reports.charts import read_documents, with_funnel
from app.reports.document import report_on
from app.reports.excel.workbook import WorkbookInput, write_workbook
from app.reports.files import PAGE_DOCUMENTS
from app.reports.page import render
from app.service import Service
from tests.kpis.event_builders import NewSession, Read, Send, paid
from tests.properties import examples
from tests.release.conftest import Finalize

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


async def _all(client: httpx.AsyncClient, session: str, number: int) -> dict[str, bytes]:
    """Return the bytes of a revision by every route."""
    base = f"/v1/sessions/{session}/revisions/{number}"
    paths = ["", *(f"/report.{kind}?lang={lang}" for kind, lang in (("xlsx", "ja"), ("html", "zh")))]
    found = {}
    for path in paths:
        answer = await client.get(base + path)
        assert 200 == answer.status_code, answer.text
        found[path] = answer.content
    return found


async def test_a_revision_never_changes_and_late_events_count_in_the_present_figures(
    client: httpx.AsyncClient, show: str, finalize: Finalize, read: Read, send: Send
) -> None:
    """JSON, workbook and page keep their bytes; `/kpis` has the late order and says so, and `changes` names each figure."""
    assert None is (await read(show, "kpis"))["final"]
    assert "provisional" == (await read(show, "kpis"))["status"]
    released = await finalize(show, "returns are in")
    assert (1, "returns are in") == (released["number"], released["note"])
    before = await _all(client, show, 1)
    kpis = await read(show, "kpis")
    assert ("final", {"revision": 1, "changed": False}) == (kpis["status"], kpis["final"])
    assert {"changes": []} == await read(show, "revisions/1/changes")

    await send("wechat:room", paid(300, "late", "b4", ("knit", 1, "100.00")))
    await send("wechat:room", ("promotion.measured", 4000, {"promotion": "https://example.test/1", "views_total": 1300}))
    assert before == await _all(client, show, 1)
    kpis = await read(show, "kpis")
    assert ("360.00", {"revision": 1, "changed": True}) == (kpis["kpis"]["gmv"]["value"], kpis["final"])
    changes = (await read(show, "revisions/1/changes"))["changes"]
    assert {"figure": "gmv", "was": "260.00", "is": "360.00"} in changes
    assert {"figure": "gmv", "platform": "wechat", "was": "250.50", "is": "350.50"} in changes
    assert {"figure": "units", "product": "knit", "was": 2, "is": 3} in changes
    promotion = (await client.get(f"/v1/sessions/{show}")).json()["promotions"][0]["id"]
    assert {"figure": "views", "promotion": promotion, "was": 1200, "is": 1300} in changes
    assert not any(
        change.get("platform") == "weibo" or change.get("product") == "coat" for change in changes if change["figure"] == "units"
    )

    second = await finalize(show)
    assert 2 == second["number"]
    assert before[""] == (await client.get(f"/v1/sessions/{show}/revisions/1")).content
    assert {"revision": 2, "changed": False} == (await read(show, "kpis"))["final"]
    listed = await read(show, "revisions", limit=1)
    assert [second] == listed["revisions"]
    rest = await read(show, "revisions", limit=1, cursor=listed["next_cursor"])
    assert ([released], None) == (rest["revisions"], rest["next_cursor"])


async def test_the_hash_is_that_of_the_canonical_document(client: httpx.AsyncClient, show: str, finalize: Finalize) -> None:
    """It can be computed from the answer of either edition; one that was released before client editions had a hash gets it too."""
    released = await finalize(show)
    document = (await client.get(f"/v1/sessions/{show}/revisions/1")).json()
    assert released == {name: document[name] for name in released}
    without = {name: value for name, value in document.items() if name != "sha256"}
    assert released["sha256"] == hashlib.sha256(canonical(without).encode()).hexdigest()
    client_edition = (await client.get(f"/v1/sessions/{show}/revisions/1?edition=client")).json()
    hashes = {name: client_edition.pop(name) for name in ("client_sha256", "sha256")}
    assert hashes == {name: document[name] for name in hashes}
    assert hashes["client_sha256"] == hashlib.sha256(canonical(client_edition).encode()).hexdigest()
    assert (None, None) == (client_edition["by"], client_edition["note"])
    earlier = {name: value for name, value in without.items() if name != "client_sha256"}
    assert client_edition | hashes == json.loads(client_json(earlier, hashes["sha256"]))
    for language, report in document["report"].items():
        assert (language, "final", 1, "internal") == (
            report["language"], report["status"], report["revision"], report["edition"],
        )  # fmt: skip


async def test_the_command_writes_the_documents_of_a_revision(
    client: httpx.AsyncClient, service: Service, show: str, finalize: Finalize
) -> None:
    """As JSON both editions are what the server answers; a number without a revision is no file."""
    await finalize(show)
    for edition in ("client", "internal"):
        asked = SessionQuery(UUID(show), None, datetime.now(UTC), "en", 1, client=edition == "client")
        answer = await client.get(f"/v1/sessions/{show}/revisions/1?edition={edition}")
        assert answer.content + b"\n" == await make_released(service, asked, ".json")
    with pytest.raises(ProblemError):
        await make_released(service, replace(asked, revision=2), ".json")


@given(_VALUES)
@examples(60)
def test_canonical_json_says_the_same_and_is_one_text(value: Any) -> None:
    """It parses to the same value, whatever the order of members was, and canonical JSON of that is the same text."""
    text = canonical(value)
    # A double above 2^53 is written without a fraction.
    parsed = json.loads(text, parse_int=lambda digits: int(digits) if abs(int(digits)) <= 2**53 else float(digits))
    assert value == parsed
    assert text == canonical(parsed)
    assert " " not in canonical([1.5, {"b": 2, "a": [None, True]}])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-6, "0.000001"), (1e-7, "1e-7"), (1.5e-9, "1.5e-9"), (-0.0, "0"),
        (634.2, "634.2"), (4.5e-05, "0.000045"), (123456789012345680.0, "123456789012345680"), (1.0, "1"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_ecmascript_writes_them(number: float, text: str) -> None:
    """RFC 8785, section 3.2.2.3."""
    assert text == canonical(number)


async def test_concurrent_releases_have_consecutive_numbers_and_a_repeated_key_makes_one(
    client: httpx.AsyncClient, show: str, finalize: Finalize
) -> None:
    """Two without a key make two revisions, three with one key make one."""
    made = await asyncio.gather(finalize(show), finalize(show), *(finalize(show, "n", Idempotency_Key="k-1") for _ in range(3)))
    assert [1, 2, 3] == sorted({one["number"] for one in made})
    assert 1 == len({one["number"] for one in made[2:]})
    assert [3, 2, 1] == [one["number"] for one in (await client.get(f"/v1/sessions/{show}/revisions")).json()["revisions"]]
    moments = [one["created_at"] for one in sorted(made, key=lambda one: one["number"])]
    assert moments == sorted(moments)
    other = await client.post(f"/v1/sessions/{show}/finalize", json={"note": "m"}, headers={"Idempotency-Key": "k-1"})
    assert (422, "idempotency_key_reused") == (other.status_code, other.json()["code"])


async def test_a_session_on_air_or_without_figures_is_not_released(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """409 in both cases; orders without a start can be released, and end with their last event."""
    session = await new_session()
    answer = await client.post(f"/v1/sessions/{session}/finalize")
    assert (409, "nothing_to_release") == (answer.status_code, answer.json()["code"])
    await send("wechat:room", paid(0, "o", "b", ("knit", 1, "1.00")))
    assert 201 == (await client.post(f"/v1/sessions/{session}/finalize")).status_code
    assert "2021-09-25T05:00:00Z" == (await read(session, "revisions/1"))["ended_at"]
    await send("wechat:room", ("session.started", 60, {}))
    assert "live" == (await read(session, "kpis"))["status"]
    answer = await client.post(f"/v1/sessions/{session}/finalize")
    assert (409, "session_on_air") == (answer.status_code, answer.json()["code"])


async def test_lists_show_released_sessions_as_final(
    client: httpx.AsyncClient, show: str, new_session: NewSession, finalize: Finalize
) -> None:
    """The session and its line in the list have status and revision, and the filter by status finds it alone."""
    await new_session(streams=[])
    await finalize(show)
    session = (await client.get(f"/v1/sessions/{show}")).json()
    assert ("final", {"revision": 1}) == (session["status"], session["final"])
    for status, expected in (("final", [show]), ("provisional", []), ("live", [])):
        listed = (await client.get("/v1/sessions", params={"status": status})).json()["sessions"]
        assert expected == [one["id"] for one in listed], status
    history = (await client.get("/v1/brands/maison-k/history")).json()["sessions"]
    assert ["final"] == [one["status"] for one in history]


async def test_a_settlement_finds_its_amounts_beside_the_document(
    service: Service, show: str, finalize: Finalize, send: Send
) -> None:
    """Minor units, currency, end and time zone of the session, as they were."""
    await send("wechat:room", ("order.refunded", 3000, {"order": "o2", "amount": "50.50"}))
    await finalize(show)
    async with service.database.acquire() as connection:
        row = await connection.fetchrow("SELECT currency, gmv, net_gmv, ended_at, time_zone FROM revisions")
    assert row is not None
    assert ("CNY", Decimal(26000), Decimal(20950), "Asia/Tokyo") == (
        row["currency"], row["gmv"], row["net_gmv"], row["time_zone"],
    )  # fmt: skip
    assert "2021-09-25T06:00:00+00:00" == row["ended_at"].isoformat()


async def test_only_an_admin_deletes_a_released_session(
    client: httpx.AsyncClient, show: str, finalize: Finalize, service: Service
) -> None:
    """409 for an operator; an admin removes the session with its revisions."""
    await finalize(show)
    key = (await client.post("/v1/keys", json={"role": "operator"})).json()["key"]
    answer = await client.delete(f"/v1/sessions/{show}", headers={"Authorization": f"Bearer {key}"})
    assert (409, "session_released") == (answer.status_code, answer.json()["code"])
    assert 204 == (await client.delete(f"/v1/sessions/{show}")).status_code
    async with service.database.acquire() as connection:
        assert 0 == await connection.fetchval("SELECT count(*) FROM revisions")


async def test_a_bound_operator_releases_its_own_sessions_alone(client: httpx.AsyncClient, show: str) -> None:
    """404 for another brand's, 403 for viewers, 404 for a revision that does not exist."""
    await client.post("/v1/brands", json={"slug": "other", "name": "Other"})
    for role, brand, expected in (("operator", "other", 404), ("viewer", None, 403), ("operator", "maison-k", 201)):
        key = (await client.post("/v1/keys", json={"role": role, "brand": brand})).json()["key"]
        headers = {"Authorization": f"Bearer {key}"}
        answer = await client.post(f"/v1/sessions/{show}/finalize", headers=headers)
        assert expected == answer.status_code, answer.text
        if brand == "other":
            assert 404 == (await client.get(f"/v1/sessions/{show}/revisions", headers=headers)).status_code
    missing = await client.get(f"/v1/sessions/{show}/revisions/2")
    assert (404, "revision_not_found") == (missing.status_code, missing.json()["code"])


async def test_files_do_not_depend_on_the_order_of_members(
    service: Service, show: str, finalize: Finalize, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """A frozen document has sorted members. Page, charts and workbook show the same as of the document that was frozen."""
    await finalize(show)
    frozen = (await client.get(f"/v1/sessions/{show}/revisions/1")).json()
    moment = datetime.fromisoformat(frozen["created_at"])
    asked = SessionQuery(UUID(show), None, moment, "ja", revision=1)
    async with snapshot(service.database, None) as connection:
        retention = await retention_of_report_on(connection, asked)
        report = await report_on(connection, asked, insight_settings(service.settings), retention)
        documents = await read_documents(connection, asked, PAGE_DOCUMENTS)
    again = documents_of(frozen, "ja")
    for chart in CHARTS:
        drawn = [specification(chart, with_funnel(source), "ja", "light") for source in (documents, again)]
        assert drawn[0] == drawn[1], chart
    assert render(report, []) == render(frozen["report"]["ja"], [])
    books = []
    for number, content in enumerate(((report, documents), (frozen["report"]["ja"], again))):
        path = tmp_path / f"{number}.xlsx"
        write_workbook(WorkbookInput(*content, None), path)
        books.append(path.read_bytes())
    assert books[0] == books[1]
