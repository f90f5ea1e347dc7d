"""A large show as events: viewers of several traffic sources who come, look, click, buy and leave; hosts, coupons, ads.

In: a number of events. Out: events in order of time, the same ones in each run. Never here: the server's own code.

Its shares are those of a busy show: of a million events 120,000 viewers, of whom 30,000 buy, with 40,000 orders; 45 per cent are entries
and exits.
"""

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.bench.telemetry import SHOW_SECONDS, START

_SOURCES: tuple[dict[str, Any], ...] = (
    {"source": "fans"}, {"source": "search"}, {"source": "feed"}, {"source": "share"}, {"source": "ads", "paid": True}, {},
)  # fmt: skip
_WEIGHTS = {
    "entered": 250, "left": 200, "click": 200, "like": 140, "comment": 100, "displayed": 30, "order": 40, "sample": 12, "share": 10,
    "follow": 8, "refund": 3, "stock": 5, "ad": 1, "product": 1,
}  # fmt: skip
_PRODUCTS = 40
_VIEWERS = 0.12
"""Viewers per event so far."""
_KINDS, _SHARES = tuple(_WEIGHTS), tuple(_WEIGHTS.values())
Data = dict[str, Any]


def bodies(total: int, subject: str, batch: int) -> Iterator[bytes]:
    """Yield batches of the show's events as JSON."""
    found: list[dict[str, Any]] = []
    for event in events(total, subject):
        found.append(event)
        if len(found) == batch:
            yield json.dumps(found).encode()
            found = []
    if found:
        yield json.dumps(found).encode()


def events(total: int, subject: str) -> Iterator[dict[str, Any]]:
    """Yield the start, `total` events, what the desk does meanwhile, and the end."""
    random_ = random.Random(1)
    viewers = orders = 0
    desk = sorted(_desk(), key=lambda one: one[0])
    yield _event("start", 0, "session.started", {}, subject)
    for number in range(total):
        second = number * SHOW_SECONDS / total
        while desk and desk[0][0] <= second:
            at, kind, data = desk.pop(0)
            yield _event(f"desk-{at}-{kind}", at, kind, data, subject)
        kind = random_.choices(_KINDS, _SHARES)[0]
        viewer = random_.randrange(viewers) if viewers else 0
        if not viewers or (kind == "entered" and viewers < _VIEWERS * number):
            kind, viewer, viewers = "entered", viewers, viewers + 1
        # A quarter of the viewers buy, and a quarter of the orders are of earlier buyers.
        orders += kind == "order"
        buyer = min(4 * (orders * 3 // 4), 4 * ((viewers - 1) // 4))
        name, data = _payload(kind, viewer, buyer, orders, number, random_)
        yield _event(f"{number:09d}", second, name, data, subject)
    yield _event("end", SHOW_SECONDS, "session.ended", {}, subject)


def _desk() -> Iterator[tuple[float, str, Data]]:
    """Yield hosts by the half hour, a coupon or a giveaway by the quarter of an hour, what is on air by three minutes."""
    for number, at in enumerate(range(0, SHOW_SECONDS, 1800)):
        yield at, "host.changed", {"host": ("小林", "王", "李")[number % 3]}
    for number, at in enumerate(range(600, SHOW_SECONDS - 600, 900)):
        until = (START + timedelta(seconds=at + 300)).isoformat()
        yield at + 0.5, "mark.set", {"label": ("coupon", "giveaway", "speech")[number % 3], "until": until}
    for number, at in enumerate(range(30, SHOW_SECONDS - 180, 180)):
        yield at, "product.showcased", {"product": _code(number)}
        yield at + 170, "product.withdrawn", {"product": _code(number)}


def _code(number: int) -> str:
    return f"knit-{number % _PRODUCTS:02d}"


def _viewer(number: int) -> str:
    return f"o9hHn5{number:018d}"


def _event(number: str, second: float, kind: str, data: Data, subject: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": number,
        "source": "//tool.example/show",
        "type": f"live.{kind}",
        "subject": subject,
        "time": (START + timedelta(seconds=second)).isoformat(),
        "data": data,
    }


def _payload(kind: str, viewer: int, buyer: int, orders: int, number: int, random_: random.Random) -> tuple[str, Data]:
    index = random_.randrange(_PRODUCTS)
    who, product = {"viewer": _viewer(viewer)}, {"product": _code(index)}
    # Every other product sells out before the end.
    left = max(0, (900, 2000)[index % 2] - orders // _PRODUCTS)
    amount = f"{random_.randrange(99, 1999)}.00"
    order = f"3705{orders:015d}"
    lines = [product | {"quantity": 1, "amount": amount}]
    found: dict[str, tuple[str, Data]] = {
        "entered": ("viewer.entered", who | _SOURCES[viewer % len(_SOURCES)] | {"fan_level": viewer % 8}),
        "left": ("viewer.left", who | {"watched_seconds": random_.randrange(1200)}),
        "click": ("product.clicked", who | product),
        "displayed": ("product.displayed", who | product),
        "like": ("like.sent", who | {"count": random_.randrange(1, 9)}),
        "comment": ("comment.posted", who | {"text": "多少钱"}),
        "follow": ("follow.gained", who),
        "share": ("share.sent", who),
        "order": (
            "order.paid",
            {"order": order, "buyer": _viewer(buyer), "currency": "CNY", "amount": amount, "lines": lines},
        ),
        "refund": ("order.refunded", {"order": order, "amount": "99.00"}),
        "stock": ("stock.changed", product | {"stock": left}),
        "ad": ("ad.sampled", {"campaign": f"campaign {number % 3}", "spend_total": f"{number // 100}.00"}),
        "product": ("product.sampled", product | {"impressions_total": number}),
        "sample": ("audience.sampled", {"concurrent": random_.randrange(900, 13000), "impressions_total": 5 * number}),
    }
    return found[kind]
