"""Cartons: packing customers, what is refused, and what changes after the packing."""

import asyncio
from typing import Any

import httpx
import pytest

from app.catalogue.access import Role
from tests.conftest import KeyMaker
from tests.kpis.event_builders import NewSession, Read, Send, paid
from tests.logistics.conftest import codes, refunded


@pytest.fixture
async def packed(new_session: NewSession, send: Send, read: Read) -> tuple[str, dict[str, str]]:
    """A session with three customers; returns its id and order → customer."""
    session = await new_session()
    await send(
        "wechat:room",
        paid(1, "A-1", "b1", ("knit", 2, "200.00"), ("coat", 1, "500.00")),
        paid(2, "A-2", "b1", ("knit", 1, "100.00")),
        paid(3, "B-1", "b2", ("knit", 3, "300.00")),
        paid(4, "C-1", "b3", ("coat", 1, "500.00")),
    )
    document = await read(session, "packing-list")
    return session, {order: one["customer"] for one in document["customers"] for order in one["orders"]}


def plan(*cartons: tuple[Any, ...]) -> dict[str, Any]:
    """Return a plan of cartons: number, customers, weight."""
    return {"cartons": [dict(zip(("number", "customers", "gross_weight_g", "size"), carton, strict=False)) for carton in cartons]}


async def test_customers_are_packed_and_packed_again(
    client: httpx.AsyncClient, packed: tuple[str, dict[str, str]], read: Read
) -> None:
    """A carton says what is in it; a second plan replaces the first; an empty one removes all cartons."""
    session, who = packed
    url = f"/v1/sessions/{session}/cartons"
    answer = await client.put(url, json=plan((2, [who["B-1"]]), (1, [who["A-1"]], 12_400, "60x40x40 cm")))
    assert 200 == answer.status_code, answer.text
    first = {"number": 1, "customers": [who["A-1"]], "orders": 2, "units": 4, "gross_weight_g": 12_400, "size": "60x40x40 cm"}
    second = {"number": 2, "customers": [who["B-1"]], "orders": 1, "units": 3, "gross_weight_g": None, "size": None}
    assert {"cartons": [first, second]} == answer.json() == await read(session, "cartons")
    assert {"count": 1, "orders": ["C-1"]} == codes(await read(session, "packing-list"))["order_not_packed"]
    again = await client.put(url, json=plan((1, [who["A-1"], who["B-1"], who["C-1"]])))
    assert [8] == [carton["units"] for carton in again.json()["cartons"]]
    assert "order_not_packed" not in codes(await read(session, "packing-list"))
    assert {"cartons": []} == (await client.put(url, json={"cartons": []})).json()


async def test_a_wrong_plan_is_refused_with_every_place(
    client: httpx.AsyncClient, packed: tuple[str, dict[str, str]], read: Read
) -> None:
    """Numbers and customers that are named twice, customers without orders, wrong types; nothing is stored."""
    session, who = packed
    url = f"/v1/sessions/{session}/cartons"
    for form, pointers in (
        (
            plan((1, [who["A-1"]]), (1, [who["B-1"], who["A-1"]])),
            {"/cartons/1/number": "duplicate", "/cartons/1/customers/1": "duplicate"},
        ),
        (plan((1, ["ffffffffffff", who["A-1"], "no such"])), {f"/cartons/0/customers/{n}": "customer_unknown" for n in (0, 2)}),
        (
            plan((0, [who["A-1"]], -1)),
            {"/cartons/0/number": "greater_than_equal", "/cartons/0/gross_weight_g": "greater_than_equal"},
        ),
        ({"cartons": [{"number": True, "customers": []}]}, {"/cartons/0/number": "int_type"}),
        ({}, {"/cartons": "missing"}),
    ):
        answer = await client.put(url, json=form)
        assert 422 == answer.status_code
        assert pointers == {error["pointer"]: error["code"] for error in answer.json()["errors"]}
    assert {"cartons": []} == await read(session, "cartons")


async def test_what_changes_after_the_packing_is_named(
    client: httpx.AsyncClient, packed: tuple[str, dict[str, str]], send: Send, read: Read
) -> None:
    """The carton keeps its contents; refunded and cancelled orders in it are warnings; shipped ones stay when it is packed again."""
    session, who = packed
    url = f"/v1/sessions/{session}/cartons"
    form = plan((1, [who["A-1"], who["B-1"]]), (2, [who["C-1"]]))
    before = (await client.put(url, json=form)).json()
    await send(
        "wechat:room",
        refunded(10, "B-1", "r1", "100.00", ("knit", 1)),
        ("order.cancelled", 11, {"order": "A-2"}),
        ("order.shipped", 12, {"order": "C-1", "tracking": "T"}),
    )
    assert before == await read(session, "cartons")
    assert ["A-2", "B-1"] == sorted(codes(await read(session, "packing-list"))["packed_order_changed"]["orders"])
    again = await client.put(url, json=form)
    assert [(2, 5), (1, 1)] == [(carton["orders"], carton["units"]) for carton in again.json()["cartons"]]
    assert "packed_order_changed" not in codes(await read(session, "packing-list"))


async def test_two_plans_at_once_leave_one_of_them(
    client: httpx.AsyncClient, packed: tuple[str, dict[str, str]], read: Read
) -> None:
    """Requests for one session follow each other: no carton of one plan stands beside one of the other."""
    session, who = packed
    url = f"/v1/sessions/{session}/cartons"
    plans = [
        plan(*((number, [customer]) for number, customer in enumerate(sorted(set(who.values())), first))) for first in (1, 2, 3)
    ]
    answers = await asyncio.gather(*(client.put(url, json=form) for form in plans))
    assert [200, 200, 200] == [answer.status_code for answer in answers]
    assert await read(session, "cartons") in [answer.json() for answer in answers]


async def test_only_operators_of_the_brand_pack(
    client: httpx.AsyncClient, keys: KeyMaker, packed: tuple[str, dict[str, str]]
) -> None:
    """A viewer gets 403, another brand's operator 404; the write is in the audit log once."""
    session, who = packed
    url = f"/v1/sessions/{session}/cartons"
    other = (await client.post("/v1/brands", json={"slug": "other", "name": "Other"})).json()["id"]
    brand = next(b["id"] for b in (await client.get("/v1/brands")).json()["brands"] if b["slug"] == "maison-k")
    form = plan((1, [who["A-1"]]))
    statuses = [
        (await client.put(url, json=form, headers=await keys(role, of))).status_code
        for role, of in ((Role.VIEWER, brand), (Role.OPERATOR, other), (Role.OPERATOR, brand))
    ]
    assert [403, 404, 200] == statuses
    entries = (await client.get("/v1/audit", params={"action": "carton.update"})).json()["entries"]
    assert [(session, "maison-k")] == [(entry["session"], entry["brand"]) for entry in entries]
