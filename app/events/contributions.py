"""Contributions: the values that one event adds to the tables.

In: nothing. Out: values that the writer merges. Never here: I/O, clocks, SQL.

Every merge is commutative and idempotent, so arrival order, duplicates and retries change no figure. Counts add up. Samples keep
the latest and the highest value. A claim belongs to the earliest event that makes it. Spans and orders keep the earliest time of
each state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from msgspec import Struct

from app.events.fields import canonical_code


def digest(*parts: str) -> bytes:
    """Return a 16-byte digest of the parts, in order; NUL separates them, since no field may contain it."""
    return blake2b("\0".join(parts).encode(), digest_size=16).digest()


class Count(NamedTuple):
    """Adds `value` to a metric, for the whole session and for the minute."""

    metric: str
    value: int
    key: str = ""
    """Empty for the session's own figure, else a product's code or another dimension's value."""
    by_second: bool = False
    """True: also counted per second, for windows that do not begin on a full minute."""


class Sample(NamedTuple):
    """The value of a metric at this moment; the latest and the highest are stored."""

    metric: str
    value: int
    key: str = ""
    by_second: bool = False
    room: str = ""
    """The room that reports the figure: rooms of one platform add up. Empty for a figure that they share, such as a stock."""


class Refund(NamedTuple):
    """What an event states of the refunds of an order, in minor units: per product code, and under the empty key as a whole."""

    order: str
    single: tuple[tuple[str, int], ...] = ()
    """A single refund; it counts once its claim is granted."""
    total: tuple[tuple[str, int], ...] = ()
    """A running total; the newest counts."""
    rank: str | None = None
    """Orders running totals, byte by byte; the time of the event if None."""


class Claim(Struct, frozen=True, gc=False):
    """Counts that apply once per member of a set: they belong to the earliest event that names the member."""

    set: str
    member: bytes
    counts: tuple[Count, ...]
    refund: Refund | None = None


CLOCK_CORRECTED = "clock_corrected"
CLOCK_KEY = "clock|"
"""Before the source in the key of `clock_corrected`."""
_SOURCE_LENGTH = 256
"""Characters of a source in a key: a key is part of an index row, which has about 2,700 bytes."""


def clock_correction(source: str) -> Count:
    """Return what an event of a wrong clock adds besides its own contributions: one correction of its source."""
    return Count(CLOCK_CORRECTED, 1, CLOCK_KEY + source[:_SOURCE_LENGTH])


CUSTOMER = "customer"
"""The only set that spans all sessions of a brand; every other set belongs to one session."""


class SpanEdge(NamedTuple):
    """One end of a duration: paid → shipped, requested → answered. The earliest of each end counts."""

    kind: str
    member: bytes
    ends: bool
    given_ms: int | None = None
    """The duration that the sender measured, in milliseconds; it takes precedence over the difference."""


class OrderPatch(NamedTuple):
    """The part of an order's row that an event sets; `state` names the time that it sets."""

    order: str
    state: str
    buyer: str | None = None
    amount: int | None = None
    lines: str | None = None
    """Lines as JSON text."""
    carrier: str | None = None
    tracking: str | None = None
    accepted_at: datetime | None = None
    """When the carrier accepted the parcel."""


class Mark(NamedTuple):
    """A moment that explains the figures: another host presents (`host`), or something happened (`mark`)."""

    kind: str
    name: str
    """The host's name, or the mark's label."""
    text: str | None = None
    until: datetime | None = None


class Contributions(Struct, frozen=True, gc=False):
    """The contributions of one event.

    It and its claims are made for each event: a struct takes a fifth of the time of a named tuple.
    """

    counts: tuple[Count, ...] = ()
    samples: tuple[Sample, ...] = ()
    claims: tuple[Claim, ...] = ()
    spans: tuple[SpanEdge, ...] = ()
    order: OrderPatch | None = None
    refund: Refund | None = None
    broadcast: str | None = None
    """`started` or `ended` if the event sets the session's start or end."""
    mark: Mark | None = None


NOTHING = Contributions()


ForgottenBuyers = Mapping[str, frozenset[str]]
"""Of an order, whose events may name several buyers: the pseudonym that one has in this order alone → what another order of the
same person counts: names of sets, `product:` and a code for a product's buyers."""
NONE_FORGOTTEN: Mapping[tuple[str, str], ForgottenBuyers] = {}


@dataclass(frozen=True, slots=True)
class FoldContext:
    """The facts of a session that the fold needs besides the event."""

    platform: str
    room: str
    currency: str
    digits: int
    """Decimals of the session's currency."""
    products: Mapping[str, str]
    """The brand's aliases: alias → code."""
    slow_after_ms: int
    """A support answer that takes longer counts as slow."""
    forgotten: Mapping[tuple[str, str], ForgottenBuyers] = field(default_factory=lambda: NONE_FORGOTTEN)
    """Platform and order → what is left of its forgotten buyers."""

    def elsewhere(self, order: str, buyer: str) -> frozenset[str]:
        """Return what another order of the same, forgotten person counts."""
        found = self.forgotten.get((self.platform, order)) if self.forgotten else None
        return frozenset() if found is None else found.get(buyer, frozenset())

    def product(self, code: str) -> str:
        """Return the catalogue's code for a code or an alias."""
        code = canonical_code(code)
        return self.products.get(code, code)
