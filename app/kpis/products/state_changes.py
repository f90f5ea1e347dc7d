"""Changes of state: what is on air, what is in stock, which rooms broadcast.

In: samples of states, in any order. Out: the samples that change a state, and the stocks that lasted. Never here: I/O.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from app.storage.kpis.product_reads import StateChange, StateSamples, UnitsByMinute

SHORT_US = 60_000_000
"""A stock that is replaced sooner is not searched for the moment at which it ran out."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


class Report(NamedTuple):
    """A sample that changes a state, with the one that follows; moments in microseconds since 2000."""

    state: StateSamples
    at: int
    value: int
    until: int | None
    following: int | None

    def change(self) -> StateChange:
        """Return it as a change."""
        metric, key, platform, _ = self.state
        until = None if self.until is None else _moment(self.until)
        return StateChange(metric, key, platform, _moment(self.at), self.value, until, self.following)

    def may_run_out(self, units: Mapping[str, UnitsByMinute]) -> bool:
        """Return whether in the minutes that it touches at least as many units were paid as it has pieces."""
        paid = units.get(self.state.key)
        return paid is not None and self.until is not None and paid.touching(self.at, self.until) >= self.value


class Changes(NamedTuple):
    """What changed, in order of time."""

    changes: Sequence[StateChange]
    lasting: Sequence[Report]
    """Stocks that may have run out before they were reported again; if only some changes are wanted, not among them."""


def changes_of(states: Sequence[StateSamples], *, every_stock: bool = True, sold: Mapping[str, int] | None = None) -> Changes:
    """Return the changes of states.

    Args:
        states: all samples of each state.
        every_stock: whether every change of a stock is wanted, or only its first, its latest, and those between some and none.
        sold: product → pieces, where they are known.
    """
    changes: list[Report] = []
    lasting: list[Report] = []
    for state in states:
        samples = sorted(state.pairs())
        stock = state.metric == "stock"
        pieces = None if sold is None else sold.get(state.key, 0)
        if stock and pieces is not None and not every_stock and min(value for _, value in samples) > pieces:
            # It never ran out: only its first and its latest sample matter.
            samples = [samples[0], samples[-1]] if len(samples) > 1 else samples
        for at, value, before, until, following in _changing(state.metric, samples):
            if not stock or every_stock or before is None or until is None or (value == 0) != (before == 0):
                changes.append(Report(state, at, value, until, following))
            # A greater stock than the pieces that were sold did not run out.
            if stock and until is not None and until - at >= SHORT_US and value > 0 and (pieces is None or value <= pieces):
                lasting.append(Report(state, at, value, until, following))
    return Changes(sorted((report.change() for report in changes), key=attrgetter("at", "metric", "key", "platform")), lasting)


def _changing(metric: str, samples: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int | None, int | None, int | None]]:
    """Yield the samples that change a state: moment, value, the value before, and moment and value of the next one.

    Those that repeat it are left out, except of a product that is shown again, and the last of a run of equal stocks: from then
    on paid units are subtracted.
    """
    shown, stock, last = metric == "on_air", metric == "stock", len(samples) - 1
    kept_at, kept, kept_before = *samples[0], None
    for place in range(1, len(samples)):
        at, value = samples[place]
        before = samples[place - 1][1]
        if value != before or (shown and value == 1) or (stock and (place == last or samples[place + 1][1] != value)):
            yield kept_at, kept, kept_before, at, value
            kept_at, kept, kept_before = at, value, before
    yield kept_at, kept, kept_before, None, None
