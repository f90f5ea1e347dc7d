"""Unlinking: which order of a forgotten person counts what, so that no figure changes.

In: the events that name the person, and which of them own what is counted. Out: a pseudonym per order, and what the order
leaves to others. Never here: I/O.

A person who is counted once (as a buyer of a session, of a product, of a month, as a customer of the brand) is counted by one of
their orders: the one whose event owns the count. With a pseudonym of its own each other order would count a person more.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.events.contributions import CUSTOMER

BUYER = "buyer"
MONTH = "month"
PRODUCT = "product:"

Order = tuple[UUID, str, str]
"""Session, platform, order number."""
Owner = tuple[UUID, bytes]
"""Session and key of an event."""


class NamingEvent(NamedTuple):
    """An event that names the person as its buyer."""

    order: Order
    key: bytes
    paid: bool
    at: datetime
    products: frozenset[str]
    """Codes of the products that were sold, without free gifts."""

    def rank(self) -> tuple[bool, datetime, bytes]:
        """Return its place among events without an owner: paid orders first, then the earliest."""
        return (not self.paid, self.at, self.key)


class PaidOrder(NamedTuple):
    """A paid order and the month of its payment."""

    order: Order
    month: str
    paid_at: datetime


class ForgottenOrder(NamedTuple):
    """What is left of the person in one of their orders."""

    buyer: str
    """The pseudonym that the person has in this order alone."""
    elsewhere: frozenset[str]
    """What another order of the person counts: names of sets, `product:` and a code for a product's buyers."""


def unlinked(
    events: Sequence[NamingEvent], orders: Sequence[PaidOrder], owners: Mapping[tuple[UUID, str], bytes], first: Owner | None
) -> dict[Order, ForgottenOrder]:
    """Return a new pseudonym for each order, and what other orders count.

    `owners` are the keys of the events that own a session's `buyer` and `product:CODE`; `first` is the event of the person's
    first purchase from the brand.
    """
    elsewhere: dict[Order, set[str]] = {event.order: set() for event in events}
    elsewhere.update({paid.order: set() for paid in orders if paid.order not in elsewhere})
    for session in {event.order[0] for event in events}:
        own = [event for event in events if event.order[0] == session]
        _leave_to_one(elsewhere, BUYER, own, owners.get((session, BUYER)))
        for name in sorted({f"{PRODUCT}{product}" for event in own for product in event.products}):
            selling = [event for event in own if name.removeprefix(PRODUCT) in event.products]
            _leave_to_one(elsewhere, name, selling, owners.get((session, name)))
    _leave_to_one(elsewhere, CUSTOMER, events, None if first is None else first[1], None if first is None else first[0])
    _leave_months(elsewhere, orders)
    return {order: ForgottenOrder(secrets.token_hex(16), frozenset(names)) for order, names in elsewhere.items()}


def _leave_to_one(
    elsewhere: dict[Order, set[str]], name: str, events: Iterable[NamingEvent], owner: bytes | None, session: UUID | None = None
) -> None:
    """Let the order of the owning event count, or else the first one, and no other."""
    candidates = sorted(events, key=NamingEvent.rank)
    if not candidates:
        return
    counting = next(
        (event for event in candidates if event.key == owner and session in {None, event.order[0]}), candidates[0]
    ).order
    for event in candidates:
        if event.order != counting:
            elsewhere[event.order].add(name)


def _leave_months(elsewhere: dict[Order, set[str]], orders: Sequence[PaidOrder]) -> None:
    """Let one order of each month count the person in it: that of the first purchase if it is one of them."""
    by_month: dict[str, list[PaidOrder]] = {}
    for paid in sorted(orders, key=lambda paid: (paid.paid_at, paid.order)):
        by_month.setdefault(paid.month, []).append(paid)
    for same in by_month.values():
        counting = next((paid for paid in same if CUSTOMER not in elsewhere[paid.order]), same[0])
        for paid in same:
            if paid is not counting:
                elsewhere[paid.order].add(MONTH)
