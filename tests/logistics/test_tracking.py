"""Imports of tracking numbers, and when a carrier accepted a parcel."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.catalogue.access import Role
from app.ingest.rebuilding import rebuild
from app.service import Service
from tests.conftest import KeyMaker
from tests.kpis.event_builders import NewSession, Read, Send, paid

COLUMNS = {"order": "お客様管理番号", "tracking": "伝票番号", "shipped_at": "出荷予定日", "accepted_at": "受付日時"}
HEAD = "お客様管理番号,伝票番号,出荷予定日,受付日時\r\n"
FILE = (
    HEAD
    + "A-1,1234-5678-9012,2021/10/01,2021/10/01 18:30\r\nA-2,1234-5678-9013,2021/10/02,\r\nX-9,1234-5678-9014,2021/10/02,\r\nA-3,,2021/10/02,\r\n"
)


@pytest.fixture
async def session(new_session: NewSession, send: Send) -> str:
    """A session of two platforms with an order on each, and one sent to the session itself."""
    made = await new_session(streams=[{"platform": "wechat", "room": "room"}, {"platform": "weibo", "room": "r2"}])
    await send("wechat:room", paid(1, "A-1", "b1", ("knit", 1, "1.00")), paid(1, "TWICE", "b1", ("knit", 1, "1.00")))
    await send("weibo:r2", paid(2, "A-2", "b2", ("knit", 1, "1.00")), paid(1, "TWICE", "b1", ("knit", 1, "1.00")))
    await send(made, paid(3, "A-3", "b3", ("knit", 1, "1.00")))
    return made


async def imported(client: httpx.AsyncClient, session: str, file: str, **options: Any) -> httpx.Response:
    """Import a file in Shift_JIS."""
    chosen = {"kind": "tracking", "subject": session, "columns": COLUMNS, "constants": {"carrier": "ヤマト運輸"}} | options
    headers = options.pop("headers", None) or {}
    chosen.pop("headers", None)
    return await client.post(
        "/v1/imports", files={"file": ("t.csv", file.encode("cp932"))}, data={"options": json.dumps(chosen)}, headers=headers
    )


async def test_tracking_numbers_ship_orders_once(client: httpx.AsyncClient, service: Service, session: str, read: Read) -> None:
    """On whichever platform the order is; unknown orders and empty numbers are named; a repetition adds nothing; a rebuild agrees."""
    first = await imported(client, session, FILE)
    assert 200 == first.status_code, first.text
    report = first.json()
    assert ("tracking", 2, 0, 2) == (report["kind"], report["accepted"], report["duplicates"], report["failed_rows"])
    failed = {row["row"]: (row["column"], row["detail"]) for row in report["rows"] if not row["ok"]}
    assert {4: (None, "order X-9: is no order of this session"), 5: ("伝票番号", "is empty")} == failed
    again = (await imported(client, session, FILE)).json()
    assert (0, 2) == (again["accepted"], again["duplicates"])
    orders = {(o["order"], o["platform"]): o for o in (await read(session, "orders"))["orders"]}
    parcel = {"carrier": "ヤマト運輸", "tracking": "1234-5678-9012"}
    times = {"shipped_at": "2021-10-01T00:00:00+09:00", "accepted_at": "2021-10-01T18:30:00+09:00"}
    assert [parcel | times] == orders["A-1", "wechat"]["parcels"]
    assert ("shipped", None) == (orders["A-2", "weibo"]["state"], orders["A-2", "weibo"]["parcels"][0]["accepted_at"])
    assert not [key for key in orders if key[0] == "X-9"]
    assert {"A-1": "shipped", "A-2": "shipped"} == {
        e["order"]: e["reason"] for e in (await read(session, "packing-list"))["excluded"]
    }
    late = HEAD + "A-2,1234-5678-9013,2021/10/02,2021/10/03 09:00\r\n"
    assert 1 == (await imported(client, session, late)).json()["accepted"]
    orders = {(o["order"], o["platform"]): o for o in (await read(session, "orders"))["orders"]}
    assert ["2021-10-03T09:00:00+09:00"] == [one["accepted_at"] for one in orders["A-2", "weibo"]["parcels"]]
    assert [] == await rebuild.compare(service.database, service.settings, UUID(session))


async def test_a_number_without_a_day_of_shipping_is_shipped_now(client: httpx.AsyncClient, session: str, read: Read) -> None:
    """The order that was sent to the session itself is reached too; a number of two orders is refused."""
    file = "お客様管理番号,伝票番号\r\nA-3,T-3\r\nTWICE,T-4\r\n"
    columns = {name: COLUMNS[name] for name in ("order", "tracking")}
    for expected in ((1, 0), (0, 1)):
        report = (await imported(client, session, file, columns=columns)).json()
        assert expected == (report["accepted"], report["duplicates"])
        assert ["order TWICE: is a number of orders on several platforms"] == [r["detail"] for r in report["rows"] if not r["ok"]]
    state = [(o["state"], o["tracking"]) for o in (await read(session, "orders"))["orders"] if o["order"] == "A-3"]
    assert [("shipped", "T-3")] == state
    nothing = (await imported(client, session, "お客様管理番号,伝票番号\r\nX-1,T-5\r\n", columns=columns)).json()
    assert (0, 1) == (nothing["accepted"], nothing["failed_rows"])


async def test_wrong_options_are_refused_and_other_brands_see_nothing(
    client: httpx.AsyncClient, keys: KeyMaker, session: str
) -> None:
    """422 names the option; another brand's operator gets 404, a viewer 403."""
    assert 422 == (await imported(client, "wechat:room", FILE)).status_code
    assert 422 == (await imported(client, session, FILE, columns={"order": "お客様管理番号"})).status_code
    assert 422 == (await imported(client, session, FILE, columns={**COLUMNS, "weight": "x"})).status_code
    other = (await client.post("/v1/brands", json={"slug": "other", "name": "Other"})).json()["id"]
    assert 404 == (await imported(client, session, FILE, headers=await keys(Role.OPERATOR, other))).status_code
    assert 403 == (await imported(client, session, FILE, headers=await keys(Role.VIEWER))).status_code


async def test_an_acceptance_that_is_no_time_is_rejected(client: httpx.AsyncClient, session: str, read: Read) -> None:
    """The event names the field, and nothing is stored."""
    event = {"specversion": "1.0", "id": "1", "source": "/t", "type": "live.order.shipped", "subject": "wechat:room"}
    answer = await client.post(
        "/v1/events", json=event | {"data": {"order": "A-1", "tracking": "T", "accepted_at": "2021-13-45T00:00:00Z"}}
    )
    assert (422, "/data/accepted_at") == (answer.status_code, answer.json()["rejected"][0]["errors"][0]["pointer"])
    assert "shipped" not in {order["state"] for order in (await read(session, "orders"))["orders"]}


async def test_the_line_up_says_price_discount_and_promise(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """List and live price, discount, preorder, promised days, planned stock, and every time without stock."""
    item = {
        "product": "knit",
        "live_price": "999.00",
        "list_price": "1299.00",
        "stock": 10,
        "preorder": True,
        "promised_days": 14,
    }
    session = await new_session(lineup=[item, {"product": "coat"}])
    await send(
        "wechat:room", ("session.started", 0, {}),
        *[("stock.changed", second, {"product": "knit", "stock": stock}) for second, stock in ((10, 5), (60, 0), (120, 3), (180, 0))],
    )  # fmt: skip
    knit, coat = (await read(session, "products"))["products"]
    assert {
        "list_price": "1299.00",
        "discount": 0.230947,
        "preorder": True,
        "promised_days": 14,
        "planned": 10,
    }.items() <= knit.items()
    assert {
        "list_price": None,
        "discount": None,
        "preorder": False,
        "promised_days": None,
        "sold_out": [],
    }.items() <= coat.items()
    assert [("2021-09-25T14:01:00+09:00", "2021-09-25T14:02:00+09:00"), ("2021-09-25T14:03:00+09:00", None)] == [
        (one["from"], one["to"]) for one in knit["sold_out"]
    ]
    url = f"/v1/sessions/{session}/lineup/knit"
    changed = (await client.patch(url, json={"list_price": "1999.00", "preorder": False, "promised_days": None})).json()
    assert ("1999.00", False, None, "999.00") == tuple(
        changed[n] for n in ("list_price", "preorder", "promised_days", "live_price")
    )
    for member, value in (("promised_days", -1), ("list_price", "1.001"), ("preorder", None)):
        assert 422 == (await client.patch(url, json={member: value})).status_code, member
