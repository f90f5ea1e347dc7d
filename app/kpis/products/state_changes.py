"""Changes of state: what is on air, what is in stock, which rooms broadcast.

In: samples of states, in any order. Out: the samples that change a state, and the stocks that lasted. Never here: I/O.
"""

from collections.abc import Mapping, Sequence
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
    first: bool
    turns: bool
    """Whether the sample before it, or it, is none and the other is not."""

    def change(self) -> StateChange:
        """Return it as a change."""
        until = None if self.until is None else _moment(self.until)
        return StateChange(
            self.state.metric, self.state.key, self.state.platform, _moment(self.at), self.value, until, self.following
        )

    def decides(self) -> bool:
        """Return whether it is the first, the latest, or a turn between some and none."""
        return self.first or self.until is None or self.turns

    def lasts(self, pieces: int | None) -> bool:
        """Return whether it is a stock that lasted for a while and may have run out before it was reported again.

        If the number of `pieces` that were sold is known, a greater stock did not run out.
        """
        if self.until is None or self.until - self.at < SHORT_US or self.value <= 0:
            return False
        return pieces is None or self.value <= pieces

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
    changes: list[StateChange] = []
    lasting: list[Report] = []
    for state in states:
        samples = sorted(state.pairs())
        if state.metric != "stock":
            changes += (report.change() for report in _reports(state, samples))
            continue
        pieces = None if sold is None else sold.get(state.key, 0)
        if pieces is not None and not every_stock and min(value for _, value in samples) > pieces:
            # It never ran out: only its first and its latest sample matter.
            samples = [samples[0], samples[-1]] if len(samples) > 1 else samples
        reports = _reports(state, samples)
        changes += (report.change() for report in reports if every_stock or report.decides())
        lasting += (report for report in reports if report.lasts(pieces))
    return Changes(sorted(changes, key=attrgetter("at", "metric", "key", "platform")), lasting)


def _reports(state: StateSamples, samples: Sequence[tuple[int, int]]) -> list[Report]:
    """Return the samples that change a state.

    Those that repeat it are left out, except of a product that is shown again, and the last of a run of equal stocks: from then
    on paid units are subtracted.
    """
    shown, stock = state.metric == "on_air", state.metric == "stock"
    values = [value for _, value in samples]
    kept = []
    for (at, value), before, after in zip(samples, [None, *values], [*values[1:], None], strict=False):
        if before is None or value != before or (shown and value == 1) or (stock and value != after):
            kept.append((at, value, before))
    following: list[tuple[int | None, int | None]] = [*((at, value) for at, value, _ in kept[1:]), (None, None)]
    return [
        Report(state, at, value, *after, first=before is None, turns=(value == 0) != (before == 0))
        for (at, value, before), after in zip(kept, following, strict=True)
    ]
