"""Refunds of orders: single refunds, running totals, and which of the two stands.

In: refunds that events contribute, rows of the refunds table before and after a change. Out: what changes in the sums.
Never here: I/O.

Single refunds and running totals of one order describe the same money. The greater one counts: a total covers refunds that
never arrived as single ones, and single refunds cover what was refunded after the last total. Single refunds are counted when
they were made; what the total adds is counted at the time of the total.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class RefundKey(NamedTuple):
    """The key of a row."""

    session: UUID
    platform: str
    order: str
    key: str
    """A product's code; empty for the order as a whole."""


class RefundRow:
    """A row as far as a batch knows it; the merge is the one of `add_refunds` in order_facts.sql. Amounts in minor units."""

    __slots__ = ("first_at", "single", "singles", "total", "total_at", "total_key", "total_rank")

    def __init__(self) -> None:
        """Start with a row that states nothing."""
        self.singles = 0
        self.single = 0
        self.total: int | None = None
        self.total_rank = ""
        self.total_key = b""
        self.total_at: int | None = None
        self.first_at: int | None = None

    def add_single(self, amount: int, sign: int) -> None:
        """Add a single refund; `sign` -1 takes it back."""
        self.singles += sign
        self.single += sign * amount

    def add_total(self, total: int, at: int, rank: str, key: bytes) -> None:
        """Keep the newest running total."""
        if (rank, key) > (self.total_rank, self.total_key):
            self.total, self.total_at, self.total_rank, self.total_key = total, at, rank, key

    def note(self, at: int) -> None:
        """Keep the earliest moment at which money went back."""
        if self.first_at is None or at < self.first_at:
            self.first_at = at


class RefundState(NamedTuple):
    """What a row states, before or after a change."""

    single: int | None
    total: int | None
    total_at: datetime | None
    first_at: datetime | None

    @property
    def excess(self) -> int:
        """What the total adds to the single refunds."""
        return max(0, (self.total or 0) - (self.single or 0))

    @property
    def amount(self) -> int:
        """What was refunded."""
        return max(self.single or 0, self.total or 0)
