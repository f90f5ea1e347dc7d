"""Figures of the live screen agree with each other at any moment, however fast they change."""

import pytest

from tests.browser.conftest import WatchedDemo


@pytest.mark.slow
def test_tiles_funnel_sources_and_table_agree_at_random_moments(demo: WatchedDemo) -> None:
    """Fifty moments of a demo at full speed: the same figure is the same wherever it stands."""
    differing = [
        (moment, figure, values)
        for moment, figures in enumerate(demo.moments)
        for figure, values in figures.items()
        if len(set(values)) > 1
    ]
    assert [] == differing
    assert {"viewers": 18052, "buyers": 190, "clicks": 12088, "units": 363, "gmv": 481888} == {
        figure: values[0] for figure, values in demo.moments[-1].items()
    }
    assert len({str(figures) for figures in demo.moments}) >= 5, "the figures hardly moved while they were watched"
