"""The reference model: applies the events of a session in order of time, each once.

In: CloudEvents as dicts. Out: plain records of a session. Never here: SQL, optimization, code of `app`.

It is written from the contract alone. An event counts once, by source and id. A contribution that counts once per viewer, order,
refund, ticket or customer belongs to the earliest event that names it; the event's digest decides a tie. In that order, the
earliest event is the first.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from tests.pipeline.reference_records import Happening, Order, Reading, Refunds, Show, Story, Ticket

CloudEvent = Mapping[str, Any]


def identity(event: CloudEvent) -> bytes:
    """Return the 16-byte digest of source and id."""
    return blake2b(f"{event['source']}\0{event['id']}".encode(), digest_size=16).digest()


def when(event: CloudEvent) -> datetime:
    """Return when an event happened."""
    return datetime.fromisoformat(event["time"])


def minor(amount: str, digits: int) -> int:
    """Return an amount in the currency's smallest unit."""
    return int(Decimal(amount).scaleb(digits))


def milliseconds(seconds: float) -> int:
    """Return seconds as milliseconds."""
    return round(seconds * 1000)


def tell(shows: Iterable[Show], events: Iterable[CloudEvent]) -> dict[str, Story]:
    """Return the records of each session; events of other rooms are ignored."""
    stories = {show.id: Story(show, platforms=set(show.rooms.values())) for show in shows}
    owners = {room: story for story in stories.values() for room in story.show.rooms}
    once = {(event["source"], event["id"]): event for event in events}
    seen: set[tuple[object, ...]] = set()
    in_order = []
    for event in once.values():
        story = stories.get(event["subject"]) or owners.get(event["subject"])
        if story is not None:
            # Of a start and an end at one moment, the end counts.
            in_order.append((when(event), event["type"] == "live.session.ended", identity(event), story.show.id, event))
    for *_, show, event in sorted(in_order, key=lambda entry: entry[:4]):
        _Teller(stories[show], event, seen).tell()
    for story in stories.values():
        _tell_refunds(story)
    return stories


def _tell_refunds(story: Story) -> None:
    """Of single refunds and the newest total, which tell of the same money, the greater one counts."""
    for (platform, order), refund in story.refunds.items():
        for key, (at, total) in refund.totals.items():
            excess = max(0, total - refund.singles.get(key, 0))
            story.happenings.append(Happening("refund_amount", platform, at, excess, key))
        amount = max(refund.singles.get("", 0), refund.totals.get("", (None, 0))[1])
        if amount:
            assert refund.first_at is not None
            story.happenings.append(Happening("refunded_orders", platform, refund.first_at, 1, ""))
        if (platform, order) in story.orders:
            story.orders[platform, order].refunded = amount


def total_of(line: Mapping[str, Any]) -> str:
    """Return a line's total."""
    return line["amount"] if "amount" in line else str(Decimal(line["unit_price"]) * line["quantity"])


def sums(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the sum of each product's amounts."""
    found: dict[str, int] = {}
    for product, amount in lines:
        found[product] = found.get(product, 0) + amount
    return found


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


class _Teller:
    """Applies one event after all earlier ones."""

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
        story.platforms.add(self.platform)

    def tell(self) -> None:
        """Apply the event by its type."""
        name = self.event["type"].removeprefix("live.").replace(".", "_")
        getattr(self, f"_{name}")()

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
        self.count("product_clicks", self.data.get("count", 1), self.product(self.data["product"]))
        if self.data.get("viewer") is not None and self.first("clickers", self.platform, self.data["viewer"]):
            self.count("clickers")

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
        currency = self.data.get("currency", self.show.currency)
        foreign = currency != self.show.currency
        digits = 4 if foreign else self.show.digits
        self.read("ad_spend", minor(self.data["spend_total"], digits), self.data["campaign"])
        if foreign:
            # The code as a number of base 26, right behind the amount that it belongs to.
            self.read(
                "ad_currency",
                int("".join("0123456789abcdefghijklmnop"[ord(sign) - 65] for sign in currency), 26),
                self.data["campaign"],
            )
        for name in ("gmv_total", "impressions_total", "clicks_total"):
            value = self.data.get(name)
            if name == "gmv_total" and value is not None:
                value = minor(value, digits)
            self.read(f"ad_{name.removesuffix('_total')}", value, self.data["campaign"])

    def _benchmark_sampled(self) -> None:
        """A platform's own comparison changes no figure; its numbers are kept in millionths."""
        of = f"benchmark|{self.data['kpi']}|{self.data['indicator']}"
        for name in ("percentile", "value", "recent_percentile", "recent_value"):
            if (value := self.data.get(name)) is not None:
                self.read(f"benchmark_{name}", int(Decimal(str(value)) * 10**6), of, self.room)
        self.read("benchmark_minutes", self.data.get("recent_minutes"), of, self.room)

    def _stock_changed(self) -> None:
        self.read("stock", self.data["stock"], self.product(self.data["product"]))

    def _order(self, moment: str) -> Order:
        order = self.story.orders.setdefault((self.platform, self.data["order"]), Order())
        order.moments.setdefault(moment, self.at)
        return order

    def _tell_order(self, moment: str) -> None:
        order = self._order(moment)
        # The earliest payment tells what an order holds; before any payment its earliest placement does.
        if not order.told_by or (moment == "paid" and order.told_by == "placed"):
            order.told_by = moment
            order.buyer, order.lines = self.data.get("buyer"), self.data["lines"]
            order.amount = minor(self.data["amount"], self.show.digits)

    def _order_placed(self) -> None:
        self._tell_order("placed")

    def _order_paid(self) -> None:
        self._tell_order("paid")
        sold = [line for line in self.data["lines"] if not line.get("gift")]
        self._count_buyer({self.product(line["product"]) for line in sold})
        if not self.first("paid", self.platform, self.data["order"]):
            return
        self.count("orders")
        self.count("gmv", minor(self.data["amount"], self.show.digits))
        self.count("units_sold", sum(line["quantity"] for line in sold))
        if len(sold) < len(self.data["lines"]):
            self.count("gift_units", sum(line["quantity"] for line in self.data["lines"] if line.get("gift")))
        for product in {self.product(line["product"]) for line in self.data["lines"]}:
            lines = [line for line in self.data["lines"] if self.product(line["product"]) == product]
            pieces = [line["quantity"] for line in lines if not line.get("gift")]
            if pieces:
                self.count("orders", product=product)
                self.count("units_sold", sum(pieces), product)
            amount = sum(minor(total_of(line), self.show.digits) for line in lines)
            # A free gift is no sale of its product.
            if pieces or amount:
                self.count("gmv", amount, product)

    def _count_buyer(self, bought: set[str]) -> None:
        if (name := self.data.get("buyer")) is not None:
            buyer = (self.platform, name)
            if self.first("buyer", *buyer):
                self.count("buyers", who=buyer)
            if self._first("customer", self.show.brand, *buyer):
                self.count("new_buyers")
            for product in bought:
                if self.first("product buyer", product, *buyer):
                    self.count("buyers", product=product)

    def _order_cancelled(self) -> None:
        self._order("cancelled")

    def _order_refunded(self) -> None:
        lines = [
            (self.product(line["product"]), minor(total_of(line), self.show.digits)) for line in self.data.get("lines") or ()
        ]
        single, total = (
            None if self.data.get(name) is None else minor(self.data[name], self.show.digits)
            for name in ("amount", "refunded_total")
        )
        refund = self.story.refunds.setdefault((self.platform, self.data["order"]), Refunds())
        if single or total:
            self._order("refunded")
            refund.first_at = refund.first_at or self.at
        if total is not None:
            for key, amount in [("", total), *sums(lines).items()]:
                refund.totals[key] = (self.at, amount)
        named = ("refund", self.data["refund"]) if "refund" in self.data else ("refund of order", self.data["order"])
        if single is not None and self.first(self.platform, *named):
            for key, amount in [("", single), *(() if total is not None else sums(lines).items())]:
                refund.singles[key] = refund.singles.get(key, 0) + amount
                self.count("refund_amount", amount, key)

    def _order_shipped(self) -> None:
        earlier = self.story.orders.get((self.platform, self.data["order"]))
        again = earlier is not None and "shipped" in earlier.moments
        order = self._order("shipped")
        carrier, tracking = self.data.get("carrier"), self.data.get("tracking")
        if not again:
            order.carrier, order.tracking = carrier, tracking
        if carrier is not None or tracking is not None:
            order.parcels.setdefault((carrier, tracking), self.at)

    def _order_delivered(self) -> None:
        self._order("delivered")

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
