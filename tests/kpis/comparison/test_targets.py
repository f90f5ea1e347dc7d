"""Targets: the pace is exact and never falls, and the state of a figure is what its target and its pace say."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st

from app.catalogue.access import Role
from app.kpis.comparison.targets import (
    COURSES,
    LIMITS,
    STEPS,
    History,
    SessionTargets,
    State,
    behind_since,
    course_of,
    target_figures,
    timing_of,
)
from app.kpis.evaluation.evaluate import evaluate
from app.kpis.evaluation.metrics import METRICS
from tests.conftest import KeyMaker
from tests.kpis.event_builders import START, Answer, Event, NewSession, Read, Send, figures_of, paid

PLAN: Answer = {"title": "t", "currency": "CNY"}
progress = st.fractions(0, 1, max_denominator=10_000)
steps = st.lists(st.integers(0, 50), min_size=STEPS + 1, max_size=STEPS + 1)


@given(st.lists(steps, min_size=1, max_size=4).filter(lambda found: any(map(any, found))), progress, progress)
def test_a_course_never_falls_and_is_exact_at_its_points(gained: Sequence[Sequence[int]], one: Fraction, other: Fraction) -> None:
    """It is the sum over sessions divided by their sum, ends at 1, and its inverse is the first moment of a share."""
    course = course_of(gained)
    assert course is not None
    early, late = sorted((one, other))
    assert 0 <= course.share(early) <= course.share(late) <= course.share(Fraction(1)) == 1
    step = int(one * STEPS)
    whole = sum(map(sum, gained))
    assert Fraction(sum(sum(found[: step + 1]) for found in gained), whole) == course.share(Fraction(step, STEPS))
    share = course.share(one)
    first = course.first(share)
    assert first <= one
    assert share == course.share(first) or first == 0


@given(
    st.integers(1, 1440), st.integers(0, 86_400), st.integers(0, 86_400), st.integers(0, 10**9), st.integers(0, 10**9),
    st.none() | steps,
)  # fmt: skip
def test_the_pace_of_a_sum_never_falls_and_ends_at_the_target(
    minutes: int, one: int, other: int, target: int, value: int, gained: Sequence[int] | None
) -> None:
    """Linear: target × time ÷ planned time, to the fraction. A figure is behind exactly while it is less than its pace."""
    targets = SessionTargets({"viewers": target}, minutes, shared=False)
    course = course_of([gained]) if gained else None
    history = History(None, {"viewers": course} if course else {})
    paces = []
    for seconds in sorted((one, other)):
        figures = figures_of({"w": {"viewers": value}}, {}, seconds, live=True)
        evaluation = evaluate(figures, START + timedelta(seconds=seconds))
        (found,) = target_figures(evaluation, targets, history)
        timing = timing_of(evaluation, targets, history)
        assert found.pace is not None
        if course is None:
            assert target * min(Fraction(seconds, minutes * 60), Fraction(1)) == found.pace
        assert (value < found.pace) == (behind_since(found, timing, Fraction(1)) is not None)
        assert (value < found.pace) == (found.state is State.BEHIND)
        since = behind_since(found, timing, Fraction(1))
        if since is not None:
            assert timedelta(0) <= since <= timedelta(seconds=seconds)
        paces.append(found.pace)
    assert 0 <= paces[0] <= paces[1] <= target


def test_every_kpi_has_one_way_to_be_measured() -> None:
    """It grows, or it has a limit, or its pace is the target itself; what has a limit does not grow towards it."""
    slugs = {metric.slug for metric in METRICS}
    assert LIMITS | COURSES.keys() <= slugs
    assert not LIMITS & COURSES.keys()
    assert {"gmv", "viewers", "orders", "net_gmv", "new_followers"} <= COURSES.keys()
    assert {"conversion_rate", "average_watch_seconds", "gmv_per_hour"} <= slugs - COURSES.keys() - LIMITS


async def put_targets(client: httpx.AsyncClient, session: str, targets: Answer, **more: Any) -> None:
    """Give a session targets."""
    plan = PLAN | {"streams": [{"platform": "wechat", "room": "room"}], "targets": targets} | more
    answer = await client.put(f"/v1/sessions/{session}/plan", json=plan, headers={"If-Match": "*"})
    assert 200 == answer.status_code, answer.text


async def test_without_history_the_pace_is_linear_over_the_planned_time(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """Amounts are exact; a ratio is compared with the target itself; costs have an upper limit; after the end nothing is due."""
    session = await new_session()
    await put_targets(
        client, session,
        {"gmv": "1000.00", "viewers": 10, "peak_concurrent_viewers": 50, "conversion_rate": 0.5, "refunded_orders": 0, "likes": 5},
        planned_minutes=60,
    )  # fmt: skip
    before = await read(session, "targets")
    assert (None, {"seconds": 3600, "basis": "planned"}) == (before["progress"], before["length"])
    assert {None} == {one["pace"] for one in before["targets"]}
    await send(
        session,
        ("session.started", 0, {}),
        *((("viewer.entered", 10, {"viewer": f"v{number}"})) for number in range(3)),
        paid(60, "a", "b1", ("knit-01", 1, "333.34")),
        ("order.refunded", 70, {"order": "a", "amount": "1.00"}),
        ("audience.sampled", 1200, {"concurrent": 60}),
    )
    document = await read(session, "targets")
    found = {one["kpi"]: one for one in document["targets"]}
    assert 0.333333 == document["progress"]
    assert ("333.34", "333.33", "on_pace", "linear") == tuple(
        found["gmv"][name] for name in ("value", "pace", "state", "pace_basis")
    )
    assert (3, 3.333333, "behind", 0.3) == tuple(found["viewers"][name] for name in ("value", "pace", "state", "attained"))
    assert (60, None, "reached") == tuple(found["peak_concurrent_viewers"][name] for name in ("value", "pace", "state"))
    assert (0.333333, 0.5, "behind", "target") == tuple(
        found["conversion_rate"][name] for name in ("value", "pace", "state", "pace_basis")
    )
    assert (1, "exceeded", "at_most") == tuple(found["refunded_orders"][name] for name in ("value", "state", "bound"))
    assert (None, "unknown", "absent") == tuple(found["likes"][name] for name in ("value", "state", "basis"))
    await send(session, ("session.ended", 1500, {}))
    over = {one["kpi"]: one for one in (await read(session, "targets"))["targets"]}
    assert ("1000.00", "missed") == (over["gmv"]["pace"], over["gmv"]["state"])
    assert "reached" == over["peak_concurrent_viewers"]["state"]


async def test_earlier_sessions_give_the_pace_its_course_and_the_session_its_length(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """What they had together at this point of their time ÷ what they had at their end; sessions in another currency have no part."""
    day = -86_400
    for number, (length, early, late) in enumerate(((3600, "300.00", "100.00"), (7200, "100.00", "500.00")), 1):
        begin = number * day
        room = f"earlier-{number}"
        earlier = await new_session(streams=[{"platform": "wechat", "room": room}])
        await send(
            earlier,
            ("session.started", begin, {}),
            paid(begin + 60, f"{number}-1", "b1", ("knit-01", 1, early)),
            # The last minute of its first half, and the first of its second.
            paid(begin + length // 2 + 60, f"{number}-2", "b2", ("knit-01", 1, late)),
            ("audience.sampled", begin + 60, {"viewers_total": 10}),
            ("audience.sampled", begin + length - 120, {"viewers_total": 40}),
            ("session.ended", begin + length, {}),
            paid(begin + length + 600, f"{number}-3", "b3", ("knit-01", 1, "999.00")),
        )
    other = await new_session(currency="JPY", streams=[{"platform": "wechat", "room": "yen"}])
    await send(other, ("session.started", 3 * day, {}), ("session.ended", 3 * day + 60, {}))
    session = await new_session()
    await put_targets(client, session, {"gmv": "2000.00", "viewers": 800, "comments": 60})
    await send(session, ("session.started", 0, {}), paid(60, "a", "b1", ("knit-01", 1, "5.00")))
    await send(session, ("like.sent", 60, {}), ("audience.sampled", 1800, {"concurrent": 5}))
    document = await read(session, "targets")
    # The median of one minute, one hour and two hours.
    assert ({"seconds": 3600, "basis": "history"}, 0.5) == (document["length"], document["progress"])
    found = {one["kpi"]: one for one in document["targets"]}
    assert ("800.00", "history", 2, "behind") == tuple(found["gmv"][name] for name in ("pace", "pace_basis", "sessions", "state"))
    assert (200, "history", 2) == tuple(found["viewers"][name] for name in ("pace", "pace_basis", "sessions"))
    assert (30, "linear", 0) == tuple(found["comments"][name] for name in ("pace", "pace_basis", "sessions"))
    await put_targets(client, session, {"gmv": "2000.00"}, planned_minutes=30)
    assert "2000.00" == (await read(session, "targets"))["targets"][0]["pace"]


@pytest.mark.parametrize("shared", [False, True])
async def test_a_brand_sees_targets_that_are_shared_and_no_alert_of_them(
    client: httpx.AsyncClient, keys: KeyMaker, new_session: NewSession, send: Send, shared: bool
) -> None:
    """The agency's own readers see both; the plan says whether a brand sees them."""
    session = await new_session()
    await put_targets(client, session, {"viewers": 100}, planned_minutes=60, targets_shared=shared)
    await send(session, ("session.started", 0, {}), ("viewer.entered", 1, {"viewer": "v"}), ("like.sent", 1800, {}))
    brand = (await client.get("/v1/brands/maison-k")).json()["id"]
    for headers, client_reads in ((await keys(Role.VIEWER, brand), True), (await keys(Role.VIEWER), False)):
        document = (await client.get(f"/v1/sessions/{session}/targets", headers=headers)).json()
        assert (["viewers"] if shared or not client_reads else []) == [one["kpi"] for one in document["targets"]]
        alerts = (await client.get(f"/v1/sessions/{session}/alerts", headers=headers)).json()["alerts"]
        assert ("behind_target" in {one["code"] for one in alerts}) is not client_reads


async def test_a_void_and_the_order_of_arrival_change_a_target_figure_as_they_change_the_figure(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """A target is compared with the figure of the KPI document, whichever way that came about."""
    events: list[Event] = [
        ("session.started", 0, {}), paid(60, "a", "b1", ("knit-01", 1, "10.00")), paid(90, "b", "b2", ("knit-01", 2, "7.30")),
        ("order.refunded", 95, {"order": "b", "amount": "7.30"}), ("audience.sampled", 600, {"concurrent": 3}),
    ]  # fmt: skip
    documents = []
    for number, order in enumerate((events, events[::-1])):
        session = await new_session(brand=f"brand-{number}", streams=[{"platform": "wechat", "room": f"r-{number}"}])
        await put_targets(client, session, {"gmv": "100.00", "net_gmv": "90.00"}, planned_minutes=60, streams=[])
        for event in order:
            await send(session, event)
        documents.append(await read(session, "targets"))
    assert documents[0]["targets"] == documents[1]["targets"]
    log = (await client.get("/v1/events", params={"session": session, "type": "live.order.paid"})).json()["events"]
    paid_b = next(one for one in log if one["data"]["order"] == "b")
    void = {"source": paid_b["source"], "event": paid_b["id"], "reason": "test"}
    assert 200 == (await client.post(f"/v1/sessions/{session}/voids", json=void)).status_code
    figures = {one["kpi"]: one["value"] for one in (await read(session, "targets"))["targets"]}
    kpis = (await read(session, "kpis"))["kpis"]
    assert {slug: kpis[slug]["value"] for slug in figures} == figures
    assert "10.00" == figures["gmv"]
