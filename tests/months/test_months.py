"""The month of a brand and of the agency, from sessions and purchases sent over HTTP."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from hypothesis import given, strategies as st

from app.catalogue.access import Role
from tests.conftest import KeyMaker
from tests.properties import examples

ZONES = ("Asia/Tokyo", "America/New_York")
START = datetime(2021, 9, 1, tzinfo=UTC)


async def _session(client: httpx.AsyncClient, brand: str, zone: str, ended: datetime, **fields: Any) -> str:
    form = {"title": f"show {ended:%m-%d}", "brand": brand, "currency": "CNY", "time_zone": zone, **fields}
    made = await client.post("/v1/sessions", json=form)
    assert 201 == made.status_code, made.text
    session: str = made.json()["id"]
    begin = ended - timedelta(hours=1)
    await _send(client, session, ("session.started", begin, {}), ("viewer.entered", begin, {"viewer": f"v-{session}"}),
                ("session.ended", ended, {}))  # fmt: skip
    return session


async def _send(client: httpx.AsyncClient, session: str, *events: tuple[str, datetime, dict[str, Any]]) -> None:
    batch = [
        {"specversion": "1.0", "id": f"{session}-{kind}-{at.isoformat()}-{data.get('order', '')}", "source": "/tests",
         "subject": session, "type": f"live.{kind}", "time": at.isoformat(), "data": data}
        for kind, at, data in events
    ]  # fmt: skip
    answer = await client.post("/v1/events", json=batch, headers={"Content-Type": "application/cloudevents-batch+json"})
    assert answer.is_success, answer.text
    assert [] == answer.json()["rejected"]


def _paid(order: str, buyer: str, at: datetime, amount: int = 100) -> tuple[str, datetime, dict[str, Any]]:
    text = f"{amount / 100:.2f}"
    line = {"product": "knit-01", "quantity": 2, "amount": text}
    return "order.paid", at, {"order": order, "buyer": buyer, "currency": "CNY", "amount": text, "lines": [line]}


async def _month(client: httpx.AsyncClient, brand: str, month: str, **options: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1/brands/{brand}/months/{month}", **options)
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    return found


_BOUGHT = st.lists(st.tuples(st.integers(0, 1), st.sampled_from("abc"), st.integers(0, 120 * 24)), max_size=10)


@examples(5)
@given(bought=_BOUGHT)
async def test_customers_of_random_months(client: httpx.AsyncClient, bought: list[tuple[int, str, int]]) -> None:
    """New and returning customers of each month equal a plain computation, also after one of them is forgotten."""
    brand = f"b{uuid4().hex}"  # of this example alone
    shows = [await _session(client, brand, zone, START + timedelta(days=20)) for zone in ZONES]
    months: dict[str, set[str]] = defaultdict(set)
    for number, (show, buyer, hours) in enumerate(bought):
        at = START + timedelta(hours=hours)
        months[f"{brand}-{buyer}"].add(at.astimezone(ZoneInfo(ZONES[show])).strftime("%Y-%m"))
        await _send(client, shows[show], _paid(f"{brand}-{number}", f"{brand}-{buyer}", at))
    expected = {}
    for month in ("2021-08", "2021-09", "2021-10", "2021-11", "2021-12"):
        buyers = [own for own in months.values() if month in own]
        new = sum(min(own) == month for own in buyers)
        expected[month] = {"buyers": len(buyers), "new": new, "returning": len(buyers) - new}

    async def read() -> dict[str, Any]:
        document = await _month(client, brand, "2021-12")
        found = {one["month"]: one["customers"] for one in (*document["before"], document)}
        return {month: found[month] for month in expected}

    assert expected == await read()
    customers = (await client.get(f"/v1/brands/{brand}/customers")).json()["customers"]
    for customer in customers[:1]:
        answer = await client.delete(f"/v1/brands/{brand}/customers/{customer['customer']}")
        assert 204 == answer.status_code, answer.text
        assert expected == await read()


async def test_the_month_of_a_brand(client: httpx.AsyncClient) -> None:
    """Sessions of the month by their own time zone, KPIs as sums and quotients of sums, deliverables, products."""
    # 23:30 on 30 September in Tokyo; in New York, 1 October in UTC is 30 September still.
    first = await _session(client, "maison-k", "Asia/Tokyo", datetime(2021, 9, 30, 14, 30, tzinfo=UTC))
    second = await _session(client, "maison-k", "America/New_York", datetime(2021, 10, 1, 3, tzinfo=UTC))
    third = await _session(client, "maison-k", "Asia/Tokyo", datetime(2021, 9, 30, 15, 30, tzinfo=UTC))
    rehearsal = await _session(client, "maison-k", "Asia/Tokyo", datetime(2021, 9, 20, 3, tzinfo=UTC), kind="rehearsal")
    at = datetime(2021, 9, 30, 14, tzinfo=UTC)
    await _send(client, first, _paid("1", "a", at, 1000), _paid("2", "b", at, 500))
    await _send(client, second, _paid("3", "a", at, 700))
    await _send(client, third, _paid("4", "a", datetime(2021, 9, 30, 15, 10, tzinfo=UTC), 9900))
    contract = {"brand": "maison-k", "plan": "normal", "starts_on": "2021-09-01", "deliverables": {"broadcast": 3, "rehearsal": 1},
                "shares": [{"to": "agency", "rate": "0.30", "of": "net_gmv"}]}  # fmt: skip
    assert 201 == (await client.post("/v1/contracts", json=contract)).status_code
    found = await _month(client, "maison-k", "2021-09")
    assert [rehearsal, first, second] == [one["session"] for one in found["sessions"]]
    assert [None, "15.00", "7.00"] == [one["gmv"] for one in found["sessions"]]
    (figures,) = found["figures"]
    kpis = {slug: figures["kpis"][slug]["value"] for slug in ("gmv", "orders", "buyers", "viewers", "spend_per_buyer")}
    assert ("CNY", 2) == (figures["currency"], figures["sessions"])
    # Buyer a bought in two sessions: two buyers of sessions, one customer of the month.
    assert {"gmv": "22.00", "orders": 3, "buyers": 3, "viewers": 2, "spend_per_buyer": "7.33"} == kpis
    assert {"buyers": 2, "new": 2, "returning": 0} == found["customers"]
    assert {"broadcast": (3, 2), "rehearsal": (1, 1)} == {
        one["kind"]: (one["agreed"], one["done"]) for one in found["deliverables"] if one["kind"] in {"broadcast", "rehearsal"}
    }
    assert [("knit-01", 3, 6, "22.00")] == [
        (one["product"], one["orders"], one["units"], one["gmv"]) for one in found["products"]
    ]
    assert found["money"] is None
    after = await _month(client, "maison-k", "2021-10")
    assert ["2021-05", "2021-06", "2021-07", "2021-08", "2021-09"] == [one["month"] for one in after["before"]]
    assert (found["figures"], found["customers"]) == (after["before"][-1]["figures"], after["before"][-1]["customers"])
    assert {"buyers": 1, "new": 0, "returning": 1} == after["customers"]


async def _issue(client: httpx.AsyncClient, brand: str, session: str) -> tuple[str, dict[str, Any]]:
    contract = {"brand": brand, "plan": "custom", "starts_on": "2021-09-01",
                "shares": [{"to": "agency", "rate": "0.30", "of": "net_gmv"}]}  # fmt: skip
    assert 201 == (await client.post("/v1/contracts", json=contract)).status_code
    rate = {"rate": "17.00", "source": "a bank"}
    for day in ("2021-09-21", "2021-09-30"):
        assert (await client.put(f"/v1/exchange-rates/{day}/CNY/JPY/TTM", json=rate)).is_success
    assert 201 == (await client.post(f"/v1/sessions/{session}/finalize", json={})).status_code
    draft = await client.post("/v1/settlements", json={"brand": brand, "month": "2021-09"})
    assert draft.is_success, draft.text
    return draft.json()["id"], draft.json()


async def test_money_and_the_agency_month(client: httpx.AsyncClient, keys: KeyMaker) -> None:
    """A draft is marked, and hidden from the brand; the agency sees shares, and what is not released and not issued."""
    at = datetime(2021, 9, 21, 3, tzinfo=UTC)
    sold = await _session(client, "maison-k", "Asia/Tokyo", at)
    await _send(client, sold, _paid("1", "a", at - timedelta(minutes=9), 10_000))
    open_ = await _session(client, "other", "Asia/Tokyo", at)
    settlement, _ = await _issue(client, "maison-k", sold)
    await client.post("/v1/brands", json={"slug": "quiet", "name": "Quiet"})
    fees = {"shares": [{"to": "agency", "rate": "0.30"}], "fees": [{"kind": "monthly", "name": "運営費", "amount": "1000"}]}
    quiet = {"brand": "quiet", "plan": "custom", "starts_on": "2021-08-10", "ends_on": "2021-10-09"} | fees
    assert 201 == (await client.post("/v1/contracts", json=quiet)).status_code
    brand = (await client.get("/v1/brands/maison-k")).json()["id"]
    own = await keys(Role.VIEWER, brand)
    assert "draft" == (await _month(client, "maison-k", "2021-09"))["money"]["status"]
    assert (await _month(client, "maison-k", "2021-09", headers=own))["money"] is None
    agency = (await client.get("/v1/months/2021-09")).json()
    assert ({"CNY": "100.00"}, 1, ["maison-k", "other", "quiet"]) == (agency["gmv"], agency["not_released"], agency["not_issued"])
    assert [{"to": "agency", "currency": "JPY", "status": "draft", "amount": "510"}] == agency["shares"]
    assert [[], [open_], []] == [[one["session"] for one in found["not_released"]] for found in agency["brands"]]
    issued = await client.post(f"/v1/settlements/{settlement}/issue")
    assert issued.is_success, issued.text
    shown = (await _month(client, "maison-k", "2021-09", headers=own))["money"]
    assert ("issued", "1700") == (shown["status"], shown["totals"]["goods"])
    assert ["other", "quiet"] == (await client.get("/v1/months/2021-09")).json()["not_issued"]
    assert [] == (await client.get("/v1/months/2021-10")).json()["not_issued"]
    for role, bound, status in ((Role.OPERATOR, brand, 403), (Role.VIEWER, None, 403), (Role.OPERATOR, None, 200)):
        assert status == (await client.get("/v1/months/2021-09", headers=await keys(role, bound))).status_code
    other = await client.get("/v1/brands/other/months/2021-09", headers=own)
    assert (404, 422) == (other.status_code, (await client.get("/v1/brands/maison-k/months/2021-13")).status_code)
