"""The audit log has one row for each committed write of the API, and none for a refused one."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app.api.access.audit_actions import ACTIONS, NOT_RECORDED
from app.catalogue.access import Role
from app.ingest.flushing import flush
from app.service import Service
from app.storage import audit
from app.storage.pool.persistent_connection import early_lock_release
from tests.api.audited import SHOW, WRITES, Actions, Entry, audit_entries, audit_entry
from tests.conftest import KeyMaker
from tests.images import png

SECRET = "whsec_" + "MfKQ9r8G" * 6
HOOK = {"kind": "standard_webhooks", "name": "n", "brand": "maison-k", "secrets": {"secret": SECRET}}
BUYER = "o9hHn5apfwHL"
ELSEWHERE = frozenset({"forget_customer", "give_alert_back", "put_cartons", "snooze_alert", "take_alert"})
"""Operations whose rows their own tests check."""


def test_every_write_route_has_an_action_or_a_reason() -> None:
    """A new route with an unsafe method must be added to one of the two lists, and neither lists another."""
    assert sorted(WRITES) == sorted([*ACTIONS, *NOT_RECORDED])
    assert all(action.partition(".")[2] for action in ACTIONS.values())


async def test_every_write_leaves_one_row_with_its_object_session_and_brand(client: httpx.AsyncClient) -> None:
    """One successful request per route of `ACTIONS`, and the row it leaves; no row has a secret or a person's id."""
    did = Actions(client)
    session = await did("create_session", lambda d: Entry("session.create", d["id"], d["id"], "maison-k"), SHOW)
    show = session["id"]

    def of_show(action: str, object_id: str | None = None) -> Callable[[dict[str, Any]], Entry]:
        return lambda d: Entry(action, object_id or d["id"], show, "maison-k")

    await did("update_session", of_show("session.update", show), {"title": "u"}, session=show)
    await _catalogue(did, show, of_show)
    await _telemetry(did, show, of_show)
    await _administration(did)
    await did("delete_session", of_show("session.delete", show), session=show)
    assert ACTIONS.keys() - ELSEWHERE == did.done
    rows = str(await audit_entries(client))
    assert SECRET not in rows
    assert "tl_" not in rows
    assert BUYER not in rows


async def _catalogue(did: Actions, show: str, of_show: Callable[..., Any]) -> None:
    path = {"session": show}
    stream = {"platform": "weibo", "room": "r-2"}
    await did("create_stream", of_show("stream.create", "weibo/r-2"), stream, **path)
    decision = {**stream, "session": show}
    await did("decide_stream_claim", of_show("stream_claim.decide", "weibo/r-2"), decision)
    await did("delete_stream", of_show("stream.delete", "weibo/r-2"), **path, **stream)
    plan = {"title": "u", "currency": "CNY", "streams": SHOW["streams"]}
    await did("put_plan", lambda _: Entry("plan.update", None, show, "maison-k"), plan, **path)
    await did("copy_session", lambda d: Entry("session.copy", d["id"], d["id"], "maison-k"), {}, **path)
    await did("replace_lineup", lambda _: Entry("lineup.update", None, show, "maison-k"), {"lineup": []}, **path)
    item = {"product": "knit-01", "live_price": "10.00"}
    await did("add_lineup_item", of_show("lineup_item.create", "knit-01"), item, **path)
    item = {**path, "product": "knit-01"}
    await did("update_lineup_item", of_show("lineup_item.update", "knit-01"), {"stock": 1}, **item)
    await did("remove_lineup_item", of_show("lineup_item.delete", "knit-01"), **item)
    video = {"url": "https://v.example/1", "kind": "video", "platform": "weibo", "title": "t"}
    made = await did("create_promotion", of_show("promotion.create"), video, **path)
    named = {**path, "promotion": made["id"]}
    await did("update_promotion", of_show("promotion.update", made["id"]), {"title": "u"}, **named)
    await did("delete_promotion", of_show("promotion.delete", made["id"]), **named)
    note = {"section": "live", "kind": "observation", "text": "t"}
    made = await did("create_note", of_show("note.create"), note, **path)
    named = {**path, "note": made["id"]}
    await did("update_note", of_show("note.update", made["id"]), {"text": "u"}, **named)
    await did("delete_note", of_show("note.delete", made["id"]), **named)
    made = await did("create_share_link", of_show("share_link.create"), {}, **path)
    await did("revoke_share_link", of_show("share_link.revoke", made["id"]), **path, link=made["id"])

    def of_brand(action: str, object_id: str | None = None) -> Callable[[dict[str, Any]], Entry]:
        return lambda d: Entry(action, object_id or d["id"], None, "maison-k")

    made = await did("create_product", of_brand("product.create"), {"brand": "maison-k", "code": "coat-01"})
    named = {"product": made["id"]}
    await did("update_product", of_brand("product.update", made["id"]), {"names": {"en": "Coat"}}, **named)
    alias = {**named, "alias": "c1"}
    await did("add_product_alias", of_brand("product_alias.create", f"{made['id']}/c1"), **alias)
    await did("remove_product_alias", of_brand("product_alias.delete", f"{made['id']}/c1"), **alias)
    await did("delete_product", of_brand("product.delete", made["id"]), **named)


async def _telemetry(did: Actions, show: str, of_show: Callable[..., Any]) -> None:
    client = did.client
    like = {"specversion": "1.0", "id": "1", "source": "s", "subject": show, "type": "live.like.sent", "data": {"viewer": BUYER}}
    before = len(await audit_entries(client))
    assert (await client.post("/v1/events", json=like)).is_success
    yen = {"order": "1", "buyer": BUYER, "currency": "JPY", "amount": "1", "lines": []}
    for number in ("2", "3"):
        wrong = like | {"id": number, "type": "live.order.paid", "data": yen | {"order": number}}
        assert 422 == (await client.post("/v1/events", json=wrong)).status_code
    assert before == len(await audit_entries(client))
    await did("finalize_session", of_show("revision.create", "1"), session=show)
    void = {"source": "s", "event": "1", "reason": "a test"}
    made = await did("create_void", of_show("void.create"), void, session=show)
    tap = {"action": "start", "id": "tap-1"}
    await did("act_at_desk", lambda d: Entry("desk_action.create", d["event"], show, "maison-k"), tap, session=show)
    await did("delete_void", of_show("void.delete", made["id"]), session=show, void=made["id"])
    first, second = [{"letter": found["id"]} for found in (await client.get("/v1/dead-letters")).json()["dead_letters"]]

    def of_dead_letter(action: str, path: dict[str, str]) -> Callable[[dict[str, Any]], Entry]:
        return lambda _: Entry(action, path["letter"], None, None)

    await did("replay_dead_letter", of_dead_letter("dead_letter.replay", first), **first)
    await did("discard_dead_letter", of_dead_letter("dead_letter.delete", second), **second)
    await _jobs(did)
    await _import(did, show)


async def _jobs(did: Actions) -> None:
    def of(action: str, job: str | None = None) -> Callable[[dict[str, Any]], Entry]:
        return lambda d: Entry(action, job or d["id"], None, None)

    none = {"filter": {"origin": "key:none"}}
    job = await did("replay_dead_letters", of("dead_letters.replay"), none)
    await did("cancel_job", of("job.cancel", job["id"]), job=job["id"])
    await did("discard_dead_letters", of("dead_letters.delete"), none)
    room = {"filter": {"platform": "wechat", "room": "none"}}
    await did("replay_parked_events", of("parked_events.replay"), room)
    await did("discard_parked_events", of("parked_events.delete"), room)


async def _import(did: Actions, show: str) -> None:
    options = f'{{"kind": "orders", "subject": "{show}", "currency": "CNY", "columns": {{"order": "no", "buyer": "who", '
    options += '"product": "code", "quantity": "n", "line_amount": "paid", "paid_at": "at"}}'
    lines = [f"A-{number},{BUYER},knit-01,1,10.00,2021-09-25T13:31:07+09:00" for number in range(3000)]
    file = "\n".join(["no,who,code,n,paid,at", *lines])
    answer = await did.client.post(
        "/v1/imports", params={"options": options}, content=file.encode(), headers={"Content-Type": "text/csv"}
    )
    assert 3000 == answer.json()["accepted"], answer.text
    rows = await audit_entries(did.client, action="import")
    assert [Entry("import.create", answer.json()["id"], show, "maison-k")] == [audit_entry(row) for row in rows]
    did.done.add("import_csv")


async def test_an_import_is_recorded_after_a_conflict(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row of a transaction that is lost is written again with its events."""
    conflicts = [asyncpg.SerializationError()]

    @asynccontextmanager
    async def conflicting(*arguments: Any) -> AsyncIterator[None]:
        async with early_lock_release(*arguments):
            yield
            if conflicts:
                raise conflicts.pop()

    monkeypatch.setattr(flush, "early_lock_release", conflicting)
    await _import(Actions(client), (await client.post("/v1/sessions", json=SHOW)).json()["id"])
    assert [] == conflicts


async def _administration(did: Actions) -> None:
    made = await did("create_brand", lambda d: Entry("brand.create", d["slug"], None, d["slug"]), {"slug": "other", "name": "O"})
    await did("update_brand", lambda _: Entry("brand.update", "other", None, "other"), {"name": "P"}, brand=made["slug"])
    await _logo(did)
    key = {"role": "viewer", "brand": "other", "name": "n"}
    made = await did("create_key", lambda d: Entry("key.create", d["id"], None, "other"), key)
    await did("revoke_key", lambda _: Entry("key.revoke", made["id"], None, "other"), key=made["id"])
    await _people(did)
    hook = await did("create_connection", lambda d: Entry("connection.create", d["id"], None, "maison-k"), HOOK)
    named = {"connection": hook["id"]}
    await did("update_connection", lambda _: Entry("connection.update", hook["id"], None, "maison-k"), {"name": "m"}, **named)
    await did("delete_connection", lambda _: Entry("connection.delete", hook["id"], None, "maison-k"), **named)
    await _channels(did)
    contract = {"brand": "maison-k", "plan": "spot", "starts_on": "2021-09-01"}
    made = await did("create_contract", lambda d: Entry("contract.create", d["id"], None, "maison-k"), contract)
    named = {"contract": made["id"]}
    end = {"ends_on": "2031-01-01"}
    await did("update_contract", lambda _: Entry("contract.update", made["id"], None, "maison-k"), end, **named)
    await did("delete_contract", lambda _: Entry("contract.delete", made["id"], None, "maison-k"), **named)
    await _settlement(did)
    rate = {"date": "2021-09-25", "source": "CNY", "target": "JPY", "kind": "TTM"}
    place = "2021-09-25/CNY/JPY/TTM"
    entered = {"rate": "17.09", "source": "bank"}
    await did("put_exchange_rate", lambda _: Entry("exchange_rate.update", place, None, None), entered, **rate)
    await did("delete_exchange_rate", lambda _: Entry("exchange_rate.delete", place, None, None), **rate)


async def _logo(did: Actions) -> None:
    """The body is a file."""
    assert 200 == (await did.client.put("/v1/brands/other/logo", content=png())).status_code
    await did("delete_brand_logo", lambda _: Entry("brand_logo.delete", "other", None, "other"), brand="other")
    rows = await audit_entries(did.client, action="brand_logo")
    assert [Entry(f"brand_logo.{verb}", "other", None, "other") for verb in ("delete", "update")] == [
        audit_entry(row) for row in rows
    ]
    did.done.add("put_brand_logo")


async def _people(did: Actions) -> None:
    form = {"name": "n", "role": "viewer", "brand": "other"}
    made = await did("create_person", lambda d: Entry("person.create", d["id"], None, "other"), form)
    named = {"person": made["id"]}

    def of_person(action: str, object_id: str = made["id"]) -> Callable[[dict[str, Any]], Entry]:
        return lambda _: Entry(action, object_id, None, None)

    await did("update_person", of_person("person.update"), {"name": "m"}, **named)
    link = await did("create_sign_in_link", of_person("sign_in_link.create"), **named)
    signed_in = await did.client.post("/v1/sign-in", json={"token": link["url"].rpartition("/")[2]})
    assert 204 == signed_in.status_code
    did.client.cookies.clear()
    (device,) = (await did.client.get(f"/v1/people/{made['id']}/devices")).json()["devices"]
    path = {**named, "device": device["id"]}
    await did("sign_out_device", of_person("device.delete", f"{made['id']}/{device['id']}"), **path)
    await did("sign_out_devices", of_person("device.delete"), **named)
    await did("delete_person", lambda _: Entry("person.delete", made["id"], None, "other"), **named)


async def _channels(did: Actions) -> None:
    form = {"kind": "webhook", "name": "n", "brand": "maison-k", "events": ["session.started"]}
    secrets = {"url": "http://127.0.0.1:9/", "secret": SECRET}
    made = await did("create_channel", lambda d: Entry("channel.create", d["id"], None, "maison-k"), form | {"secrets": secrets})
    named = {"channel": made["id"]}

    def of_channel(action: str) -> Callable[[dict[str, Any]], Entry]:
        return lambda _: Entry(action, made["id"], None, "maison-k")

    await did("update_channel", of_channel("channel.update"), {"name": "m"}, **named)
    tested = await did("test_channel", of_channel("channel.test"), **named)
    place = f"{made['id']}/{tested['delivery']}"
    replayed = {**named, "delivery": tested["delivery"]}
    await did("replay_channel_delivery", lambda _: Entry("channel.replay", place, None, "maison-k"), **replayed)
    await did("delete_channel", of_channel("channel.delete"), **named)


async def _settlement(did: Actions) -> None:
    adjustment = {"kind": "adjustment", "amount": "1", "reason": "r"}
    month = {"brand": "maison-k", "month": "2021-09"}
    draft = await did("draft_settlement", lambda d: Entry("settlement.draft", d["id"], None, "maison-k"), month)
    path = {"settlement": draft["id"]}

    def of_line(action: str, line: str) -> Entry:
        return Entry(action, f"{draft['id']}/{line}", None, "maison-k")

    def entered(document: dict[str, Any]) -> str:
        return str(document["lines"][-1]["id"])

    made = await did("add_settlement_line", lambda d: of_line("settlement_line.create", entered(d)), adjustment, **path)
    line = entered(made)
    await did("remove_settlement_line", lambda _: of_line("settlement_line.delete", line), **path, line=line)
    await did("delete_settlement", lambda _: Entry("settlement.delete", draft["id"], None, "maison-k"), **path)
    draft = await did("draft_settlement", lambda d: Entry("settlement.draft", d["id"], None, "maison-k"), month)
    path = {"settlement": draft["id"]}
    await did("add_settlement_line", lambda d: of_line("settlement_line.create", entered(d)), adjustment, **path)
    await did("issue_settlement", lambda _: Entry("settlement.issue", draft["id"], None, "maison-k"), **path)


async def test_a_refused_request_leaves_no_row(client: httpx.AsyncClient, keys: KeyMaker, service: Service) -> None:
    """Wrong role, unknown object, invalid body, conflict; and a write in the same task after a refused request is not recorded."""
    created = (await client.post("/v1/sessions", json=SHOW)).json()["id"]
    viewer = await keys(Role.VIEWER)
    nothing = dict.fromkeys(
        ("session", "platform", "room", "promotion", "note", "product", "alias", "brand", "connection", "letter", "key", "void",
         "contract", "date", "source", "target", "kind", "settlement", "line", "customer",
         "person", "device", "link", "job", "alert", "channel", "delivery"),
        str(uuid4()),
    )  # fmt: skip
    for operation in ACTIONS:
        method, template = WRITES[operation]
        for path, headers in ((nothing, None), (nothing | {"session": created}, viewer)):
            answer = await client.request(method, template.format_map(path), json={"no": "field"}, headers=headers)
            assert 400 <= answer.status_code < 500, f"{operation}: {answer.text}"
    assert 404 == (await client.delete(f"/v1/keys/{uuid4().hex[:12]}")).status_code
    await client.post("/v1/brands", json={"slug": "taken", "name": "T"})
    assert 409 == (await client.post("/v1/brands", json={"slug": "taken", "name": "T"})).status_code
    await service.keys.create(Role.VIEWER, None, "not by a request")
    assert ["brand.create", "session.create"] == [row["action"] for row in await audit_entries(client)]


async def test_a_write_without_its_row_is_not_committed(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the row cannot be written, neither is the rest of the transaction."""
    failing = ", ".join(f"${number}" for number, _ in enumerate(audit._RECORD.parameters, 1))
    monkeypatch.setattr(audit, "_RECORD", replace(audit._RECORD, sql=f"SELECT 1 / 0, {failing}"))
    answer = await client.post("/v1/brands", json={"slug": "lost", "name": "L"})
    assert answer.status_code >= 500
    monkeypatch.undo()
    assert [] == (await client.get("/v1/brands")).json()["brands"]
    assert [] == await audit_entries(client)
    async with service.database.acquire() as connection:
        assert 0 == await connection.fetchval("SELECT count(*) FROM brands")
