"""What a draft states of a month: sessions, entered lines, deliverables, what the platform settled."""

import httpx
import pytest

from tests.settlement.conftest import KeyFor, Released, drafted


@pytest.mark.usefixtures("agreed")
async def test_lines_that_an_operator_enters(client: httpx.AsyncClient, key_for: KeyFor) -> None:
    """They count at once, survive the next computation, and can be removed; wrong ones are named."""
    path = f"/v1/settlements/{(await drafted(client))['id']}"
    for form, amount in (
        ({"kind": "ad_cost", "amount": "1000", "name": "Weibo広告"}, "-1000"),
        ({"kind": "adjustment", "amount": "-300", "reason": "送料"}, "-300"),
        ({"kind": "withholding", "rate": "0.1021", "base": "100005"}, "-10210"),
    ):
        answer = await client.post(f"{path}/lines", json=form)
        assert 201 == answer.status_code, answer.text
        assert amount == answer.json()["lines"][-1]["amount"]
        assert answer.json()["lines"][-1]["by"].startswith("key:")
    draft = await drafted(client, status=200)
    assert ("1000", "-300", "10210") == tuple(draft["totals"][name] for name in ("ad_costs", "adjustments", "withholding"))
    assert [{"rate": "0.10", "base": "201000", "amount": "20100"}] == draft["tax"]
    line = next(line["id"] for line in draft["lines"] if line["kind"] == "adjustment")
    assert "0" == (await client.delete(f"{path}/lines/{line}")).json()["totals"]["adjustments"]
    assert 404 == (await client.delete(f"{path}/lines/{line}")).status_code
    for wrong, pointer in (
        ({"kind": "adjustment", "amount": "1"}, "/reason"), ({"kind": "adjustment", "amount": "1", "reason": " "}, "/reason"),
        ({"kind": "ad_cost"}, "/amount"), ({"kind": "ad_cost", "amount": "1.5"}, "/amount"), ({"kind": "goods", "amount": "1"}, "/kind"),
        ({"kind": "withholding", "amount": "1"}, "/amount"), ({"kind": "withholding", "rate": "0.1"}, "/base"),
        ({"kind": "withholding", "rate": "0.1", "base": "1", "taxed": True}, "/taxed"),
        ({"kind": "adjustment", "amount": "1", "reason": ""}, "/reason"),
    ):  # fmt: skip
        answer = await client.post(f"{path}/lines", json=wrong)
        assert (422, pointer) == (answer.status_code, answer.json()["errors"][0]["pointer"]), wrong
    assert (
        403
        == (
            await client.post(f"{path}/lines", json={"kind": "ad_cost", "amount": "1"}, headers=await key_for("viewer"))
        ).status_code
    )


@pytest.mark.usefixtures("agreed")
async def test_a_session_belongs_to_the_month_in_which_it_ended_in_its_own_time_zone(
    client: httpx.AsyncClient, released: Released
) -> None:
    """One minute past midnight in Tokyo is October, although it is September in Shanghai and in UTC."""
    times = {"currency": "JPY", "ended_at": "2021-09-30T15:01:00Z"}
    await released(1000, time_zone="Asia/Tokyo", **times)
    await released(2000, time_zone="Asia/Shanghai", **times)
    assert "2000" == (await drafted(client))["totals"]["goods"]
    assert "1000" == (await drafted(client, "2021-10"))["totals"]["goods"]


@pytest.mark.usefixtures("agreed")
async def test_what_the_platform_settled_is_beside_the_net_gmv(
    client: httpx.AsyncClient, released: Released, key_for: KeyFor
) -> None:
    """Orders, amount, fees by kind; the difference; a later settlement of an order replaces the earlier one, a void takes it out."""
    session = await released(30000)
    sender = await key_for("ingest")

    async def settled(number: int, order: str, amount: str, fee: str, **more: str) -> None:
        data = {
            "order": order,
            "currency": "CNY",
            "amount": amount,
            "fees": [{"kind": "platform_commission", "amount": fee}],
            **more,
        }
        event = {"specversion": "1.0", "id": str(number), "source": "//shop", "type": "live.order.settled", "subject": session,
                 "time": f"2021-10-0{number}T00:00:00Z", "data": data}  # fmt: skip
        answer = await client.post("/v1/events", json=event, headers=sender)
        assert answer.is_success, answer.text

    assert [] == (await drafted(client))["platform"]
    await settled(1, "A", "90.00", "5.00")
    await settled(2, "A", "97.00", "3.00")
    await settled(3, "B", "100.00", "0.50", settlement="s-1")
    await settled(4, "B", "90.00", "-0.50", settlement="s-2")
    await settled(5, "C", "1.00", "1.00")
    (found,) = (await drafted(client, status=200))["platform"]
    fees = [{"kind": "platform_commission", "amount": "4.00"}]
    assert (session, 3, "288.00", fees) == (found["session"], found["orders"], found["settled"], found["fees"])
    assert ("300.00", "-8.00") == (found["net_gmv"], found["difference"])
    void = await client.post(f"/v1/sessions/{session}/voids", json={"source": "//shop", "event": "5", "reason": "not ours"})
    assert void.is_success, void.text
    document = await drafted(client, status=200)
    (found,) = document["platform"]
    assert (2, "287.00", "-10.00") == (found["orders"], found["settled"], found["difference"])
    assert "0" == document["unexplained"]
    edition = await client.get(f"/v1/settlements/{document['id']}", params={"edition": "client"})
    assert [] == edition.json()["platform"]


@pytest.mark.usefixtures("agreed")
async def test_a_rehearsal_needs_no_revision(client: httpx.AsyncClient, released: Released) -> None:
    """It sells nothing; it counts as delivered."""
    await released(None, kind="rehearsal")
    draft = await drafted(client)
    assert ([], "0") == (draft["missing"], draft["totals"]["goods"])
    assert {"kind": "rehearsal", "agreed": 0, "done": 1} in draft["deliverables"]


@pytest.mark.usefixtures("agreed")
async def test_deliverables_count_promotions_and_sessions_of_the_month(client: httpx.AsyncClient, released: Released) -> None:
    """By their publication, in the session's time zone; without one by the session."""
    session = await released(48188800)
    for kind, published_at in (
        ("article", "2021-09-18T10:00:00Z"), ("article", None), ("article", "2021-08-31T15:59:00Z"), ("video", "2021-08-31T16:00:00Z"),
    ):  # fmt: skip
        answer = await client.post(f"/v1/sessions/{session}/promotions", json={"kind": kind, "published_at": published_at})
        assert 201 == answer.status_code, answer.text
    draft = await drafted(client)
    counts = [(found["kind"], found["agreed"], found["done"]) for found in draft["deliverables"]]
    assert [("article", 2, 2), ("promotion", 0, 1), ("broadcast", 1, 1)] == counts
