"""Ads that are paid in another currency than the session's: converted by an entered rate that is named, or by none."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import httpx
from hypothesis import given, strategies as st

from app.ingest.rebuilding import rebuild
from app.kpis.evaluation.ad_spend import ad_spend
from app.service import Service
from app.storage.kpis.ad_rates import AdRate
from tests.kpis.event_builders import NewSession, Read, Send, paid
from tests.properties import examples

CONVERTED = ("ad_spend", "roi", "net_roi")


async def enter(client: httpx.AsyncClient, day: str, pair: str, rate: str, kind: str = "TTM") -> None:
    """Enter a rate."""
    answer = await client.put(f"/v1/exchange-rates/{day}/{pair}/{kind}", json={"rate": rate, "source": "bank"})
    assert answer.is_success, answer.text


def spend(campaign: str, total: str, currency: str | None = None) -> dict[str, Any]:
    """Return what a campaign has spent so far."""
    return {"campaign": campaign, "spend_total": total} | ({} if currency is None else {"currency": currency})


@given(
    st.integers(0, 10**9),
    st.decimals("0.0001", "9999", places=4).map(str),
    st.integers(0, 10**12),
    st.booleans(),
    st.sampled_from((0, 2, 3)),
)
def test_a_currency_is_converted_in_one_step(own: int, price: str, foreign: int, reverse: bool, digits: int) -> None:
    """Rounded half up to the session's smallest unit, and added to what is in its own currency."""
    rate = (
        AdRate("CNY", "USD", date(2021, 9, 25), "TTM", price)
        if reverse
        else AdRate("USD", "CNY", date(2021, 9, 25), "TTM", price)
    )
    exact = Fraction(foreign, 10_000) * (1 / Fraction(price) if reverse else Fraction(price)) * 10**digits
    rounded = int(exact + Fraction(1, 2))
    figure = ad_spend({"ad_spend": (own, 0), "ad_spend:USD": (foreign, 0)}, {"USD": rate}, digits)
    assert (own + rounded, 1, "derived") == figure
    if not reverse:
        assert rounded == int((Decimal(foreign) / 10_000 * Decimal(price)).scaleb(digits).quantize(Decimal(1), ROUND_HALF_UP))


async def test_without_a_rate_nothing_is_said_of_the_sum(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """Of no platform's and of the session's; a warning names the currency and the day. A rate brings it back and is named."""
    session = await new_session(streams=[{"platform": name, "room": "r"} for name in ("wechat", "weibo")])
    await send(
        "wechat:r", ("session.started", 0, {}), ("ad.sampled", 1, spend("a", "100.00")), paid(2, "1", "b", ("k", 1, "1000.00"))
    )
    await send("weibo:r", ("ad.sampled", 3, spend("b", "15.47", "USD")))
    document = await read(session, "kpis", lang="en")
    for slug in CONVERTED:
        figure = document["kpis"][slug]
        assert (None, "absent", []) == (figure["value"], figure["basis"], figure["rates"])
        assert [{"from": "USD", "to": "CNY", "date": "2021-09-25"}] == figure["missing_rates"]
    assert ["100.00", None] == [document["by_platform"][name]["ad_spend"]["value"] for name in ("wechat", "weibo")]
    (warning,) = [one for one in document["warnings"] if one["code"] == "ad_rate_missing"]
    assert "USD" in warning["message"]
    assert "2021-09-25" in warning["message"]
    comparison = await client.get("/v1/comparison", params={"sessions": f"{session},{await new_session(streams=[])}"})
    assert [None, None] == [one["value"] for one in comparison.json()["kpis"]["ad_spend"]["values"]]

    await enter(client, "2021-09-24", "USD/CNY", "6.4621")
    document = await read(session, "kpis")
    # 15.47 × 6.4621 = 99.968687
    assert ("199.97", "mixed") == (document["kpis"]["ad_spend"]["value"], document["kpis"]["ad_spend"]["basis"])
    assert ("99.97", "derived") == tuple(document["by_platform"]["weibo"]["ad_spend"][name] for name in ("value", "basis"))
    rate = {"from": "USD", "to": "CNY", "date": "2021-09-24", "kind": "TTM", "rate": "6.4621"}
    assert ([rate], []) == (document["kpis"]["roi"]["rates"], document["kpis"]["roi"]["missing_rates"])
    assert 5.00075 == document["kpis"]["roi"]["value"]
    assert [] == [one for one in document["warnings"] if one["code"] == "ad_rate_missing"]
    comparison = await client.get("/v1/comparison", params={"sessions": f"{session},{await new_session(streams=[])}"})
    assert ["199.97", None] == [one["value"] for one in comparison.json()["kpis"]["ad_spend"]["values"]]


async def test_which_rate_is_taken(client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read) -> None:
    """The latest day of the week up to the session's own; from the currency before into it; TTM before other kinds."""
    session = await new_session()
    await send("wechat:room", ("session.started", 0, {}), ("ad.sampled", 1, spend("a", "100.00", "JPY")))

    async def used() -> list[tuple[str, ...]]:
        figure = (await read(session, "kpis"))["kpis"]["ad_spend"]
        return [(figure["value"], *(rate[name] for name in ("from", "date", "kind"))) for rate in figure["rates"]]

    await enter(client, "2021-09-17", "JPY/CNY", "0.09")
    await enter(client, "2021-09-26", "JPY/CNY", "0.09")
    assert [] == await used()
    await enter(client, "2021-09-18", "JPY/CNY", "0.05")
    assert [("5.00", "JPY", "2021-09-18", "TTM")] == await used()
    await enter(client, "2021-09-25", "CNY/JPY", "16")
    assert [("6.25", "CNY", "2021-09-25", "TTM")] == await used()
    await enter(client, "2021-09-25", "JPY/CNY", "0.07", "TTB")
    assert [("7.00", "JPY", "2021-09-25", "TTB")] == await used()
    await enter(client, "2021-09-25", "JPY/CNY", "0.08")
    assert [("8.00", "JPY", "2021-09-25", "TTM")] == await used()


_SAMPLES = st.lists(
    st.tuples(
        st.sampled_from(("wechat", "weibo")),
        st.sampled_from(("a", "秋の新作", "USD")),
        st.sampled_from((None, "CNY", "USD", "JPY")),
        st.sampled_from(("0", "0.01", "3.10", "1099.00", "77")),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=14,
)
_PRICES = {"USD": Decimal("6.4621"), "JPY": Decimal("0.0583")}


@examples(6)
@given(samples=_SAMPLES)
async def test_a_campaign_counts_in_each_of_its_currencies(
    client: httpx.AsyncClient,
    service: Service,
    new_session: NewSession,
    send: Send,
    read: Read,
    samples: list[tuple[str, str, str | None, str, int]],
) -> None:
    """The latest of each campaign and currency, each currency of a platform converted in one step; in any order of arrival."""
    for currency, price in _PRICES.items():
        await enter(client, "2021-09-25", f"{currency}/CNY", str(price))
    rooms = {name: uuid4().hex for name in ("wechat", "weibo")}
    session = await new_session(streams=[{"platform": name, "room": room} for name, room in rooms.items()])
    await send(session, ("session.started", 0, {}))
    for second, (platform, campaign, paid_in, total, _) in sorted(enumerate(samples, 1), key=lambda one: one[1][-1]):
        await send(f"{platform}:{rooms[platform]}", ("ad.sampled", second, spend(campaign, total, paid_in)))
    latest = {(platform, campaign, paid_in or "CNY"): Decimal(total) for platform, campaign, paid_in, total, _ in samples}
    expected: dict[str, Decimal] = {}
    for platform, paid_in in {(platform, paid_in) for platform, _, paid_in in latest}:
        spent = sum((amount for (of, _, other), amount in latest.items() if (of, other) == (platform, paid_in)), Decimal(0))
        worth = (spent * _PRICES.get(paid_in, Decimal(1))).quantize(Decimal("0.01"), ROUND_HALF_UP)
        expected[platform] = expected.get(platform, Decimal(0)) + worth
    document = await read(session, "kpis")
    figures = {name: document["by_platform"][name]["ad_spend"]["value"] for name in expected}
    assert {name: f"{amount:.2f}" for name, amount in expected.items()} == figures
    assert f"{sum(expected.values()):.2f}" == document["kpis"]["ad_spend"]["value"]
    assert [] == [one for one in document["warnings"] if one["code"] == "ad_rate_missing"]
    assert [] == await rebuild.compare(service.database, service.settings, UUID(session))


async def test_a_wrong_currency_is_taken_back_with_nothing(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """Nothing in a currency needs no rate; every currency that lacks one is named."""
    session = await new_session()
    await enter(client, "2021-09-25", "USD/CNY", "6")
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("ad.sampled", 20, spend("a", "30.00")),
        ("ad.sampled", 60, spend("a", "10.00", "USD")),
        ("ad.sampled", 61, spend("a", "5000", "JPY")),
        ("ad.sampled", 62, spend("b", "7.00", "EUR")),
    )
    document = await read(session, "kpis")
    assert None is document["kpis"]["ad_spend"]["value"]
    lacking = [one["from"] for one in document["kpis"]["ad_spend"]["missing_rates"]]
    assert ["EUR", "JPY"] == lacking
    assert lacking == [one["figures"]["currency"] for one in document["warnings"] if one["code"] == "ad_rate_missing"]
    await send("wechat:room", ("ad.sampled", 70, spend("a", "0", "JPY")), ("ad.sampled", 71, spend("b", "0", "EUR")))
    figure = (await read(session, "kpis"))["kpis"]["ad_spend"]
    assert ("90.00", "derived", []) == (figure["value"], figure["basis"], figure["missing_rates"])
    await send("wechat:room", ("ad.sampled", 72, spend("a", "0", "USD")))
    figure = (await read(session, "kpis"))["kpis"]["ad_spend"]
    assert ("30.00", "reported", False) == (figure["value"], figure["basis"], "rates" in figure)


async def test_what_a_former_version_kept_of_a_campaign_is_not_added_to_itself(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send, read: Read
) -> None:
    """It kept every currency under the campaign's name: of that amount and a sample since then the newer counts, in every read."""
    session = await new_session()
    other = await new_session(streams=[{"platform": "wechat", "room": "other"}])
    await enter(client, "2021-09-25", "USD/CNY", "6")

    async def spent() -> str:
        alone = (await read(session, "kpis"))["kpis"]["ad_spend"]["value"]
        compared = (await client.get("/v1/comparison", params={"sessions": f"{session},{other}"})).json()
        assert alone == compared["kpis"]["ad_spend"]["values"][0]["value"]
        return str(alone)

    await send("wechat:room", ("session.started", 0, {}), ("ad.sampled", 10, spend("a", "10.00", "USD")))
    former = "UPDATE gauges SET key = split_part(key, E'\\n', 1) WHERE session_id = $1 AND metric IN ('ad_spend', 'ad_currency')"
    async with service.database.acquire() as connection:
        await connection.execute(former, UUID(session))
    assert "60.00" == await spent()
    await send("wechat:room", ("ad.sampled", 5, spend("a", "4.00", "USD")), ("ad.sampled", 5, spend("b", "1.00", "USD")))
    assert "66.00" == await spent()
    await send("wechat:room", ("ad.sampled", 20, spend("a", "12.00", "USD")))
    assert "78.00" == await spent()
    # The amount in the session's own currency takes the place of what is kept under the name.
    await send("wechat:room", ("ad.sampled", 15, spend("a", "30.00")))
    assert "108.00" == await spent()
