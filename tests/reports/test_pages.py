"""Division into pages: as few as there can be, broken between sections."""

from itertools import pairwise

from hypothesis import given, strategies as st

from app.reports.excel.pages import LARGEST, PAGE_POINTS, SMALLEST, between_sections, paginate

sections = st.lists(st.lists(st.floats(15, 120), min_size=1, max_size=12), min_size=1, max_size=8)


def parts(blocks: list[list[float]]) -> tuple[list[float], list[int]]:
    """Return the heights of all rows, and the first rows of the sections after the first."""
    starts, heights = [], list[float]()
    for block in blocks:
        starts.append(len(heights))
        heights += block
    return heights, starts[1:]


@given(sections)
def test_no_page_is_higher_than_a_sheet_and_no_page_is_wasted(blocks: list[list[float]]) -> None:
    """Each page fits at the chosen scale; two pages that follow each other never fit on one."""
    heights, starts = parts(blocks)
    pages = paginate(heights, starts)
    capacity = PAGE_POINTS * 100 / pages.scale
    used = [sum(heights[first:last]) for first, last in pairwise([0, *pages.breaks, len(heights)])]
    assert SMALLEST <= pages.scale <= LARGEST
    assert all(0 < height <= capacity for height in used)
    assert all(one + two > capacity for one, two in pairwise(used)) or sum(heights) > capacity


@given(sections)
def test_a_section_that_fits_is_divided_only_where_one_would_stand_alone(blocks: list[list[float]]) -> None:
    """Breaks inside of a section that fits on a page leave fewer sections alone, on no more pages."""
    heights, starts = parts(blocks)
    pages, kept = paginate(heights, starts), between_sections(heights, starts)
    capacity = PAGE_POINTS * 100 / pages.scale
    for first, last in pairwise([0, *starts, len(heights)]):
        if any(first < row < last for row in pages.breaks) and sum(heights[first:last]) <= capacity:
            assert pages.alone < kept.alone
            assert len(pages.breaks) <= len(kept.breaks)


def test_a_section_that_fits_neither_neighbour_shares_a_page_with_the_next() -> None:
    """Three sections of which no two fit on a page run on: no page holds one whole section and nothing else."""
    capacity = PAGE_POINTS * 100 / SMALLEST
    heights = [capacity * 0.07] * 30
    pages = paginate(heights, [10, 20])
    assert (0, 2) == (pages.alone, len(pages.breaks))
    assert 3 == between_sections(heights, [10, 20]).alone


def test_the_last_section_takes_the_one_before_along() -> None:
    """Four sections on two pages: two and two, not three and one; what fits on one page is one page."""
    capacity = PAGE_POINTS * 100 / SMALLEST
    third = capacity * 0.3
    pages = paginate([third] * 4, [1, 2, 3])
    assert ([2], 0) == (pages.breaks, pages.alone)
    assert [] == paginate([third] * 3, [1, 2]).breaks
