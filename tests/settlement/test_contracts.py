"""Contracts over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.settlement.conftest import KeyFor

CHAIN = [{"to": "agency", "rate": "0.30", "of": "net_gmv"}, {"to": "kol:kobayashi", "rate": "0.10", "of": "agency"}]
CUSTOM: dict[str, Any] = {
    "brand": "maison-k",
    "plan": "custom",
    "starts_on": "2021-09-01",
    "ends_on": "2022-02-28",
    "currency": "JPY",
    "collected_by": "agency",
    "shares": CHAIN,
    "fees": [{"kind": "monthly", "name": "運営費", "amount": "200000", "taxed": True}],
    "tax": {"rate": "0.10", "rounding": "floor", "registration_number": "T7000012050002", "share_taxed": True},
    "share_rounding": "floor",
    "fx": {"kind": "TTM", "date": "session"},
    "subsidy": {"eligible": "4380000", "rate": "2/3"},
    "deliverables": {"article": 1, "rehearsal": 1, "promotion": 1, "broadcast": 1},
}


async def test_a_contract_is_stored_with_all_its_terms(client: httpx.AsyncClient) -> None:
    """The answer repeats what was sent and adds the subsidy's amount."""
    made = await client.post("/v1/contracts", json=CUSTOM)
    assert 201 == made.status_code, made.text
    contract = made.json()
    assert CUSTOM["subsidy"] | {"amount": "2920000"} == contract["subsidy"]
    assert {name: value for name, value in CUSTOM.items() if name != "subsidy"} == {
        name: contract[name] for name in CUSTOM if name != "subsidy"
    }
    assert contract == (await client.get(f"/v1/contracts/{contract['id']}")).json()
    assert [contract] == (await client.get("/v1/contracts", params={"brand": "maison-k"})).json()["contracts"]
    assert [] == (await client.get("/v1/contracts", params={"brand": "other"})).json()["contracts"]


async def test_a_plan_fills_in_what_the_form_leaves_out(client: httpx.AsyncClient) -> None:
    """Shares, fees, duration and subsidy come from the preset; a field of the form takes precedence."""
    made = await client.post("/v1/contracts", json={"brand": "a", "plan": "subsidy", "starts_on": "2022-01-01"})
    assert 201 == made.status_code, made.text
    assert ("2022-06-30", "2900000", "0.30") == (
        made.json()["ends_on"], made.json()["subsidy"]["amount"], made.json()["shares"][0]["rate"],
    )  # fmt: skip
    form = {"brand": "b", "plan": "normal", "starts_on": "2022-01-01", "ends_on": None, "shares": CHAIN, "fees": []}
    made = await client.post("/v1/contracts", json=form)
    assert (None, CHAIN, []) == (made.json()["ends_on"], made.json()["shares"], made.json()["fees"])
    plans = (await client.get("/v1/plans")).json()["plans"]
    assert {"subsidy": 6, "normal": 12, "spot": None} == {plan["plan"]: plan["months"] for plan in plans}


async def test_contracts_of_a_brand_do_not_overlap(client: httpx.AsyncClient) -> None:
    """A shared day is a conflict, also with an open end and when two are created at once; the next day is not."""
    assert 201 == (await client.post("/v1/contracts", json=CUSTOM)).status_code
    for starts_on, ends_on in [
        ("2022-02-28", None),
        ("2021-01-01", "2021-09-01"),
        ("2021-01-01", None),
        ("2021-10-01", "2021-10-02"),
    ]:
        answer = await client.post("/v1/contracts", json=CUSTOM | {"starts_on": starts_on, "ends_on": ends_on})
        assert 409 == answer.status_code, (starts_on, ends_on)
    following = CUSTOM | {"starts_on": "2022-03-01", "ends_on": None}
    answers = await asyncio.gather(*(client.post("/v1/contracts", json=following) for _ in range(4)))
    assert [201, 409, 409, 409] == sorted(answer.status_code for answer in answers)
    assert 201 == (await client.post("/v1/contracts", json=CUSTOM | {"brand": "another"})).status_code


async def test_a_contract_can_be_ended_earlier_and_deleted(client: httpx.AsyncClient) -> None:
    """The end moves unless it meets another contract or lies before the start."""
    first = (await client.post("/v1/contracts", json=CUSTOM)).json()["id"]
    await client.post("/v1/contracts", json=CUSTOM | {"starts_on": "2022-03-01", "ends_on": None})
    path = f"/v1/contracts/{first}"
    assert "2021-12-31" == (await client.patch(path, json={"ends_on": "2021-12-31"})).json()["ends_on"]
    assert 409 == (await client.patch(path, json={"ends_on": None})).status_code
    assert 422 == (await client.patch(path, json={"ends_on": "2021-08-31"})).status_code
    assert 422 == (await client.patch(path, json={"plan": "spot"})).status_code
    assert 204 == (await client.delete(path)).status_code
    assert 404 == (await client.get(path)).status_code


async def test_wrong_terms_are_named(client: httpx.AsyncClient) -> None:
    """Each wrong field by its pointer."""
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"shares": [{"to": "kol", "rate": "0.1", "of": "agency"}]}, "/shares/0/of"),
        ({"shares": [{"to": "agency", "rate": "1.5"}]}, "/shares/0/rate"),
        ({"shares": None}, "/shares"),
        ({"fees": [{"kind": "once", "name": "x", "amount": "10.50"}]}, "/fees/0/amount"),
        ({"tax": {"registration_number": "T1000012050002"}}, "/tax/registration_number"),
        ({"currency": "CNY"}, "/currency"),
        ({"deliverables": {"parties": 1}}, "/deliverables/parties"),
        ({"subsidy": {"eligible": "0.5", "rate": "2/3"}}, "/subsidy/eligible"),
    ]
    for change, pointer in wrong:
        answer = await client.post("/v1/contracts", json=CUSTOM | change)
        assert 422 == answer.status_code, change
        assert pointer in answer.json()["errors"][0]["pointer"], answer.text
    answer = await client.post("/v1/contracts", json=CUSTOM | {"ends_on": "2021-08-01"})
    assert (422, "/ends_on") == (answer.status_code, answer.json()["errors"][0]["pointer"])


@pytest.mark.parametrize("day", ["9999-12-31", "1999-12-31", "2021-09-01T00:00:00", "1630454400", 1630454400])
async def test_a_contract_begins_on_a_day_that_a_statement_can_have(client: httpx.AsyncClient, day: object) -> None:
    """The end of a plan is computed from it; a number of seconds is no day."""
    answer = await client.post("/v1/contracts", json={"brand": "maison-k", "plan": "normal", "starts_on": day})
    assert (422, "/starts_on") == (answer.status_code, answer.json()["errors"][0]["pointer"])


async def test_a_bound_operator_sees_its_own_contract_without_the_agency_s_chain(
    client: httpx.AsyncClient, key_for: KeyFor
) -> None:
    """Other brands' contracts do not exist for it, and it writes none."""
    own = (await client.post("/v1/contracts", json=CUSTOM)).json()["id"]
    other = (await client.post("/v1/contracts", json=CUSTOM | {"brand": "other"})).json()["id"]
    bound = await key_for("operator", "maison-k")
    assert [own] == [found["id"] for found in (await client.get("/v1/contracts", headers=bound)).json()["contracts"]]
    assert CHAIN[:1] == (await client.get(f"/v1/contracts/{own}", headers=bound)).json()["shares"]
    assert 404 == (await client.get(f"/v1/contracts/{other}", headers=bound)).status_code
    assert 403 == (await client.delete(f"/v1/contracts/{own}", headers=bound)).status_code
    assert 403 == (await client.get("/v1/contracts", headers=await key_for("viewer", "maison-k"))).status_code
