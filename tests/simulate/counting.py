"""An independent count of a list of events, written as naively as possible."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

Event = dict[str, Any]


@dataclass
class Counted:
    """What plain counting finds."""

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
    return datetime.fromisoformat(event["time"])


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
