"""The order in which the tests of a run are given to its processes.

In: collected tests, the number of processes. Out: the same tests in another order. Never here: a choice of tests.

xdist's `worksteal` gives each process a part of the list, and one that has finished takes over from the end of another's. So two parts
begin with the tests in browsers, which share a browser, a server and what it shows: those of a whole demo, of a brand's half year and
of all views, with the story, and the rest. The other parts begin with the files whose tests start processes, wait or try many
examples. What takes milliseconds stands behind these and fills the time that is left.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import pytest

_TESTS = Path(__file__).parent
_LONG = ("slow", "processes", "property")
"""Marks of tests that take seconds."""
_LARGE = ("demo", "brand", "tour", "agency")
"""What the browser's tests show that takes long to make."""


def in_running_order(items: Sequence[pytest.Item], processes: int) -> list[pytest.Item]:
    """Return the tests in the order in which they run; the tests of a file stay together."""
    files = [list(file) for _, file in groupby(items, lambda item: item.path)]
    heads: list[list[pytest.Item]] = [[] for _ in range(max(processes, 3))]
    short: list[pytest.Item] = []
    for file in sorted(files, key=len):
        if _room(file[0]) == "browser":
            heads[_needs(file, *_LARGE)].extend(file)
        elif _room(file[0]) == "faults" or any(item.get_closest_marker(mark) for item in file for mark in _LONG):
            min(heads[2:], key=len).extend(file)
        else:
            short.extend(file)
    parts, left = [], len(items)
    for place, head in enumerate(heads):
        share = left // (len(heads) - place)
        filling = max(share - len(head), 0)
        parts += [*head, *short[:filling]]
        del short[:filling]
        left -= share
    return [*parts, *short]


def _room(item: pytest.Item) -> str:
    return item.path.relative_to(_TESTS).parts[0]


def _needs(file: Iterable[pytest.Item], *fixtures: str) -> bool:
    return any(name in getattr(item, "fixturenames", ()) for item in file for name in fixtures)
