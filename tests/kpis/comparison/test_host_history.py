"""A host over all shows of a brand: the sums of the shows, by currency, and with the remainder the sums of the sessions."""

from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from hypothesis import given, strategies as st

from app.ingest.rebuilding.rebuild import compare
from tests.kpis.event_builders import Answer, Event, NewSession, Read, Send, at, paid
from tests.pipeline.conftest import Stage, database_of_file, settings_of_file, stage  # noqa: F401 - fixtures
from tests.properties import examples

HOSTS = ("小林", "王", "Kim")
DAY = 86_400


async def test_a_host_has_what_was_sold_in_their_shifts(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """Over shows and currencies; shows in order of time, hosts by their time; a rehearsal has a history of its own."""
    shows = []
    for number, (currency, planned) in enumerate((("CNY", "小林"), ("CNY", "王"), ("JPY", "小林"))):
        begin = number * DAY
        session = await new_session(currency=currency, host=planned, streams=[{"platform": "wechat", "room": f"r-{number}"}])
        amount = "100.50" if currency == "CNY" else "1000"
        line = {"product": "knit-01", "quantity": 1, "amount": amount}
        order = (
            "order.paid",
            begin + 60,
            {"order": f"{number}", "buyer": "b", "currency": currency, "amount": amount, "lines": [line]},
        )
        await send(
            session, ("session.started", begin, {}), order, ("host.changed", begin + 1200, {"host": "王"}),
            ("session.ended", begin + 3600, {}),
        )  # fmt: skip
        shows.append(session)
    rehearsal = await new_session(kind="rehearsal", streams=[])
    await send(rehearsal, ("session.started", 9 * DAY, {}), ("session.ended", 9 * DAY + 60, {}))
    document = (await client.get("/v1/brands/maison-k/hosts")).json()
    assert (3, ["王", "小林"]) == (document["sessions"], [one["host"] for one in document["hosts"]])
    wang, kobayashi = document["hosts"]
    assert [("CNY", 20.0, 1, "100.50", "5.03"), ("JPY", 20.0, 1, "1000", "50")] == [
        tuple(one[name] for name in ("currency", "minutes", "orders", "gmv", "gmv_per_minute")) for one in kobayashi["totals"]
    ]
    assert [("CNY", 100.0, 1, "100.50"), ("JPY", 40.0, 0, "0")] == [
        tuple(one[name] for name in ("currency", "minutes", "orders", "gmv")) for one in wang["totals"]
    ]
    assert shows == [one["session"] for one in wang["shows"]]
    assert [shows[0], shows[2]] == [one["session"] for one in kobayashi["shows"]]
    first = (await client.get("/v1/brands/maison-k/hosts", params={"session": shows[0]})).json()
    assert [("小林", 1), ("王", 1)] == sorted((one["host"], one["sessions"]) for one in first["hosts"])
    own = await read(shows[0], "hosts")
    assert [one["gmv"] for one in own["hosts"]] == [one["totals"][0]["gmv"] for one in reversed(first["hosts"])]
    assert 404 == (await client.get("/v1/brands/no-such/hosts")).status_code
    assert [None] == [one["host"] for one in (await client.get("/v1/brands/maison-k/hosts?kind=rehearsal")).json()["hosts"]]


_moments = st.integers(-300, 4000)
_changes = st.lists(st.tuples(_moments, st.sampled_from(HOSTS)), max_size=6)
_orders = st.lists(st.tuples(_moments, st.integers(1, 10**6), st.booleans()), max_size=8)
_shows = st.lists(st.tuples(_changes, _orders), min_size=1, max_size=3)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(stage: Stage) -> Stage:  # noqa: F811
    """Two services on the file's database, for all examples."""
    return stage


def _told(session: str, begin: int, changes: list[tuple[int, str]], orders: list[tuple[int, int, bool]]) -> list[Answer]:
    found: list[Event] = [("session.started", begin, {}), ("session.ended", begin + 3600, {})]
    found += [("host.changed", begin + second, {"host": host}) for second, host in changes]
    for number, (second, cents, refunded) in enumerate(orders):
        amount = f"{cents // 100}.{cents % 100:02d}"
        found.append(paid(begin + second, f"o-{number}", f"b-{number}", ("knit-01", 1, amount)))
        if refunded:
            found.append(("order.refunded", begin + second + 1, {"order": f"o-{number}", "amount": amount}))
    return [
        {"specversion": "1.0", "id": f"{session}/{number}", "source": "/t", "type": f"live.{kind}", "subject": session, "time": at(second),
         "data": data}
        for number, (kind, second, data) in enumerate(found)
    ]  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
@examples(8)
@given(shows=_shows, order=st.permutations(range(25)))
async def test_hosts_and_the_remainder_add_up_to_the_sessions(
    shared: Stage, shows: list[tuple[list[tuple[int, str]], list[tuple[int, int, bool]]]], order: list[int]
) -> None:
    """To the cent, with refunds and late orders; the order of arrival changes nothing, and a rebuild finds no difference."""
    answers, client = [], shared.client
    for arrival in (range(25), order):
        brand = f"hosts-{uuid4().hex[:8]}"
        of_shows = []
        for number, (changes, orders) in enumerate(shows):
            show = await shared.show(brand=brand, host="小林")
            events = _told(show.id, number * DAY, changes, orders)
            arranged = [events[place] for place in arrival if place < len(events)]
            headers = {"Content-Type": "application/cloudevents-batch+json"}
            receipt = await client.post("/v1/events", json=arranged, headers=headers)
            assert (200, []) == (receipt.status_code, receipt.json()["rejected"])
            of_shows.append((await client.get(f"/v1/sessions/{show.id}/hosts")).json())
            kpis = (await client.get(f"/v1/sessions/{show.id}/kpis")).json()["kpis"]
            own = of_shows[-1]
            assert {"orders": kpis["orders"]["value"], "gmv": kpis["gmv"]["value"]} == own["total"]
            assert Decimal(own["total"]["gmv"] or 0) == sum(Decimal(one["gmv"] or 0) for one in (*own["hosts"], own["remainder"]))
            assert pytest.approx(60, abs=1e-4) == sum(one["minutes"] for one in own["hosts"])
            assert [] == await compare(shared.service.database, shared.service.settings, UUID(show.id))
        document = (await client.get(f"/v1/brands/{brand}/hosts")).json()
        for host in document["hosts"]:
            (total,) = host["totals"]
            parts = [one for own in of_shows for one in own["hosts"] if one["host"] == host["host"]]
            assert Decimal(total["gmv"] or 0) == sum(Decimal(one["gmv"] or 0) for one in parts)
            assert (len(parts), total["orders"] or 0) == (host["sessions"], sum(one["orders"] or 0 for one in parts))
            assert sorted(one["gmv"] or "" for one in parts) == sorted(one["gmv"] or "" for one in host["shows"])
        answers.append([{**host, "shows": [one | {"session": ""} for one in host["shows"]]} for host in document["hosts"]])
    assert answers[0] == answers[1]
