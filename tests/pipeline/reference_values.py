"""Values of events for the reference model: identities, times, amounts.

In: CloudEvents as dicts, amounts as text. Out: digests, moments, integers. Never here: what an event means, code of `app`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

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


def total_of(line: Mapping[str, Any]) -> str:
    """Return a line's total."""
    return line["amount"] if "amount" in line else str(Decimal(line["unit_price"]) * line["quantity"])


def sums(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the sum of each product's amounts."""
    found: dict[str, int] = {}
    for product, amount in lines:
        found[product] = found.get(product, 0) + amount
    return found
