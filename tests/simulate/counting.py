"""An independent, naive count of a list of events."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import pytest

from app.simulate.scenario.scenario import Scenario

Event = dict[str, Any]


@dataclass
class Counted:
    """Figures from plain counting."""

    viewers: set[str] = field(default_factory=set)
    followers: set[str] = field(default_factory=set)
    buyers: set[str] = field(default_factory=set)
    watched: Decimal = Decimal(0)
    gmv: Decimal = Decimal(0)
    units: int = 0
    peak: int = 0
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    clicks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    product_buyers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    product_units: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    product_gmv: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    promotions: dict[str, tuple[int, int]] = field(default_factory=dict)
    by_platform: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def moment(event: Event) -> datetime:
    """Return an event's time."""
    return _read(event["time"])


# Tests ask for the times of the same hundred thousand events again and again.
_read = lru_cache(maxsize=1 << 18)(datetime.fromisoformat)


def of_type(events: list[Event], name: str) -> list[Event]:
    """Return the events of one type."""
    return [event for event in events if event["type"] == f"live.{name}"]


def count(events: list[Event]) -> Counted:
    """Count everything that a scenario fixes."""
    found = Counted()
    concurrent: dict[str, int] = defaultdict(int)
    for event in events:
        data, name = event["data"], event["type"].removeprefix("live.")
        found.counts[name] += data.get("count", 1)
        platform = event["subject"].split(":")[0]
        if name == "viewer.entered":
            found.viewers.add(data["viewer"])
            found.by_platform[platform].add(data["viewer"])
        elif name == "viewer.left":
            found.watched += Decimal(str(data["watched_seconds"]))
        elif name == "follow.gained":
            found.followers.add(data["viewer"])
        elif name == "audience.sampled" and "concurrent" in data:
            concurrent[platform] = max(concurrent[platform], data["concurrent"])
        elif name == "product.clicked":
            found.clicks[data["product"]] += data.get("count", 1)
        elif name == "promotion.measured":
            found.promotions[data["promotion"]] = (data["views_total"], data["engagements_total"])
        elif name == "order.paid":
            found.buyers.add(data["buyer"])
            found.gmv += Decimal(data["amount"])
            for line in data["lines"]:
                found.units += line["quantity"]
                found.product_buyers[line["product"]].add(data["buyer"])
                found.product_units[line["product"]] += line["quantity"]
                found.product_gmv[line["product"]] += Decimal(line["amount"])
    found.peak = sum(concurrent.values())
    return found


def hits_totals(scenario: Scenario, events: list[Event]) -> None:
    """Assert that a naive count of the events equals the scenario, figure by figure."""
    found = count(events)
    kpis = scenario.kpis
    assert kpis.viewers == len(found.viewers)
    assert kpis.buyers == len(found.buyers)
    assert kpis.units_sold == found.units
    assert Decimal(kpis.gmv) == found.gmv
    assert kpis.new_followers == len(found.followers) == found.counts["follow.gained"]
    assert kpis.comments == found.counts["comment.posted"]
    assert scenario.filled("views") == found.counts["viewer.entered"] == found.counts["viewer.left"]
    assert scenario.filled("likes") == found.counts["like.sent"]
    assert scenario.filled("shares") == found.counts["share.sent"]
    assert scenario.filled("gifts") == found.counts["gift.sent"]
    assert scenario.filled("orders") == found.counts["order.paid"]
    assert kpis.refunded_orders == found.counts["order.refunded"]
    assert scenario.watch_ms == int(found.watched * 1000)
    if kpis.peak_concurrent_viewers is not None:
        assert kpis.peak_concurrent_viewers == found.peak
    for product in scenario.products:
        assert scenario.clicks(product) == found.clicks[product.product]
        assert product.buyers == len(found.product_buyers[product.product])
        assert product.units == found.product_units[product.product]
        assert Decimal(product.gmv) == found.product_gmv[product.product]
    listed = {product.product for product in scenario.products}
    units, amount = scenario.remainder
    assert units == sum(n for code, n in found.product_units.items() if code not in listed)
    rest = sum((n for code, n in found.product_gmv.items() if code not in listed), Decimal(0))
    assert amount == rest.scaleb(scenario.digits)
    for promotion in scenario.promotions:
        assert (promotion.views, promotion.engagements) == found.promotions[promotion.url]


def acts_follow_entries(events: list[Event]) -> None:
    """Assert that every viewer who clicks, comments, follows, shares, asks or buys has entered before."""
    entered: set[str] = set()
    for event in events:
        who = event["data"].get("viewer") or event["data"].get("buyer")
        if event["type"] == "live.viewer.entered":
            entered.add(event["data"]["viewer"])
        elif who is not None:
            assert who in entered, event


def exits_follow_entries(events: list[Event]) -> None:
    """Assert that the watched time of a visit is the time between entering and leaving; no viewer is in the room twice."""
    inside: dict[str, datetime] = {}
    for event in events:
        viewer = event["data"].get("viewer")
        if event["type"] == "live.viewer.entered":
            assert viewer not in inside
            inside[viewer] = moment(event)
        elif event["type"] == "live.viewer.left":
            stayed = moment(event) - inside.pop(viewer)
            assert event["data"]["watched_seconds"] == pytest.approx(stayed.total_seconds(), abs=1e-6)
    assert not inside
