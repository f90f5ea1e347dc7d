"""Median and percentile, without a database."""

import statistics
from fractions import Fraction

from hypothesis import given, strategies as st

from app.kpis.comparison.percentile import median, percentile_rank

values = st.lists(st.fractions(min_value=-1000, max_value=1000), max_size=12)


@given(values.filter(bool))
def test_the_median_is_the_one_of_the_standard_library(found: list[Fraction]) -> None:
    """Exactly, as fractions."""
    assert statistics.median(found) == median(found)


@given(st.fractions(), values)
def test_a_percentile_counts_the_lower_ones_and_half_of_the_equal(value: Fraction, others: list[Fraction]) -> None:
    """Between 0 and 100, whatever the order, and mirrored when all signs turn."""
    found = percentile_rank(value, others)
    if not others:
        assert (None, None, 0) == found
        return
    assert found.percentile is not None
    assert 0 <= found.percentile <= 100
    assert found == percentile_rank(value, others[::-1])
    mirrored = percentile_rank(-value, [-other for other in others])
    assert mirrored.percentile == 100 - found.percentile


def test_absent_figures_are_no_neighbours() -> None:
    """Neither of a value, nor as the value itself."""
    assert (Fraction(2), Fraction(50), 2) == percentile_rank(Fraction(2), [Fraction(1), None, Fraction(3)])
    assert (Fraction(2), None, 2) == percentile_rank(None, [Fraction(1), Fraction(3)])
    assert (None, None, 0) == percentile_rank(Fraction(2), [None])
