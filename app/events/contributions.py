"""What one event adds to the tables: the vocabulary of the fold.

In: nothing, these are values. Out: to the writer, which merges them. Never here: I/O, clocks, SQL.

Every merge is commutative and idempotent, so arrival order, duplicates and retries change no figure:
counts add, samples keep the latest and the highest, claims belong to the earliest event that makes them,
spans and orders keep the earliest of each moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from app.events.fields import canonical_code


def digest(*parts: str) -> bytes:
    """Return 16 bytes that stand for the parts, in order; NUL separates them since no field may hold one."""
    return blake2b("\0".join(parts).encode(), digest_size=16).digest()


class Count(NamedTuple):
    """Adds `value` to a metric, for the whole session and for the minute."""

    metric: str
    value: int
    key: str = ""
    """Empty for the session's own figure, else a product's code or another dimension's value."""
    by_second: bool = False
    """Also kept by the second, for windows that do not begin on a full minute."""


class Sample(NamedTuple):
    """States the value of a metric at this moment; the latest and the highest are kept."""

    metric: str
    value: int
    key: str = ""
    by_second: bool = False
    room: str = ""
    """The room whose own figure it is: rooms of one platform add up. Empty for what they share, such as a stock."""


class Refund(NamedTuple):
    """An amount, in minor units, to add to what was refunded of an order."""

    order: str
    amount: int


class Claim(NamedTuple):
    """Counts once per member of a set: they belong to the earliest event that names the member."""

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
"""The one set that spans all sessions of a brand; every other set is the session's own."""


class SpanEdge(NamedTuple):
    """One end of a duration: paid → shipped, requested → answered. The earliest of each end counts."""

    kind: str
    member: bytes
    ends: bool
    given_ms: int | None = None
    """The duration as the sender measured it, in milliseconds; it wins over the difference."""


class OrderPatch(NamedTuple):
    """What an event says of an order; `state` names the moment it fixes."""

    order: str
    state: str
    buyer: str | None = None
    amount: int | None = None
    lines: str | None = None
    """Lines as JSON text."""
    carrier: str | None = None
    tracking: str | None = None


class Contributions(NamedTuple):
    """All that one event adds."""

    counts: tuple[Count, ...] = ()
    samples: tuple[Sample, ...] = ()
    claims: tuple[Claim, ...] = ()
    spans: tuple[SpanEdge, ...] = ()
    order: OrderPatch | None = None
    broadcast: str | None = None
    """`started` or `ended` when the event fixes the session's own clock."""


NOTHING = Contributions()


@dataclass(frozen=True, slots=True)
class FoldContext:
    """What the fold must know of the session besides the event."""

    platform: str
    room: str
    currency: str
    digits: int
    """Decimals of the session's currency."""
    products: Mapping[str, str]
    """The brand's aliases: alias → code."""
    slow_after_ms: int
    """A support answer that takes longer is slow."""

    def product(self, code: str) -> str:
        """Return the catalogue's code for a code or an alias."""
        code = canonical_code(code)
        return self.products.get(code, code)
