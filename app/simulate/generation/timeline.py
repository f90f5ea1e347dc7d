"""Timeline of a broadcast: slices of ten seconds, on-air windows, weights of activity.

In: a scenario's length and line-up. Out: windows in whole seconds, weights per slice. Never here: viewers, money.
Times are milliseconds since the start of the broadcast.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import exp
from random import Random
from typing import NamedTuple

SLICE_MS = 10_000
TRAILING_MS = 300_000
"""Orders follow up to this long after a product was on air (docs/reference/kpis.md)."""


class Window(NamedTuple):
    """An on-air window of a product, half-open."""

    product: int
    begins: int
    ends: int


class Timeline(NamedTuple):
    """Slices and on-air windows of a broadcast."""

    duration: int
    windows: tuple[Window, ...]

    @property
    def slices(self) -> int:
        """Number of slices; the last one may be shorter."""
        return -(-self.duration // SLICE_MS)

    def moment(self, rng: Random, part: int) -> int:
        """Return a moment inside a slice."""
        begins = part * SLICE_MS
        return begins + rng.randrange(min(SLICE_MS, self.duration - begins))

    def windows_of(self, product: int) -> list[Window]:
        """Return the windows of one product."""
        return [window for window in self.windows if window.product == product]


def draw(rng: Random, weights: Sequence[int], count: int) -> list[int]:
    """Return `count` indexes drawn in proportion to the weights; uniformly if all are zero."""
    sums = list(accumulate(weights))
    if not sums or not sums[-1]:
        return [rng.randrange(max(1, len(weights))) for _ in range(count)]
    return [bisect_right(sums, rng.randrange(sums[-1])) for _ in range(count)]


def plan(duration: int, products: int, sold_out: set[int], rng: Random) -> Timeline:
    """Return the timeline: after an opening each product is on air once, and again if time allows.

    A product that sells out is on air once.
    """
    opening = min(240, duration // 25_000)
    usable = duration * 94 // 100_000 - opening
    order = list(range(products))
    if products and usable // (2 * products) >= 60:
        order += [product for product in order if product not in sold_out]
    # A window takes at least two seconds: in a short broadcast with many products the last ones are not on air.
    order = order[: usable // 2]
    windows = []
    slot = usable // max(1, len(order))
    for place, product in enumerate(order):
        length = max(1, slot * 7 // 10)
        begins = opening + place * slot + rng.randrange(max(1, slot - length))
        windows.append(Window(product, begins * 1000, (begins + length) * 1000))
    return Timeline(duration, tuple(windows))


def arrival_weights(timeline: Timeline, rng: Random) -> list[int]:
    """Return the arrivals per slice: a burst at the start, a wave with each product, fewer at the end."""
    weights = []
    for part in range(timeline.slices):
        at = part * SLICE_MS
        wave = 0.25 + 3 * exp(-at / 420_000)
        wave += sum(0.9 * exp((window.begins - at) / 180_000) for window in timeline.windows if window.begins <= at)
        weights.append(int(1000 * wave * (1 - 0.6 * at / timeline.duration) * rng.uniform(0.7, 1.3)) + 1)
    return weights


def interest(
    timeline: Timeline, product: int | None, presence: Sequence[int], *, on_air: int, trailing: int, idle: int
) -> list[int]:
    """Return weights per slice for activity on a product: viewers present times a factor (on air, just after, else)."""
    windows = [] if product is None else timeline.windows_of(product)
    found = []
    for part, present in enumerate(presence):
        middle = part * SLICE_MS + SLICE_MS // 2
        factor = idle
        for window in windows:
            if window.begins <= middle < window.ends:
                factor = max(factor, on_air)
            elif window.ends <= middle < window.ends + TRAILING_MS:
                factor = max(factor, trailing)
        # In the first slice possibly no viewer is present yet.
        found.append(present * factor if part else 0)
    return found
