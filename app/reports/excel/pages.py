"""Divides a sheet into printed pages: as few as stay readable, broken between sections.

In: heights of rows, where sections begin. Out: a scale and the rows before which a page ends. Never here: Excel.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

PAGE_POINTS = 500.0
"""What an A4 page across holds between its margins, a line less than it measures."""
LARGEST, SMALLEST = 68, 60
"""Scales in percent: at the largest the sheet is as wide as the page even if the reader's fonts are wider than ours, below the
smallest it is too small to read."""
HEAD_ROWS = 2
"""Title and head of a section. If it continues on the next page, they are repeated there, and at least one row stays behind."""


class Pages(NamedTuple):
    """A division into pages."""

    scale: int
    """Percent."""
    breaks: list[int]
    """Rows, from 0, with which a new page begins."""
    alone: int
    """Pages that hold one whole section and nothing else."""


def paginate(heights: Sequence[float], sections: Sequence[int]) -> Pages:
    """Return the best division.

    Args:
        heights: points of every row.
        sections: first rows of the sections, from the second section on.
    """
    kept = between_sections(heights, sections)
    if not kept.alone:
        return kept
    running = _best(heights, sections, running=True)
    return running if running.alone < kept.alone and len(running.breaks) <= len(kept.breaks) else kept


def between_sections(heights: Sequence[float], sections: Sequence[int]) -> Pages:
    """Return the best division that divides no section that fits on a page."""
    return _best(heights, sections, running=False)


def _best(heights: Sequence[float], sections: Sequence[int], *, running: bool) -> Pages:
    candidates = [_divided(heights, sections, scale, running=running) for scale in range(LARGEST, SMALLEST - 1, -2)]
    return min(candidates, key=lambda pages: (len(pages.breaks), pages.alone, -pages.scale))


def _divided(heights: Sequence[float], sections: Sequence[int], scale: int, *, running: bool) -> Pages:
    """Divide at one scale; with `running` a section begins wherever its head and a row fit."""
    capacity = PAGE_POINTS * 100 / scale
    breaks: list[int] = []
    used = 0.0
    for first, last in pairwise([0, *sections, len(heights)]):
        height = sum(heights[first:last])
        head = sum(heights[first : min(last, first + HEAD_ROWS)])
        begin = sum(heights[first : min(last, first + HEAD_ROWS + 1)])
        if used and used + (height if height <= capacity and not running else begin) > capacity:
            breaks.append(first)
            used = 0.0
        for row in range(first, last):
            if used > head and used + heights[row] > capacity:
                breaks.append(row)
                used = head
            used += heights[row]
    breaks = _balanced(heights, sections, breaks, capacity)
    return Pages(scale, breaks, _alone(sections, breaks, len(heights)))


def _balanced(heights: Sequence[float], sections: Sequence[int], breaks: list[int], capacity: float) -> list[int]:
    """Take the section before to the last page too, if the last page would hold one section alone."""
    if not breaks or breaks[-1] not in sections or sections[-1] != breaks[-1]:
        return breaks
    earlier = [section for section in sections if (breaks[-2] if len(breaks) > 1 else 0) < section < breaks[-1]]
    if len(earlier) > 1 and sum(heights[earlier[-1] :]) <= capacity:
        return [*breaks[:-1], earlier[-1]]
    return breaks


def _alone(sections: Sequence[int], breaks: Sequence[int], end: int) -> int:
    bounds = [0, *breaks, end]
    starts = {0, *sections}
    return sum(
        first in starts and (last in starts or last == end) and not any(first < section < last for section in sections)
        for first, last in pairwise(bounds)
        if len(bounds) > 2
    )
