"""Telemetry of a busy session as events for the load and as rows for the bare insert.

In: a number. Out: events in the mix of a real session. Never here: the server's own code.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

START = datetime(2021, 9, 25, 5, 0, tzinfo=UTC)
SHOW_SECONDS = 8640
_TYPES = ("entered", "left", "comment", "like", "click", "sample", "order", "share", "stock")
_WEIGHTS = (150, 90, 200, 250, 250, 20, 10, 20, 10)


def events(first: int, count: int, total: int, subject: str, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield `count` of `total` events from number `first` on, in order of time."""
    random_ = random.Random(seed * 1_000_003 + first)
    for number in range(first, first + count):
        at = START + timedelta(seconds=number * SHOW_SECONDS / total, milliseconds=random_.randrange(900))
        kind = random_.choices(_TYPES, _WEIGHTS)[0]
        viewer = f"o9hHn5{random_.randrange(max(1, number // 5) + 1):018d}"
        product = f"knit-{random_.randrange(12):02d}"
        event_type, data = _payload(kind, number, viewer, product, random_)
        yield {
            "specversion": "1.0",
            "id": f"{seed}-{number:09d}",
            "source": "//tool.example/bench",
            "type": event_type,
            "subject": subject,
            "time": at.isoformat(),
            "data": data,
        }


def _payload(kind: str, number: int, viewer: str, product: str, random_: random.Random) -> tuple[str, dict[str, Any]]:
    entered = {"viewer": f"o9hHn5{number:018d}", "source": random_.choice(("fans", "search", "feed"))}
    amount = f"{random_.randrange(99, 1999)}.00"
    line = {"product": product, "quantity": 1, "amount": amount}
    order = {"order": f"3705{number:015d}", "buyer": viewer, "currency": "CNY", "amount": amount, "lines": [line]}
    found: dict[str, tuple[str, dict[str, Any]]] = {
        "entered": ("live.viewer.entered", entered | {"fan_level": random_.randrange(8)}),
        "left": ("live.viewer.left", {"viewer": viewer, "watched_seconds": random_.randrange(1200)}),
        "comment": ("live.comment.posted", {"viewer": viewer, "text": "多少钱"}),
        "like": ("live.like.sent", {"viewer": viewer, "count": random_.randrange(1, 9)}),
        "click": ("live.product.clicked", {"viewer": viewer, "product": product}),
        "sample": ("live.audience.sampled", {"concurrent": random_.randrange(900, 1300)}),
        "order": ("live.order.paid", order),
        "share": ("live.share.sent", {"viewer": viewer}),
        "stock": ("live.stock.changed", {"product": product, "stock": random_.randrange(80)}),
    }
    return found[kind]


def row(event: dict[str, Any], session: UUID, received_at: datetime) -> tuple[Any, ...]:
    """Return an event as the log's row."""
    platform, _, room = event["subject"].partition(":")
    key = blake2b(f"{event['source']}\0{event['id']}".encode(), digest_size=16).digest()
    return (
        session, key, event["id"], event["source"], event["type"], platform, room,
        datetime.fromisoformat(event["time"]), received_at, json.dumps(event["data"], ensure_ascii=False),
    )  # fmt: skip
