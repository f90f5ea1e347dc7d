"""Statements over HTTP: drafts, what they lack, the issue, corrections, who may see them."""

import asyncio
import hashlib
import json

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.service import Service
from tests.settlement.conftest import CONTRACT, RATE, SEPTEMBER, KeyFor, Released, drafted, issued


@pytest.mark.usefixtures("agreed")
async def test_the_example_is_drafted_and_issued(client: httpx.AsyncClient, released: Released) -> None:
    """The figures of the contract; the number, the day and the hash of the issue."""
    session = await released(48188800)
    draft = await drafted(client)
    assert ("draft", None, "0", []) == (draft["status"], draft["number"], draft["unexplained"], draft["missing"])
    source = {
        "amount": "481888.00",
        "currency": "CNY",
        "rate": "17.09",
        "rate_date": "2021-09-25",
        "rate_kind": "TTM",
        "revision": 1,
    }
    goods, share, fee = draft["lines"]
    assert ("goods", session, "8235465", source) == (goods["kind"], goods["session"], goods["amount"], goods["source"])
    assert ("share", "agency", "-2470639", "8235465", "0.30") == tuple(
        share[name] for name in ("kind", "to", "amount", "base", "rate")
    )
    assert ("fee", "運営費", "-200000") == (fee["kind"], fee["name"], fee["amount"])
    assert [{"rate": "0.10", "base": "2670639", "amount": "267063"}] == draft["tax"]
    expected = {
        "goods": "8235465",
        "shares": {"agency": "2470639", "kol:kobayashi": "247063"},
        "fees": "200000",
        "tax": "267063",
        "payable_to_brand": "5297763",
    }
    assert expected == {name: draft["totals"][name] for name in expected}
    assert [("article", 2, 0), ("broadcast", 1, 1)] == [
        (found["kind"], found["agreed"], found["done"]) for found in draft["deliverables"]
    ]

    answer = await client.post(f"/v1/settlements/{draft['id']}/issue")
    document = answer.json()
    assert (200, "issued", "2021-09-001") == (answer.status_code, document["status"], document["number"])
    assert draft["lines"] == document["lines"]
    again = await client.get(f"/v1/settlements/{draft['id']}")
    assert answer.content == again.content
    body, _, rest = again.text.rpartition(',"sha256":"')
    assert f'{document["sha256"]}"}}' == rest
    assert document["sha256"] == hashlib.sha256(f"{body}}}".encode()).hexdigest()


async def test_a_draft_says_what_it_lacks_and_is_not_issued(client: httpx.AsyncClient, released: Released) -> None:
    """A contract, a revision, a rate; each disappears from the list once it is there."""
    session = await released(None)
    draft = await drafted(client)
    assert ["revision", "contract"] == [found["what"] for found in draft["missing"]]
    await client.post("/v1/contracts", json=CONTRACT)
    await released(100, session=session)
    draft = await drafted(client, status=200)
    assert [("exchange_rate", session, "2021-09-25", "CNY", "JPY", "TTM")] == [
        tuple(found[name] for name in ("what", "session", "date", "currency", "to", "rate_kind")) for found in draft["missing"]
    ]
    answer = await client.post(f"/v1/settlements/{draft['id']}/issue")
    assert (409, "settlement_incomplete") == (answer.status_code, answer.json()["code"])
    assert draft["missing"] == answer.json()["missing"]
    await client.put(RATE, json={"rate": "17.09", "source": "a bank"})
    answer = await client.post(f"/v1/settlements/{draft['id']}/issue")
    assert (200, "17") == (answer.status_code, answer.json()["totals"]["goods"])


@pytest.mark.usefixtures("agreed")
async def test_what_was_not_seen_is_not_issued(client: httpx.AsyncClient, released: Released) -> None:
    """A revision after the draft: the draft is computed again first."""
    session = await released(48188800)
    draft = await drafted(client)
    await released(40000000, session=session)
    answer = await client.post(f"/v1/settlements/{draft['id']}/issue")
    assert (409, "settlement_changed") == (answer.status_code, answer.json()["code"])
    await drafted(client, status=200)
    assert 200 == (await client.post(f"/v1/settlements/{draft['id']}/issue")).status_code


@pytest.mark.usefixtures("agreed")
async def test_an_issued_statement_does_not_change(client: httpx.AsyncClient, service: Service, released: Released) -> None:
    """Neither by a route, nor by a rate, nor by its contract, nor in the database; later revisions leave its bytes alone."""
    session = await released(48188800)
    document = await issued(client)
    path = f"/v1/settlements/{document['id']}"
    before = (await client.get(path)).content
    await released(1, session=session)
    line = {"kind": "adjustment", "amount": "1", "reason": "why"}
    for request in (
        client.post("/v1/settlements", json=SEPTEMBER), client.post(f"{path}/issue"), client.post(f"{path}/lines", json=line),
        client.delete(path), client.delete(f"{path}/lines/{document['id']}"), client.delete(RATE),
        client.put(RATE, json={"rate": "17.10", "source": "a bank"}), client.delete(f"/v1/contracts/{document['contracts'][0]['id']}"),
    ):  # fmt: skip
        assert 409 == (await request).status_code
    table = {"options": json.dumps({
        "kind": "exchange_rates", "columns": {"date": "d", "rate": "r"},
        "constants": {"from": "CNY", "to": "JPY", "kind": "TTM", "source": "a bank"},
    })}  # fmt: skip
    rows = b"d,r\n2021-09-24,17.05\n2021-09-25,17.10\n"
    report = (await client.post("/v1/imports", params=table, content=rows, headers={"Content-Type": "text/csv"})).json()
    assert [True, False] == [row["ok"] for row in report["rows"]]
    assert "2021-09-001" in report["rows"][1]["detail"]
    assert 200 == (await client.put(RATE.replace("25", "26"), json={"rate": "17.10", "source": "a bank"})).status_code
    for change in ("UPDATE settlements SET payable = 0", "DELETE FROM settlements"):
        with pytest.raises(DBAPIError, match="does not change"):
            async with service.database.write() as connection:
                await connection.execute(text(change))
    assert before == (await client.get(path)).content


@pytest.mark.usefixtures("agreed")
async def test_a_month_is_issued_once_and_numbers_have_no_gap(client: httpx.AsyncClient, released: Released) -> None:
    """Concurrent drafts are one; of concurrent issues one succeeds; two brands get consecutive numbers."""
    await released(48188800)
    await client.post("/v1/contracts", json=CONTRACT | {"brand": "other"})
    drafts = await asyncio.gather(*(client.post("/v1/settlements", json=SEPTEMBER) for _ in range(4)))
    assert [200, 200, 200, 201] == sorted(answer.status_code for answer in drafts)
    (own,) = {answer.json()["id"] for answer in drafts}
    other = (await client.post("/v1/settlements", json={"brand": "other", "month": "2021-09"})).json()["id"]
    answers = await asyncio.gather(*(client.post(f"/v1/settlements/{found}/issue") for found in (own, other) * 3))
    assert [200, 200, 409, 409, 409, 409] == sorted(answer.status_code for answer in answers)
    numbers = {answer.json().get("number") for answer in answers if answer.status_code == 200}
    assert {"2021-09-001", "2021-09-002"} == numbers


@pytest.mark.usefixtures("agreed")
async def test_a_rate_that_changes_during_the_issue(client: httpx.AsyncClient, released: Released) -> None:
    """The issued statement states the rate that is stored, whichever request was first."""
    await released(48188800)
    path = f"/v1/settlements/{(await drafted(client))['id']}/issue"
    changes = [client.put(RATE, json={"rate": f"17.{number}", "source": "a bank"}) for number in range(10, 14)]
    answers = await asyncio.gather(*changes[:2], client.post(path), *changes[2:])
    assert {answer.status_code for answer in answers} <= {200, 409}
    await drafted(client, status=200 if answers[2].status_code == 409 else 409)
    document = (await client.post(path)).json() if answers[2].status_code == 409 else answers[2].json()
    assert (await client.get(RATE)).json()["rate"] == document["lines"][0]["source"]["rate"]
    assert 409 == (await client.put(RATE, json={"rate": "18", "source": "a bank"})).status_code
    known = (await client.get(RATE)).json()
    assert known == (await client.put(RATE, json={name: known[name] for name in ("rate", "source")})).json()


@pytest.mark.usefixtures("agreed")
async def test_a_repeated_issue_with_its_key_returns_the_statement(
    client: httpx.AsyncClient, released: Released, key_for: KeyFor
) -> None:
    """The same bytes for the same caller and key; a conflict for another key or caller."""
    await released(48188800)
    path = f"/v1/settlements/{(await drafted(client))['id']}/issue"
    key = {"Idempotency-Key": "issue-1"}
    answers = await asyncio.gather(*(client.post(path, headers=key) for _ in range(3)))
    assert [200] * 3 == [answer.status_code for answer in answers]
    assert 1 == len({answer.content for answer in answers})
    assert 409 == (await client.post(path, headers={"Idempotency-Key": "issue-2"})).status_code
    assert 409 == (await client.post(path, headers=key | await key_for("operator"))).status_code


@pytest.mark.usefixtures("agreed")
async def test_a_brand_sees_its_issued_statements_in_the_client_edition(
    client: httpx.AsyncClient, released: Released, key_for: KeyFor
) -> None:
    """No draft, no chain, no person, no other brand's; it writes nothing."""
    await released(48188800)
    await client.post("/v1/contracts", json=CONTRACT | {"brand": "other"})
    foreign = (await client.post("/v1/settlements", json={"brand": "other", "month": "2021-09"})).json()["id"]
    assert 200 == (await client.post(f"/v1/settlements/{foreign}/issue")).status_code
    draft = (await drafted(client))["id"]
    await client.post(f"/v1/settlements/{draft}/lines", json={"kind": "adjustment", "amount": "-300", "reason": "送料"})
    bound = [await key_for(role, "maison-k") for role in ("viewer", "operator")]
    for headers in bound:
        assert 404 == (await client.get(f"/v1/settlements/{draft}", headers=headers)).status_code
        assert [] == (await client.get("/v1/settlements", headers=headers)).json()["settlements"]
    await client.post(f"/v1/settlements/{draft}/issue")
    for headers in bound:
        assert [draft] == [found["id"] for found in (await client.get("/v1/settlements", headers=headers)).json()["settlements"]]
        assert 403 == (await client.get(f"/v1/settlements/{draft}?edition=internal", headers=headers)).status_code
        for asked in ("", "?edition=client"):
            answer = await client.get(f"/v1/settlements/{draft}{asked}", headers=headers)
            assert "kol" not in answer.text
            assert "key:" not in answer.text
            assert {"agency": "2470639"} == answer.json()["totals"]["shares"]
            assert answer.json()["sha256"]
        assert 404 == (await client.get(f"/v1/settlements/{foreign}", headers=headers)).status_code
    writes = [
        client.post("/v1/settlements", json=SEPTEMBER, headers=bound[1]), client.post(f"/v1/settlements/{draft}/issue", headers=bound[1]),
        client.post(f"/v1/settlements/{draft}/lines", json={"kind": "ad_cost", "amount": "1"}, headers=bound[1]),
        client.delete(f"/v1/settlements/{draft}", headers=bound[1]),
    ]  # fmt: skip
    assert [403] * 4 == [(await request).status_code for request in writes]
    internal = await client.get(f"/v1/settlements/{draft}")
    assert json.loads(internal.text)["chain"]
    assert "kol" not in (await client.get(f"/v1/settlements/{draft}", params={"edition": "client"})).text


@pytest.mark.usefixtures("agreed")
async def test_statements_are_found_by_brand_month_and_amount(client: httpx.AsyncClient, released: Released) -> None:
    """Ranges include their ends and combine; pages follow each other."""
    await released(48188800)
    for month in ("2021-09", "2021-10", "2021-11"):
        await issued(client, month)

    async def found(**asked: object) -> list[str]:
        answer = await client.get("/v1/settlements", params={name.rstrip("_"): str(value) for name, value in asked.items()})
        assert 200 == answer.status_code, answer.text
        return [entry["month"] for entry in answer.json()["settlements"]]

    assert ["2021-11", "2021-10", "2021-09"] == await found(brand="maison-k")
    assert [] == await found(brand="other")
    assert ["2021-11", "2021-10"] == await found(from_="2021-10-15")
    assert ["2021-10", "2021-09"] == await found(to="2021-10")
    assert ["2021-09"] == await found(min=5297763)
    assert ["2021-09"] == await found(min=5297763, max=5297763, from_="2021-09-01", to="2021-09-30")
    assert ["2021-11", "2021-10"] == await found(max=-1)
    page = (await client.get("/v1/settlements", params={"limit": 2})).json()
    rest = (await client.get("/v1/settlements", params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [["2021-11", "2021-10"], ["2021-09"]] == [[entry["month"] for entry in part["settlements"]] for part in (page, rest)]
    for wrong in ("2021-13", "21-09", "2021-9", "2021-02-30"):
        assert 422 == (await client.get("/v1/settlements", params={"from": wrong})).status_code


async def test_months_and_brands_that_do_not_exist_are_refused(client: httpx.AsyncClient) -> None:
    """By the field, and 404 for an unknown brand."""
    for month in ("2021-13", "2021-9", "1999-12", "2021-09-01"):
        answer = await client.post("/v1/settlements", json=SEPTEMBER | {"month": month})
        assert (422, "/month") == (answer.status_code, answer.json()["errors"][0]["pointer"])
    assert 404 == (await client.post("/v1/settlements", json=SEPTEMBER)).status_code
    assert 404 == (await client.get("/v1/settlements/none")).status_code


async def test_a_month_with_nothing_to_state_is_not_issued(client: httpx.AsyncClient) -> None:
    """No session, no fee, no correction; the draft can be deleted."""
    await client.post("/v1/brands", json={"slug": "maison-k"})
    draft = await drafted(client)
    assert 409 == (await client.post(f"/v1/settlements/{draft['id']}/issue")).status_code
    assert 204 == (await client.delete(f"/v1/settlements/{draft['id']}")).status_code
    assert 404 == (await client.get(f"/v1/settlements/{draft['id']}")).status_code
