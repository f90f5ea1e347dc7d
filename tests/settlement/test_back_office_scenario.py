"""A month of an agency over HTTP, from an empty database: contract, two shows, release, rate, statement, refund, correction.

The orders of a show are packed into two cartons and shipped meanwhile.
"""

import json
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.settlement.conftest import CONTRACT, KeyFor


def show_events(session: str, day: int, orders: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the events of a show on a day of September: start, paid orders, end."""

    def event(name: str, time: str, data: dict[str, Any]) -> dict[str, Any]:
        return {"specversion": "1.0", "id": f"{name}-{time}-{data.get('order', '')}", "source": "//studio", "type": f"live.{name}",
                "subject": session, "time": f"2021-09-{day:02}T{time}Z", "data": data}  # fmt: skip

    paid = [
        event(
            "order.paid",
            "06:30:00",
            {
                "order": order,
                "buyer": f"b-{order}",
                "currency": "CNY",
                "amount": amount,
                "lines": [{"product": "knit-01", "quantity": 1, "amount": amount}],
            },
        )
        for order, amount in orders
    ]
    return [event("session.started", "06:00:00", {}), *paid, event("session.ended", "08:24:00", {})]


async def test_a_month_from_contract_to_correction(client: httpx.AsyncClient, key_for: KeyFor) -> None:
    """The statement follows the shows; a refund changes the next statement, not the issued one."""
    sender = await key_for("ingest")
    assert 201 == (await client.post("/v1/contracts", json=CONTRACT)).status_code
    shows = []
    for day, orders in ((11, [("A-1", "1000.50")]), (25, [("B-1", "2000.00"), ("B-2", "500.25")])):
        form = {"brand": "maison-k", "title": f"show {day}", "currency": "CNY", "time_zone": "Asia/Shanghai"}
        session = (await client.post("/v1/sessions", json=form)).json()["id"]
        shows.append(session)
        for event in show_events(session, day, orders):
            answer = await client.post("/v1/events", json=event, headers=sender)
            assert 202 >= answer.status_code, answer.text

    async def post(path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
        answer = await client.post(path, json=body)
        assert status == answer.status_code, answer.text
        found: dict[str, Any] = answer.json()
        return found

    month = {"brand": "maison-k", "month": "2021-09"}
    draft = await post("/v1/settlements", month, 201)
    assert ["revision", "exchange_rate", "revision", "exchange_rate"] == [found["what"] for found in draft["missing"]]
    for session in shows:
        await post(f"/v1/sessions/{session}/finalize", status=201)
    draft = await post("/v1/settlements", month)
    assert [("exchange_rate", "2021-09-11"), ("exchange_rate", "2021-09-25")] == [
        (found["what"], found["date"]) for found in draft["missing"]
    ]
    assert "settlement_incomplete" == (await post(f"/v1/settlements/{draft['id']}/issue", status=409))["code"]
    for day, rate in ((11, "17.01"), (25, "17.09")):
        await client.put(f"/v1/exchange-rates/2021-09-{day}/CNY/JPY/TTM", json={"rate": rate, "source": "a bank"})
    draft = await post("/v1/settlements", month)
    goods = [line["amount"] for line in draft["lines"] if line["kind"] == "goods"]
    assert [str(int(1000.5 * 17.01)), str(int(2500.25 * 17.09))] == goods
    issued = await post(f"/v1/settlements/{draft['id']}/issue")
    assert ("2021-09-001", datetime.now(UTC).year) == (issued["number"], int(issued["date"][:4]))

    await _pack_and_ship(client, shows[1])

    refund = {"specversion": "1.0", "id": "r-1", "source": "//studio", "type": "live.order.refunded", "subject": shows[1],
              "time": "2021-10-03T02:00:00Z", "data": {"order": "B-1", "currency": "CNY", "amount": "2000.00"}}  # fmt: skip
    assert 202 >= (await client.post("/v1/events", json=refund, headers=sender)).status_code
    october = await post("/v1/settlements", month | {"month": "2021-10"}, 201)
    found = {(line["corrected"], line.get("to")): line["amount"] for line in october["lines"] if line["kind"] == "correction"}
    after = int(500.25 * 17.09)
    assert str(after - int(goods[1])) == found["goods", None]
    assert {"2021-09-001"} == {line["corrects"] for line in october["lines"] if line["kind"] == "correction"}
    await post(f"/v1/sessions/{shows[1]}/finalize", status=201)
    again = await post("/v1/settlements", month | {"month": "2021-10"})
    assert [line["amount"] for line in october["lines"]] == [line["amount"] for line in again["lines"]]
    assert "2021-10-001" == (await post(f"/v1/settlements/{october['id']}/issue"))["number"]
    assert issued == (await client.get(f"/v1/settlements/{issued['id']}")).json()


async def _pack_and_ship(client: httpx.AsyncClient, session: str) -> None:
    """Pack each of two customers into a carton of its own, and import the tracking number of one."""
    path = f"/v1/sessions/{session}"
    customers = (await client.get(f"{path}/packing-list")).json()["customers"]
    who = {one["orders"][0]: one["customer"] for one in customers}
    plan = {
        "cartons": [
            {"number": number, "customers": [who[order]], "gross_weight_g": 900} for number, order in ((1, "B-1"), (2, "B-2"))
        ]
    }
    packed = await client.put(f"{path}/cartons", json=plan)
    assert [(1, 1), (2, 1)] == [(carton["number"], carton["units"]) for carton in packed.json()["cartons"]], packed.text
    options = {
        "kind": "tracking",
        "subject": session,
        "columns": {"order": "order", "tracking": "tracking"},
        "constants": {"carrier": "EMS"},
    }
    file = {"file": ("tracking.csv", b"order,tracking\nB-2,EN123456789JP\n")}
    shipped = await client.post("/v1/imports", files=file, data={"options": json.dumps(options)})
    assert (1, 0) == (shipped.json()["accepted"], shipped.json()["failed_rows"]), shipped.text
    left = (await client.get(f"{path}/packing-list")).json()
    assert [["B-1"]] == [one["orders"] for one in left["customers"]]
    assert [("B-2", "shipped")] == [(one["order"], one["reason"]) for one in left["excluded"]]
