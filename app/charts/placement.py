"""Decides which labels of a row there is room for, without knowing how wide the chart will be.

In: places of labels on an axis from 0 to 1. Out: for each label its clearance. Never here: pixels, texts.

A chart shows the labels whose clearance, in pixels, is at least the width of a label. Of two labels that would overlap, the one
with the lower rank is hidden; the ranks are spread over the axis and do not change when labels are appended.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from itertools import pairwise

ALONE = 2.0
"""Clearance of a label without a neighbour: more than the axis is long."""


def gaps(places: Sequence[float]) -> list[float]:
    """Return each place's distance to the nearest other one: a label that has it is crossed by no other mark."""
    order = sorted(range(len(places)), key=places.__getitem__)
    found = [ALONE] * len(places)
    for one, other in pairwise(order):
        gap = places[other] - places[one]
        found[one], found[other] = min(found[one], gap), gap
    return found


def clearances(places: Sequence[float]) -> list[float]:
    """Return each label's distance to the nearest label of a higher rank.

    Any two labels whose clearances are at least `d` are at least `d` apart.
    """

    def rank(number: int) -> tuple[int, int]:
        # 0, then the multiples of the highest power of two, and so on: every prefix of this order is spread evenly.
        return (-(number & -number) if number else -len(places) - 1, number)

    found = [ALONE] * len(places)
    placed: list[float] = []
    for number in sorted(range(len(places)), key=rank):
        place = places[number]
        near = bisect_left(placed, place)
        found[number] = min((abs(place - other) for other in placed[max(0, near - 1) : near + 1]), default=ALONE)
        insort(placed, place)
    return found
