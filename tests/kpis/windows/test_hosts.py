"""Hosts: shifts tile the broadcast, and with the remainder they add up to the session."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st

from app.kpis.windows.hosts import windows_of
from app.storage.kpis.hosts import HostChange
from tests.kpis.event_builders import NewSession, Read, Send

BEGIN = datetime(2021, 9, 25, 5, 0, tzinfo=UTC)
END = BEGIN + timedelta(hours=1)
_moments = st.integers(-120, 3_720).map(lambda second: BEGIN + timedelta(seconds=second))
_hosts = st.sampled_from(("小林", "王", "Kim"))
_changes = st.lists(st.builds(HostChange, _moments, _hosts), max_size=12).map(lambda found: sorted(found, key=lambda one: one.at))


@given(st.none() | _hosts, _changes)
def test_shifts_tile_the_broadcast(planned: str | None, changes: list[HostChange]) -> None:
    """No gap, no overlap, no two neighbours with one host; at each moment the host is the last one named."""
    windows = windows_of(planned, changes, BEGIN, END)
    assert (BEGIN, END) == (windows[0].begin, windows[-1].end)
    assert all(one.end == after.begin and one.host != after.host for one, after in pairwise(windows))
    for window in windows:
        for moment in (window.begin, window.end - timedelta(microseconds=1)):
            named = [change.host for change in changes if change.at <= moment]
            assert window.host == (named[-1] if named else planned)


def paid(order: str, amount: str) -> dict[str, Any]:
    """Return an order of one line."""
    line = {"product": "knit-01", "quantity": 1, "amount": amount}
    return {"order": order, "buyer": f"b-{order}", "currency": "CNY", "amount": amount, "lines": [line]}


async def test_shifts_and_the_remainder_add_up_to_the_session(new_session: NewSession, send: Send, read: Read) -> None:
    """Orders stand at their earliest payment; a refund takes nothing off; what is paid after the end is the remainder."""
    session = await new_session(host="小林")
    await send(
        session,
        ("order.paid", -30, paid("early", "1.01")),
        ("session.started", 0, {}),
        ("audience.sampled", 0, {"concurrent": 10}),
        ("host.changed", 600, {"host": "王"}),
        ("audience.sampled", 660, {"concurrent": 40}),
        ("host.changed", 600, {"host": "王"}),
        ("order.paid", 599, paid("1", "100.10")),
        ("order.paid", 600, paid("2", "200.20")),
        ("order.paid", 1900, paid("2", "200.20")),
        ("host.changed", 1800, {"host": "小林"}),
        ("order.paid", 1801, paid("3", "0.03")),
        ("order.refunded", 1802, {"order": "3", "amount": "0.03"}),
        ("session.ended", 3600, {}),
        ("order.paid", 3600, paid("late", "50.00")),
    )
    document = await read(session, "hosts")
    assert [("小林", 10, 1, "100.10"), ("王", 20, 1, "200.20"), ("小林", 30, 1, "0.03")] == [
        (one["host"], one["minutes"], one["orders"], one["gmv"]) for one in document["windows"]
    ]
    assert ["10.01", "10.01", "0.00"] == [one["gmv_per_minute"] for one in document["windows"]]
    assert [(10, 10), (10, 40), (40, 40)] == [(one["viewers_at_start"], one["viewers_at_end"]) for one in document["windows"]]
    assert [("小林", 40, 2, "100.13"), ("王", 20, 1, "200.20")] == [
        (one["host"], one["minutes"], one["orders"], one["gmv"]) for one in document["hosts"]
    ]
    assert {"orders": 2, "gmv": "51.01"} == document["remainder"]
    total = (await read(session, "kpis"))["kpis"]
    assert {"orders": total["orders"]["value"], "gmv": total["gmv"]["value"]} == document["total"]
    parts = [one["gmv"] for one in (*document["windows"], document["remainder"])]
    assert Decimal(total["gmv"]["value"]) == sum(map(Decimal, parts))


async def test_before_the_start_there_are_no_shifts(new_session: NewSession, send: Send, read: Read) -> None:
    """And without orders nothing is said of money."""
    session = await new_session(host="小林")
    await send(session, ("host.changed", 5, {"host": "王"}))
    document = await read(session, "hosts")
    assert ([], []) == (document["windows"], document["hosts"])
    assert {"orders": None, "gmv": None} == document["remainder"] == document["total"]
    await send(session, ("session.started", 10, {}), ("audience.sampled", 70, {"concurrent": 3}))
    (window,) = (await read(session, "hosts"))["windows"]
    assert ("王", True, None) == (window["host"], window["on_duty"], window["gmv"])
