"""What the reference model does with events of the audience, the show and the platforms' own figures.

In: an event, the records of its session. Out: changed records. Never here: orders, code of `app`.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.pipeline.reference_records import Happening, Reading, Story, Ticket
from tests.pipeline.reference_values import CloudEvent, milliseconds, minor, when

# Field of a sample → the KPI that it reports.
_AUDIENCE_TOTALS = {
    "concurrent": "concurrent_viewers",
    "viewers_total": "viewers",
    "views_total": "views",
    "impressions_total": "impressions",
    "likes_total": "likes",
    "comments_total": "comments",
    "shares_total": "shares",
    "followers_total": "new_followers",
    "average_watch_seconds": "average_watch_ms",
    "orders_total": "orders",
    "buyers_total": "buyers",
    "units_total": "units_sold",
    "gmv_total": "gmv",
    "replay_views_total": "replay_views",
    "product_viewers_total": "product_viewers",
    "clickers_total": "clickers",
}
_PRODUCT_TOTALS = {
    "impressions_total": "impressions",
    "clicks_total": "product_clicks",
    "buyers_total": "buyers",
    "orders_total": "orders",
    "units_total": "units_sold",
    "gmv_total": "gmv",
    "stock": "stock",
    "viewers_total": "product_viewers",
    "clickers_total": "clickers",
}


_NO_FIGURES = {"live.order.settled", "live.funds.moved"}
"""Events that stand in the log alone, for the statement."""


def method_of(event_type: str) -> str:
    """Return the name of the method that applies events of a type; a type without one has no answer."""
    return "_" + event_type.removeprefix("live.").replace(".", "_")


class EventTeller:
    """Applies one event after all earlier ones, unless it is about an order."""

    def __init__(self, story: Story, event: CloudEvent, seen: set[tuple[object, ...]]) -> None:
        self.story, self.event, self.seen = story, event, seen
        self.show = story.show
        self.data: Mapping[str, Any] = event.get("data", {})
        platforms = set(self.show.rooms.values())
        named = event["subject"] != self.show.id
        # Events addressed to the session itself are of its only platform, or of none.
        only = next(iter(platforms)) if len(platforms) == 1 else "direct"
        self.platform = self.show.rooms[event["subject"]] if named else only
        self.room = event["subject"].partition(":")[2] if named else ""
        self.at = when(event)
        if event["type"] not in _NO_FIGURES:
            story.platforms.add(self.platform)

    def tell(self) -> None:
        """Apply the event by its type."""
        getattr(self, method_of(self.event["type"]))()

    def count(self, what: str, amount: int = 1, product: str = "", **more: Any) -> None:
        """Record an occurrence."""
        self.story.happenings.append(Happening(what, self.platform, self.at, amount, product, **more))

    def read(self, what: str, value: int | None, of: str = "", room: str = "") -> None:
        """Record a reported figure, unless it is None."""
        if value is not None:
            self.story.readings.append(Reading(what, self.platform, self.at, value, of, room))

    def first(self, *member: object) -> bool:
        """Return True if no earlier event of this session names the member."""
        return self._first(self.show.id, *member)

    def _first(self, *member: object) -> bool:
        known = member in self.seen
        self.seen.add(member)
        return not known

    def product(self, code: str) -> str:
        """Return the merchant's code behind an alias."""
        return self.show.aliases.get(code, code)

    def _session_started(self) -> None:
        self.story.starts.append(self.at)
        self.read("broadcast", 1, self.room)

    def _session_ended(self) -> None:
        self.story.ends.append(self.at)
        self.read("broadcast", 0, self.room)

    def _host_changed(self) -> None:
        self.story.marks.append((self.at, "host", self.data["host"], None, None))

    def _mark_set(self) -> None:
        until = self.data.get("until")
        ends = None if until is None or datetime.fromisoformat(until) <= self.at else datetime.fromisoformat(until)
        self.story.marks.append((self.at, "mark", self.data["label"], self.data.get("text") or None, ends))

    def _viewer_entered(self) -> None:
        self.count("views")
        self.story.moves.append((f"{self.platform} {self.data['viewer']}", self.at, False, None))
        if self.first("viewer", self.platform, self.data["viewer"]):
            more: dict[str, Any] = {name: self.data.get(name) for name in ("source", "fan_level", "paid")}
            self.count("viewers", who=(self.platform, self.data["viewer"]), **more)

    def _viewer_left(self) -> None:
        self.count("exits")
        self.story.moves.append((f"{self.platform} {self.data['viewer']}", self.at, True, self.data.get("watched_seconds")))
        if self.data.get("watched_seconds") is not None:
            self.count("watch_ms", milliseconds(self.data["watched_seconds"]))

    def _audience_sampled(self) -> None:
        for name, what in _AUDIENCE_TOTALS.items():
            self.read(what, self._figure(name), room=self.room)

    def _product_sampled(self) -> None:
        for name, what in _PRODUCT_TOTALS.items():
            # A room's own figures; the stock is the shop's.
            self.read(what, self._figure(name), self.product(self.data["product"]), "" if what == "stock" else self.room)

    def _figure(self, name: str) -> int | None:
        value = self.data.get(name)
        if value is None:
            return None
        if name == "gmv_total":
            return minor(value, self.show.digits)
        return milliseconds(value) if name == "average_watch_seconds" else int(value)

    def _comment_posted(self) -> None:
        self.count("comments")
        if self.first("commenter", self.platform, self.data["viewer"]):
            self.count("commenters")

    def _like_sent(self) -> None:
        self.count("likes", self.data.get("count", 1))

    def _share_sent(self) -> None:
        self.count("shares")

    def _follow_gained(self) -> None:
        if self.first("follower", self.platform, self.data["viewer"]):
            self.count("new_followers")

    def _gift_sent(self) -> None:
        self.count("gifts", self.data.get("count", 1))

    def _product_showcased(self) -> None:
        self.read("on_air", 1, self.product(self.data["product"]))

    def _product_withdrawn(self) -> None:
        self.read("on_air", 0, self.product(self.data["product"]))

    def _product_clicked(self) -> None:
        who, product = (self.platform, self.data.get("viewer")), self.product(self.data["product"])
        self.count("product_clicks", self.data.get("count", 1), product)
        self.count("clicks_with_clickers", self.data.get("count", 1))
        if self.data.get("viewer") is not None:
            if self.first("clickers", *who):
                self.count("clickers")
            if self.first("clicker of product", product, *who):
                self.count("clickers", product=product)

    def _product_displayed(self) -> None:
        self.count("product_impressions", self.data.get("count", 1), self.product(self.data["product"]))
        if self.data.get("viewer") is not None:
            who, product = (self.platform, self.data["viewer"]), self.product(self.data["product"])
            if self.first("product viewer", *who):
                self.count("product_viewers")
            if self.first("viewer of product", product, *who):
                self.count("product_viewers", product=product)

    def _source_sampled(self) -> None:
        paid = self.data.get("paid")
        for name in ("viewers_total", "orders_total", "buyers_total", "gmv_total"):
            of = f"{self.data['source']}|" + ("" if paid is None else f"|{int(paid)}")
            self.read(f"source_{name.removesuffix('_total')}", self._figure(name), of, self.room)

    def _ad_sampled(self) -> None:
        """A campaign has figures of its own in each currency; those in another one than the session's are kept in 10^-4."""
        currency = self.data.get("currency", self.show.currency)
        foreign = currency != self.show.currency
        digits = 4 if foreign else self.show.digits
        of = f"{self.data['campaign']}\n{currency}" if foreign else self.data["campaign"]
        self.read("ad_spend", minor(self.data["spend_total"], digits), of)
        if foreign:
            # The code as a number of base 26.
            self.read("ad_currency", int("".join("0123456789abcdefghijklmnop"[ord(sign) - 65] for sign in currency), 26), of)
        for name in ("gmv_total", "impressions_total", "clicks_total"):
            value = self.data.get(name)
            if name == "gmv_total" and value is not None:
                value = minor(value, digits)
            self.read(f"ad_{name.removesuffix('_total')}", value, of)

    def _benchmark_sampled(self) -> None:
        """A platform's own comparison changes no figure; its numbers are kept in millionths."""
        of = f"benchmark|{self.data['kpi']}|{self.data['indicator']}"
        for name in ("percentile", "value", "recent_percentile", "recent_value"):
            if (value := self.data.get(name)) is not None:
                self.read(f"benchmark_{name}", int(Decimal(str(value)) * 10**6), of, self.room)
        self.read("benchmark_minutes", self.data.get("recent_minutes"), of, self.room)

    def _stock_changed(self) -> None:
        self.read("stock", self.data["stock"], self.product(self.data["product"]))

    def _support_requested(self) -> None:
        ticket = self.story.tickets.setdefault((self.platform, self.data["ticket"]), Ticket())
        if ticket.asked is None:
            ticket.asked = self.at
            self.count("support_requests")

    def _support_answered(self) -> None:
        ticket = self.story.tickets.setdefault((self.platform, self.data["ticket"]), Ticket())
        if ticket.answered is None:
            ticket.answered = self.at
            given = self.data.get("response_seconds")
            ticket.given_ms = None if given is None else milliseconds(given)

    def _promotion_measured(self) -> None:
        for name in ("views_total", "engagements_total", "clicks_total"):
            self.read(f"promotion_{name}", self.data.get(name), self.data["promotion"])
