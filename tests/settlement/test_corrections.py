"""What changes after the issue of a statement: corrections of the next one, and what may not change."""

import httpx
import pytest
from sqlalchemy import text

from app.service import Service
from tests.settlement.conftest import Released, drafted, issued


@pytest.mark.usefixtures("agreed")
async def test_refunds_and_revisions_after_the_issue_are_corrections(
    client: httpx.AsyncClient, service: Service, released: Released
) -> None:
    """A refund needs no new revision; a new revision that has it changes nothing more; a month of corrections alone is issued."""
    session = await released(48188800)
    await issued(client)
    refund = text("""
        INSERT INTO counters (session_id, grain, key, bucket, platform, metric, value, contributions)
        VALUES (CAST(:session AS uuid), 0, '', 'epoch', 'wechat', 'refund_amount', 18800, 1)
    """)
    async with service.database.write() as connection:
        await connection.execute(refund, {"session": session})
    await client.patch(
        f"/v1/contracts/{(await client.get('/v1/contracts')).json()['contracts'][0]['id']}", json={"ends_on": "2021-09-30"}
    )
    draft = await drafted(client, "2021-10")
    found = [(line["kind"], line["corrected"], line["corrects"], line["amount"]) for line in draft["lines"]]
    assert [("correction", "goods", "2021-09-001", "-3212"), ("correction", "share", "2021-09-001", "964")] == found
    assert ("-188.00", 1) == (draft["lines"][0]["source"]["amount"], draft["lines"][0]["source"]["revision"])
    assert ("0", "-2248", "-2152") == tuple(draft["totals"][name] for name in ("goods", "corrections", "payable_to_brand"))
    document = (await client.post(f"/v1/settlements/{draft['id']}/issue")).json()
    assert "2021-10-001" == document["number"]
    november = await drafted(client, "2021-11")
    assert [("carry_over", "-2152", "2021-10-001")] == [
        (line["kind"], line["amount"], line["corrects"]) for line in november["lines"]
    ]


@pytest.mark.usefixtures("agreed")
async def test_a_refund_that_is_taken_out_after_the_issue_is_a_correction(
    client: httpx.AsyncClient, service: Service, released: Released
) -> None:
    """The revision has a refund; its event is voided after the issue, and no refund remains."""
    session = await released(48188800)
    async with service.database.write() as connection:
        await connection.execute(text("UPDATE revisions SET net_gmv = 48170000 WHERE session_id = :id"), {"id": session})
    await issued(client)
    correction = (await drafted(client, "2021-10"))["lines"][1]
    assert ("correction", "188.00") == (correction["kind"], correction["source"]["amount"])


@pytest.mark.usefixtures("agreed")
async def test_a_session_that_an_issued_statement_holds_is_not_deleted(client: httpx.AsyncClient, released: Released) -> None:
    """Its money would stay on the statement without a session; one that only a draft holds can be deleted."""
    first, second = await released(1000), await released(2000, ended_at="2021-10-25T08:24:00Z")
    statement = await issued(client)
    await drafted(client, "2021-10")
    answer = await client.delete(f"/v1/sessions/{first}")
    assert (409, "session_stated") == (answer.status_code, answer.json()["code"])
    assert statement["number"] in answer.json()["detail"]
    assert 204 == (await client.delete(f"/v1/sessions/{second}")).status_code
