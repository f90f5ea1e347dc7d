from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import islice
from typing import Any

import pytest
from pydantic_core import to_json

from app.events.envelope import EVENTS
from app.events.reader import read_many
from app.simulate.generation.generator import generate, minutes
from app.simulate.scenario.library import load
from app.simulate.scenario.scenario import Scenario
from tests.simulate.counting import (
    Event,
    acts_follow_entries,
    count,
    exits_follow_entries,
    hits_totals,
    moment,
    of_type,
)

SHEET = "2021-09-25"


@cache
def played_minutes(name: str) -> list[list[Event]]:
    """Return the events of a built-in scenario by minutes; to make them takes seconds."""
    return list(minutes(load(name), 7))


@cache
def played(name: str) -> list[Event]:
    """Return the events of a built-in scenario."""
    return [event for minute in played_minutes(name) for event in minute]


@pytest.fixture(scope="module", params=[SHEET, "two-platforms"])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    """Each of the built-in scenarios."""
    return load(request.param)


@pytest.fixture(scope="module")
def events(scenario: Scenario) -> list[Event]:
    """Its events."""
    return played(scenario.name)


def test_the_events_hit_every_total_of_the_scenario(scenario: Scenario, events: list[Event]) -> None:
    """A naive count of the events equals the scenario's totals, to the cent."""
    hits_totals(scenario, events)


def test_the_sheet_of_2021_09_25_comes_out_in_its_own_figures() -> None:
    """The events add up to the sheet's figures, which are repeated here."""
    found = count(played(SHEET))
    assert (18052, 190, 363, 1280) == (len(found.viewers), len(found.buyers), found.units, found.peak)
    assert Decimal("481888.00") == found.gmv
    assert (76, 938) == (len(found.followers), found.counts["comment.posted"])
    assert Decimal("10.57") == (found.watched / len(found.viewers) / 60).quantize(Decimal("0.01"), ROUND_HALF_UP)
    rows = {
        code: (found.clicks[code], len(found.product_buyers[code]), found.product_units[code], str(found.product_gmv[code]))
        for code in ("knit-01", "pants-02", "skirt-03")
    }
    assert rows == {
        "knit-01": (4171, 51, 53, "55977.23"),
        "pants-02": (2657, 49, 51, "57000.33"),
        "skirt-03": (3532, 41, 43, "67967.00"),
    }
    assert 166211 == sum(views for views, _ in found.promotions.values())


def test_every_event_is_valid(events: list[Event]) -> None:
    """The server's reader takes all of them, its event model, of which that is made, each tenth; no identity occurs twice."""
    read = read_many(to_json(events))
    assert read is not None
    assert len(events) == len(read)
    assert len(events[::10]) == len(EVENTS.validate_json(to_json(events[::10])))
    assert len(events) == len({(event["source"], event["id"]) for event in events})


def test_minutes_come_in_order_and_another_seed_gives_others(scenario: Scenario, events: list[Event]) -> None:
    """Events are sorted by time also across minutes. Another seed gives other events."""
    chunks = played_minutes(scenario.name)
    assert events == sorted(events, key=lambda event: event["time"])
    assert scenario.duration_ms // 60_000 <= len(chunks) <= scenario.duration_ms // 60_000 + 2
    for chunk, other in zip(chunks, islice(minutes(scenario, 8), 5), strict=False):
        assert [event["data"] for event in chunk] != [event["data"] for event in other]


def test_another_start_and_other_rooms_change_nothing_else(scenario: Scenario, events: list[Event]) -> None:
    """Made at once and not by minutes, a moved session of the same seed has the same events, at the same distance from its start."""
    start = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    moved = generate(scenario, 7, in_rooms=dict.fromkeys(scenario.platforms, "elsewhere"), starts_at=start)
    apart = ("subject", "time")
    for old, new in zip(events, moved, strict=True):
        assert old == new | {name: old[name] for name in apart}
    shift = start - scenario.session.starts_at
    assert all(moment(old) + shift == moment(new) for old, new in zip(events, moved, strict=True))
    assert {f"{platform}:elsewhere" for platform in scenario.platforms} == {event["subject"] for event in moved}


def test_viewers_act_while_they_are_there(events: list[Event]) -> None:
    """They enter before they act, and leave after the time that they watched."""
    acts_follow_entries(events)
    exits_follow_entries(events)


def test_orders_follow_clicks_and_are_paid_after_they_are_placed(events: list[Event]) -> None:
    """A buyer clicks each product of the line-up before ordering it; amounts are the sums of the lines."""
    clicked: set[tuple[str, str]] = set()
    placed: dict[str, Any] = {}
    for event in events:
        data = event["data"]
        if event["type"] == "live.product.clicked":
            clicked.add((data["viewer"], data["product"]))
        elif event["type"] == "live.order.placed":
            placed[data["order"]] = data
        elif event["type"] == "live.order.paid":
            assert data == placed[data["order"]]
            assert Decimal(data["amount"]) == sum(Decimal(line["amount"]) for line in data["lines"])
            assert all((data["buyer"], line["product"]) in clicked for line in data["lines"])


def test_early_arrivals_are_core_fans_exactly_rounded(scenario: Scenario, events: list[Event]) -> None:
    """In the first 20 minutes the share of arrivals of fan level 4 and above is the scenario's, to one viewer."""
    levels: dict[str, int] = {}
    until = scenario.session.starts_at + timedelta(minutes=20)
    for event in of_type(events, "viewer.entered"):
        if moment(event) < until:
            levels.setdefault(event["data"]["viewer"], event["data"]["fan_level"])
    expected = (scenario.audience.core_fan_share * len(levels)).quantize(Decimal(1), ROUND_HALF_UP)
    assert len(levels) > scenario.kpis.viewers // 10
    assert expected == sum(level >= 4 for level in levels.values())


def test_stock_falls_piece_by_piece_and_one_product_sells_out(scenario: Scenario, events: list[Event]) -> None:
    """Each stock report is the last one minus the paid units; one product reaches zero while clicks continue."""
    stock = {product.product: scenario.stock(product) for product in scenario.products}
    seen: dict[str, list[int]] = defaultdict(list)
    for event in of_type(events, "stock.changed"):
        seen[event["data"]["product"]].append(event["data"]["stock"])
    for product in scenario.products:
        assert stock[product.product] == seen[product.product][0]
        assert stock[product.product] - product.units == seen[product.product][-1]
        assert seen[product.product] == sorted(seen[product.product], reverse=True)
    (gone,) = (product.product for product in scenario.products if scenario.stock(product) == product.units)
    sold_out = next(e for e in of_type(events, "stock.changed") if e["data"] == {"product": gone, "stock": 0})
    assert 1 == len({e["subject"] for e in of_type(events, "stock.changed")}), "one stock, reported by one platform"
    after = [e for e in of_type(events, "product.clicked") if e["data"]["product"] == gone and moment(e) > moment(sold_out)]
    assert moment(sold_out) < scenario.session.starts_at + timedelta(milliseconds=scenario.duration_ms * 2 // 3)
    assert len(after) > scenario.clicks(next(p for p in scenario.products if p.product == gone)) // 20


def test_products_are_clicked_while_they_are_on_air(scenario: Scenario, events: list[Event]) -> None:
    """Windows lie on whole seconds and do not overlap; a minute on air brings several times the clicks of another."""
    for platform in scenario.platforms:
        on_air: str | None = None
        here = [event for event in events if event["subject"].startswith(f"{platform}:")]
        inside, outside = Counter[str](), Counter[str]()
        seconds: dict[str, float] = defaultdict(float)
        for event in here:
            product = event["data"].get("product")
            if event["type"] == "live.product.showcased":
                assert on_air is None
                on_air, seconds[product] = product, seconds[product] - moment(event).timestamp()
                assert 0 == moment(event).microsecond
            elif event["type"] == "live.product.withdrawn":
                assert product == on_air
                on_air, seconds[product] = None, seconds[product] + moment(event).timestamp()
                assert 0 == moment(event).microsecond
            elif event["type"] == "live.product.clicked":
                (inside if product == on_air else outside)[product] += 1
        for listed in scenario.products:
            share = seconds[listed.product] * 1000 / scenario.duration_ms
            assert inside[listed.product] / share > 2 * outside[listed.product] / (1 - share)


def test_a_stream_starts_first_and_ends_last(scenario: Scenario, events: list[Event]) -> None:
    """Each platform is on air for the scenario's duration, and its audience has left at the end."""
    for platform in scenario.platforms:
        here = [event for event in events if event["subject"].startswith(f"{platform}:")]
        (start,), (end,) = of_type(here, "session.started"), of_type(here, "session.ended")
        assert here[0] is start
        assert timedelta(milliseconds=scenario.duration_ms) == moment(end) - moment(start)
        late = {event["type"] for event in here[here.index(end) + 1 :]}
        assert late <= {
            "live.order.refunded", "live.order.shipped", "live.order.cancelled", "live.support.answered",
        }  # fmt: skip


def test_support_is_asked_and_sometimes_answered_slowly(scenario: Scenario, events: list[Event]) -> None:
    """Every ticket is answered, as many of them after more than three minutes as the scenario says."""
    asked = {event["data"]["ticket"]: moment(event) for event in of_type(events, "support.requested")}
    answers = {event["data"]["ticket"]: moment(event) for event in of_type(events, "support.answered")}
    assert scenario.support.requests == len(asked) == len(answers)
    slow = [ticket for ticket in asked if answers[ticket] - asked[ticket] > timedelta(seconds=180)]
    assert scenario.support.slow == len(slow)


def test_platforms_get_their_own_figures() -> None:
    """Stated figures of a platform are its own; viewers are divided by share."""
    events = played("two-platforms")
    comments = Counter(event["subject"].split(":")[0] for event in of_type(events, "comment.posted"))
    assert {"wechat": 2000, "weibo": 1200} == dict(comments)
    viewers = {name: len(found) for name, found in count(events).by_platform.items()}
    assert {"wechat": 19369, "weibo": 11871} == viewers
    sampled = [event["data"] for event in of_type(events, "audience.sampled") if "impressions_total" in event["data"]]
    assert 190_000 == sampled[-1]["impressions_total"] == max(data["impressions_total"] for data in sampled)


def test_all_platforms_peak_in_one_moment() -> None:
    """The highest sum of the platforms' samples is the scenario's peak."""
    sums: dict[str, int] = defaultdict(int)
    for event in of_type(played("two-platforms"), "audience.sampled"):
        sums[event["time"]] += event["data"].get("concurrent", 0)
    assert 2960 == max(sums.values())
