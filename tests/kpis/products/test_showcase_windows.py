"""Where showcases begin and end, without a database."""

from datetime import timedelta

from app.kpis.products.showcases import showcases_of
from app.storage.kpis.product_reads import StateChange
from tests.kpis.event_builders import START


def on_air(*changes: tuple[float, str, int] | tuple[float, str, int, str]) -> list[StateChange]:
    """Return changes of (second, product, on or off, platform)."""
    return [
        StateChange(
            "on_air", change[1], change[3] if len(change) > 3 else "wechat", START + timedelta(seconds=change[0]), change[2]
        )
        for change in changes
    ]


def windows(changes: list[StateChange], end: float = 1000) -> list[tuple[str, float, float]]:
    """Return (product, begin, end) in seconds."""
    found = showcases_of(changes, START + timedelta(seconds=end), live=False)
    return [(one.product, (one.begin - START).total_seconds(), (one.end - START).total_seconds()) for one in found]


def test_a_withdrawal_after_the_next_product_still_ends_its_own_window() -> None:
    """Two products may be on air at once."""
    assert [("a", 0, 50), ("b", 30, 1000)] == windows(on_air((0, "a", 1), (30, "b", 1), (50, "a", 0)))


def test_a_withdrawal_that_belongs_to_a_later_showcase_ends_only_that_one() -> None:
    """The first window had none before it was shown again: the next product ended it."""
    changes = on_air((0, "a", 1), (30, "b", 1), (60, "a", 1), (90, "a", 0))
    assert [("a", 0, 30), ("b", 30, 60), ("a", 60, 90)] == windows(changes)


def test_two_platforms_that_tell_of_one_showcase_make_one_window() -> None:
    """Each says when it began and ended; nothing is counted twice."""
    changes = on_air((0, "a", 1), (1, "a", 1, "weibo"), (20, "a", 0), (21, "a", 0, "weibo"), (40, "a", 1))
    assert [("a", 0, 20), ("a", 40, 1000)] == windows(changes)


def test_a_withdrawal_without_a_showcase_is_nothing() -> None:
    """It may have begun before we listened."""
    assert [] == windows(on_air((5, "a", 0)))


def test_only_an_unended_window_of_a_live_session_is_on_air() -> None:
    """The last product until now."""
    changes = on_air((0, "a", 1), (10, "b", 1))
    found = showcases_of(changes, START + timedelta(seconds=60), live=True)
    assert [("a", False), ("b", True)] == [(one.product, one.on_air) for one in found]
    assert [60, 50] == [round((START + timedelta(seconds=60) - one.begin).total_seconds()) for one in found]


def test_a_showcase_after_the_end_has_no_length() -> None:
    """An end never lies before its beginning."""
    assert [("a", 50, 50)] == windows(on_air((50, "a", 1)), end=20)
