"""Response times of customer service, compared with a plain computation over the same tickets."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import httpx
from hypothesis import given, strategies as st

from app.catalogue.access import Role
from tests.conftest import KeyMaker
from tests.kpis.event_builders import START, Answer, Event, NewSession, Read, Send, at, tokyo
from tests.properties import examples


class Ticket(NamedTuple):
    """When a ticket was requested and answered, in seconds of the broadcast, and the response time that the answer states."""

    requested: float | None
    answered: float | None
    stated: float | None


_SECONDS = st.integers(0, 40_000_000).map(lambda microseconds: microseconds / 10_000)  # 4,000 s with 100 µs each
_TICKETS = st.lists(
    st.builds(Ticket, st.none() | _SECONDS, st.none() | _SECONDS, st.none() | st.integers(0, 600).map(float)), max_size=12
)


def _events(tickets: list[Ticket]) -> list[Event]:
    events: list[Event] = []
    for number, ticket in enumerate(tickets):
        if ticket.requested is not None:
            events.append(("support.requested", ticket.requested, {"ticket": str(number)}))
        if ticket.answered is not None:
            stated = {} if ticket.stated is None else {"response_seconds": ticket.stated}
            events.append(("support.answered", ticket.answered, {"ticket": str(number), **stated}))
    return events


def _milliseconds(ticket: Ticket) -> int | None:
    if ticket.answered is None:
        return None
    if ticket.stated is not None:
        return round(ticket.stated * 1000)
    if ticket.requested is None:
        return None
    begin, end = (datetime.fromisoformat(at(second)) for second in (ticket.requested, ticket.answered))
    return max(0, round((end - begin).total_seconds() * 1000))


def _rounded(milliseconds: Fraction) -> float:
    exact = Decimal(milliseconds.numerator) / Decimal(milliseconds.denominator) / 1000
    return float(exact.quantize(Decimal("0.000001"), ROUND_HALF_UP))


def _figures(times: list[int], slow_seconds: float) -> Answer:
    if not times:
        return {"answered": 0, "mean_seconds": None, "median_seconds": None, "p90_seconds": None, "slow": 0}
    ordered = sorted(times)

    def percentile(tenths: int) -> Fraction:
        place = Fraction((len(ordered) - 1) * tenths, 10)
        below, above = int(place), min(int(place) + 1, len(ordered) - 1)
        return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

    return {
        "answered": len(times), "mean_seconds": _rounded(Fraction(sum(times), len(times))),
        "median_seconds": _rounded(percentile(5)), "p90_seconds": _rounded(percentile(9)),
        "slow": sum(time > slow_seconds * 1000 for time in times),
    }  # fmt: skip


def _quarter(second: float) -> str:
    return tokyo((START + timedelta(hours=9, seconds=second // 900 * 900)).strftime("%H:%M:%S"))


def _expected(tickets: list[Ticket], slow_seconds: float) -> Answer:
    times: dict[str, list[int]] = {}
    requests: dict[str, int] = {}
    for ticket in tickets:
        if ticket.requested is not None:
            requests[_quarter(ticket.requested)] = requests.get(_quarter(ticket.requested), 0) + 1
        if ticket.answered is not None and (time := _milliseconds(ticket)) is not None:
            times.setdefault(_quarter(ticket.answered), []).append(time)
    return {
        "tickets": sum(requests.values()),
        "waiting": sum(ticket.requested is not None and ticket.answered is None for ticket in tickets),
        **_figures([time for group in times.values() for time in group], slow_seconds),
        "by_quarter_hour": [
            {"from": begin, "tickets": requests.get(begin, 0), **_figures(times.get(begin, []), slow_seconds)}
            for begin in sorted(requests.keys() | times.keys())
        ],
    }


def _shown(document: Answer) -> Answer:
    quarters = [{name: value for name, value in quarter.items() if name != "to"} for quarter in document["by_quarter_hour"]]
    others = {"session", "slow_seconds", "waiting_since", "slow_tickets", "slow_tickets_omitted", "more_quarters"}
    return {name: value for name, value in document.items() if name not in others} | {"by_quarter_hour": quarters}


@examples(6)
@given(tickets=_TICKETS, slow_seconds=st.sampled_from([180.0, 60.0, 0.5]))
async def test_random_tickets(new_session: Any, send: Any, read: Any, tickets: list[Ticket], slow_seconds: float) -> None:
    """Every figure equals the plain computation, and the KPIs of the same session agree."""
    session = await new_session(streams=[])
    if events := _events(tickets):
        await send(session, *events)
    document = await read(session, "support", slow_seconds=slow_seconds)
    assert _expected(tickets, slow_seconds) == _shown(document)
    listed = [ticket["response_seconds"] for ticket in document["slow_tickets"]]
    assert (document["slow"], sorted(listed, reverse=True)) == (len(listed), listed)
    kpis = (await read(session, "kpis"))["kpis"]
    by_default = await read(session, "support")
    assert 180 == by_default["slow_seconds"]
    assert (document["tickets"] or None, document["mean_seconds"]) == (
        kpis["support_requests"]["value"] or None, kpis["average_response_seconds"]["value"],
    )  # fmt: skip
    assert by_default["slow"] == (kpis["slow_responses"]["value"] or 0)


async def test_a_slow_ticket_is_named(new_session: NewSession, send: Send, read: Read) -> None:
    """With its times, the slowest first, and where no answer came yet the first of those that wait."""
    session = await new_session()
    await send(
        "wechat:room",
        *(("support.requested", second, {"ticket": f"T-{second}", "viewer": "v"}) for second in (0, 10, 20, 30)),
        ("support.answered", 190.5, {"ticket": "T-0"}),
        ("support.answered", 1000, {"ticket": "T-10"}),
        ("support.answered", 21, {"ticket": "T-20"}),
    )
    document = await read(session, "support")
    assert [
        {"ticket": "T-10", "platform": "wechat", "requested_at": tokyo("14:00:10"), "answered_at": tokyo("14:16:40"),
         "response_seconds": 990},
        {"ticket": "T-0", "platform": "wechat", "requested_at": tokyo("14:00:00"), "answered_at": tokyo("14:03:10.500000"),
         "response_seconds": 190.5},
    ] == document["slow_tickets"]  # fmt: skip
    assert (4, 1, tokyo("14:00:30")) == (document["tickets"], document["waiting"], document["waiting_since"])
    assert [("14:00:00", 4, 2, 1), ("14:15:00", 0, 1, 1)] == [
        (quarter["from"][11:19], quarter["tickets"], quarter["answered"], quarter["slow"])
        for quarter in document["by_quarter_hour"]
    ]


async def test_another_brand_reads_nothing(client: httpx.AsyncClient, new_session: NewSession, keys: KeyMaker) -> None:
    """404, as for a session that does not exist; a limit that is none is refused."""
    session = await new_session()
    mine = (await client.post("/v1/brands", json={"slug": "mine", "name": "Mine"})).json()["id"]
    path = f"/v1/sessions/{session}/support"
    assert 404 == (await client.get(path, headers=await keys(Role.VIEWER, mine))).status_code
    assert 422 == (await client.get(path, params={"slow_seconds": "0"})).status_code
