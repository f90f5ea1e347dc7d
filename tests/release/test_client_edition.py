"""What a viewer that is bound to a brand reads: the client edition and the figures, and nothing internal by any route."""

import asyncio
import json
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
from hypothesis import given, strategies as st
from starlette.types import ASGIApp

from app.api.access.audit_actions import ACTIONS, NOT_RECORDED
from app.catalogue.access import Role
from app.labels.catalogue import LANGUAGES
from app.main import create_app
from app.reports.editions import client_report
from app.reports.note_items import note_items
from app.service import Service
from app.storage.kpis.product_reads import NoteRow
from tests.api.document import DOCUMENT
from tests.conftest import KeyMaker
from tests.images import png
from tests.kpis.event_builders import NewSession, Read, Send, paid
from tests.properties import examples
from tests.release.conftest import Finalize

OPERATIONS = {
    operation["operationId"]: (method.upper(), path)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
FIGURES = {
    "list_sessions", "get_session", "list_streams", "list_lineup", "list_promotions", "get_promotion", "get_kpis",
    "get_product_results", "get_timeline", "list_showcases", "list_hosts", "list_marks", "list_sources", "get_funnel", "get_audience",
    "list_orders", "get_packing_list", "get_brand_logo", "get_session_logo", "list_alerts", "get_chart", "compare_sessions",
    "get_brand_history", "list_events", "list_brands", "get_brand", "list_products",
    "get_product", "list_plans", "list_exchange_rates", "get_exchange_rate", "list_rebuilds", "get_rebuild",
    "get_current_key", "get_me", "get_support", "list_cartons", "list_customers", "get_customer", "get_cohorts",
    "download_packing_list_xlsx", "download_carrier_file", "get_brand_month", "list_brand_orders", "get_lead_times",
    "export_table", "list_effects", "get_after_live", "get_retention", "get_targets",
    "get_brand_hosts",
}  # fmt: skip
"""Routes with figures, the catalogue, plans, rates and the caller's own key: a bound viewer reads them."""
EDITIONS = {
    "get_report", "download_report_xlsx", "download_report_html", "list_revisions", "get_revision", "download_revision_xlsx",
    "download_revision_html",
}  # fmt: skip
"""Routes that give a bound viewer the client edition."""
STATEMENTS = {
    "list_settlements", "get_settlement", "download_settlement_xlsx", "download_settlement_html", "download_settlement_beancount",
}  # fmt: skip
"""Issued statements of the brand, in the client edition; the tests of the settlement package read them."""
STREAM = {"stream_session", "create_stream_ticket"}
"""Figures as they come; their own test below."""
INTERNAL = {"list_insights", "list_notes", "get_note", "list_revision_changes", "get_plan", "get_checklist"}
"""Routes that refuse a bound viewer, because of what they tell."""
OTHER_ROLES = {
    "list_dead_letters", "get_dead_letter", "list_parked_rooms", "list_keys", "list_stream_claims", "list_connections",
    "get_connection", "list_contracts", "get_contract", "list_voids", "list_desk_actions", "list_audit_log", "get_agency_month", "list_session_imports", "preview_import_void",
    "list_import_options", "list_dead_letter_groups", "list_jobs", "get_job", "list_connection_deliveries", "list_connection_kinds",
    "list_people", "get_person", "list_devices", "list_share_links", "list_channels", "get_channel", "list_channel_deliveries", "get_status",
}  # fmt: skip
"""Routes that only operators or administrators read."""
OPEN = {"list_labels", "get_health", "get_readiness", "get_metrics", "verify_webhook", "verify_webhook_with_token"}
"""Routes that require no key, and say nothing of a session."""
OWN = {"get_sign_in", "sign_in", "sign_out"}
"""Routes of a browser about itself; the tests of people call them."""
WRITES = {*ACTIONS, *NOT_RECORDED} - STREAM - OWN
"""Routes that a viewer may not use."""

NOTE, RELEASE_NOTE, VOID_REASON, SHARED = "秘密の現場記録", "社内の理由", "社内の無効理由", "公開のまとめ"


pytestmark = pytest.mark.usefixtures("undrawn")


class Bound(NamedTuple):
    """A bound viewer of a released session, and what they must not read."""

    headers: dict[str, str]
    path: dict[str, str]
    secrets: list[str]


@pytest.fixture
async def bound(client: httpx.AsyncClient, keys: KeyMaker, show: str, send: Send, finalize: Finalize, read: Read) -> Bound:
    """A released session with insights, contradictions, notes, a void, and a viewer of its brand."""
    await send("wechat:room", ("like.sent", 30, {}))
    logged = await client.get("/v1/events", params={"session": show, "type": "live.like.sent"})
    like = logged.json()["events"][0]
    void = {"source": like["source"], "event": like["id"], "reason": VOID_REASON}
    assert 200 == (await client.post(f"/v1/sessions/{show}/voids", json=void)).status_code
    assert (
        200 == (await client.put("/v1/exchange-rates/2021-09-25/CNY/JPY/TTM", json={"rate": "17.1", "source": "b"})).status_code
    )
    await finalize(show, RELEASE_NOTE)
    session = (await client.get(f"/v1/sessions/{show}")).json()
    brand = next(one["id"] for one in (await client.get("/v1/brands")).json()["brands"] if one["slug"] == session["brand"])
    assert 200 == (await client.put(f"/v1/brands/{session['brand']}/logo", content=png())).status_code
    report, insights = await read(show, "report"), (await read(show, "insights"))["insights"]
    drafts = [text for section in ("live", "ec") for text in report["sections"][section]["drafts"]["items"]]
    warnings = [text for one in report["warnings"] for text in (one["code"], one["message"])]
    assert drafts
    assert warnings
    assert insights
    texts = [text for one in insights for text in (f'"{one["code"]}"', *one["text"].values())]
    customers = (await client.get(f"/v1/brands/{session['brand']}/customers")).json()["customers"]
    path = {
        "session": show, "customer": customers[0]["customer"], "job": show, "number": "1", "chart": "timeline", "brand": session["brand"],
        "promotion": session["promotions"][0]["id"], "note": (await read(show, "notes"))["notes"][0]["id"],
        "product": (await client.get("/v1/products")).json()["products"][0]["id"],
        "date": "2021-09-25", "month": "2021-09", "source": "CNY", "target": "JPY", "kind": "TTM", "table": "events",
        **dict.fromkeys(("alert", "letter", "connection", "contract", "key", "void", "url_token", "platform", "room", "alias", "settlement",
                         "line"), "0"),
        **dict.fromkeys(("person", "device", "link", "channel", "delivery", "import"), str(uuid4())),
    }  # fmt: skip
    secrets = [NOTE, RELEASE_NOTE, VOID_REASON, *drafts, *warnings, *texts, (await read(show, "revisions/1"))["by"]]
    return Bound(await keys(Role.VIEWER, brand), path, secrets)


def _url(operation: str, path: dict[str, str]) -> str:
    url: str = OPERATIONS[operation][1].format_map(path)
    if operation == "list_events":
        return f"{url}?session={path['session']}"
    if operation == "compare_sessions":
        return f"{url}?sessions={path['session']},{path['second']}"
    return url


def test_every_route_is_in_one_list() -> None:
    """A new route must be added to one of the lists above: does a bound viewer read it, and what of it?"""
    lists = (FIGURES, EDITIONS, STATEMENTS, STREAM, INTERNAL, OTHER_ROLES, OPEN, OWN, WRITES)
    assert sorted(OPERATIONS) == sorted(name for one in lists for name in one)


async def test_no_route_tells_a_bound_viewer_what_is_internal(
    client: httpx.AsyncClient, bound: Bound, new_session: NewSession
) -> None:
    """Figures and client editions hold none of the secrets, in any language; all other routes answer 403."""
    path = bound.path | {"second": await new_session(streams=[])}
    for operation in sorted(FIGURES | EDITIONS):
        for language in LANGUAGES if operation in {"get_report", "get_kpis", "get_chart", "list_alerts"} else ("ja",):
            answer = await client.get(_url(operation, path), headers=bound.headers | {"Accept-Language": language})
            # No rebuild was requested of this session.
            assert answer.status_code == (404 if operation == "get_rebuild" else 200), f"{operation}: {answer.text}"
            found = [secret for secret in bound.secrets if secret in answer.text]
            assert not found, operation
            if operation in EDITIONS - {"list_revisions"}:
                assert SHARED in answer.text, operation
    for operation in sorted(INTERNAL | OTHER_ROLES | WRITES):
        method, _ = OPERATIONS[operation]
        if "webhook" not in operation:
            answer = await client.request(method, _url(operation, path), json={}, headers=bound.headers)
            assert 403 == answer.status_code, f"{operation}: {answer.text}"


async def test_the_same_routes_tell_an_operator_all_of_it(client: httpx.AsyncClient, bound: Bound) -> None:
    """So the test above looks for what is there; and an operator can read what the client reads."""
    operations = (
        "get_report", "list_insights", "list_notes", "list_events", "get_revision", "download_revision_html", "download_report_xlsx",
    )  # fmt: skip
    whole = "".join([(await client.get(_url(operation, bound.path))).text for operation in operations])
    assert [] == [secret for secret in bound.secrets if secret not in whole]
    for operation in ("get_report", "get_revision"):
        answer = await client.get(_url(operation, bound.path), params={"edition": "client"})
        assert [] == [secret for secret in bound.secrets if secret in answer.text], operation
        assert SHARED in answer.text
        assert '"edition":"client"' in answer.text


async def test_the_event_stream_of_a_bound_viewer_has_no_contradictions(
    service: Service, client: httpx.AsyncClient, bound: Bound
) -> None:
    """By key and by ticket: the KPI document without warnings, beside an internal subscriber who gets them."""
    app = create_app(service)
    session = bound.path["session"]
    ticket = (await client.post(f"/v1/sessions/{session}/stream-tickets", headers=bound.headers)).json()["ticket"]
    for headers, query, warned in (
        ({"authorization": client.headers["authorization"]}, "", True),
        ({"authorization": bound.headers["Authorization"]}, "", False),
        ({}, f"ticket={ticket}", False),
    ):
        kpis = await _first_kpis(app, f"/v1/sessions/{session}/stream", query, headers)
        assert warned == bool(kpis["warnings"])
        assert {"revision": 1, "changed": False} == kpis["final"]


async def _answer(app: ASGIApp, scope: Any, receive: Any, send: Any) -> None:
    await app(scope, receive, send)


async def _first_kpis(app: ASGIApp, path: str, query: str, headers: dict[str, str]) -> dict[str, Any]:
    """Return the first document `kpis` of an event stream."""
    received = asyncio.Queue[dict[str, Any]]()
    leave = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await leave.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
        "raw_path": path.encode(), "root_path": "", "query_string": query.encode(), "client": ("127.0.0.1", 1),
        "server": ("t", 80), "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    answering = asyncio.create_task(_answer(app, scope, receive, received.put))
    body = b""
    async with asyncio.timeout(10):
        while b"event: kpis" not in body or not body.endswith(b"\n\n"):
            body += (await received.get()).get("body", b"")
        leave.set()
        await answering
    line = body.partition(b"event: kpis\ndata: ")[2].partition(b"\n")[0]
    document: dict[str, Any] = json.loads(line)
    return document


async def test_a_bound_viewer_reads_the_latest_revision_alone(
    client: httpx.AsyncClient, keys: KeyMaker, show: str, send: Send, finalize: Finalize
) -> None:
    """Nothing before the first release, then the latest revision; the internal edition is refused."""
    brand = (await client.get("/v1/brands")).json()["brands"][0]["id"]
    headers = await keys(Role.VIEWER, brand)
    base = f"/v1/sessions/{show}"
    for path in ("report", "report.xlsx", "report.html"):
        answer = await client.get(f"{base}/{path}", headers=headers)
        assert (404, "not_released") == (answer.status_code, answer.json()["code"])
        assert "has not been released" in answer.json()["detail"]
    assert [] == (await client.get(f"{base}/revisions", headers=headers)).json()["revisions"]
    await finalize(show)
    await send("wechat:room", paid(300, "late", "b4", ("knit", 1, "100.00")))
    await finalize(show)
    await send("wechat:room", paid(301, "later", "b5", ("knit", 1, "40.00")))
    report = (await client.get(f"{base}/report", headers=headers)).json()
    assert (2, "client", "360.00") == (report["revision"], report["edition"], report["sections"]["totals"]["figures"][3]["value"])
    live = (await client.get(f"{base}/kpis", headers=headers)).json()
    assert ("400.00", []) == (live["kpis"]["gmv"]["value"], live["warnings"])
    assert [2] == [one["number"] for one in (await client.get(f"{base}/revisions", headers=headers)).json()["revisions"]]
    assert 404 == (await client.get(f"{base}/revisions/1", headers=headers)).status_code
    for path in ("report", "report.xlsx", "report.html", "revisions/2", "revisions/2/report.xlsx", "revisions/2/report.html"):
        answer = await client.get(f"{base}/{path}", params={"edition": "internal"}, headers=headers)
        assert (403, "internal_only") == (answer.status_code, answer.json()["code"]), path


async def test_notes_are_shared_by_their_kind_unless_said_otherwise(client: httpx.AsyncClient, show: str, read: Read) -> None:
    """Summaries are shared, observations not; both can be changed, and a revision keeps what it had."""
    notes = {note["text"]: note for note in (await read(show, "notes"))["notes"]}
    assert (False, True) == (notes[NOTE]["share"], notes[SHARED]["share"])
    form = {"section": "ec", "kind": "observation", "text": "見せる記録", "share": True}
    assert (await client.post(f"/v1/sessions/{show}/notes", json=form)).json()["share"]
    await client.patch(f"/v1/sessions/{show}/notes/{notes[SHARED]['id']}", json={"share": False})
    sections = (await read(show, "report", edition="client"))["sections"]
    assert ["見せる記録"] == sections["ec"]["observations"]["items"]
    assert ([], []) == (sections["live"]["observations"]["items"], sections["live"]["summary"]["items"])
    assert [SHARED] == (await read(show, "report"))["sections"]["live"]["summary"]["items"]


_NOTES = st.lists(
    st.builds(NoteRow, st.sampled_from(["live", "ec", "promotion"]), st.sampled_from(["observation", "summary"]),
              st.text("ab1、\n", min_size=1, max_size=6), st.booleans()),
    max_size=8,
)  # fmt: skip


@given(_NOTES)
@examples(60)
def test_the_client_edition_is_the_report_of_the_shared_notes(notes: list[NoteRow]) -> None:
    """Whatever the notes are: it equals an internal edition that had the shared notes only, without drafts and warnings."""

    def report(of: list[NoteRow], drafts: list[str], warnings: list[str], edition: str) -> dict[str, Any]:
        def section(name: str) -> dict[str, Any]:
            lists = {
                place: {"title": place, "items": note_items(n.text for n in of if (n.section, n.kind) == (name, kind))}
                for place, kind in (("observations", "observation"), ("summary", "summary"))
            }
            return {**lists, "drafts": {"title": "d", "items": drafts}, "figures": [1]}

        sections = {name: section(name) for name in ("live", "ec", "promotion")}
        return {"edition": edition, "sections": sections | {"totals": {}, "products": {}}, "warnings": warnings}

    whole = report(notes, ["draft"], ["warning"], "internal")
    assert report([note for note in notes if note.share], [], [], "client") == client_report(whole, notes)
    assert report(notes, ["draft"], ["warning"], "internal") == whole
