"""What `--quick` leaves out, and the line that says so.

In: collected tests. Out: the reason to leave one out; a summary at the end of the run. Never here: fixtures.
"""

from collections import Counter
from typing import Any

import pytest

_BY_FIXTURE = {"postgres": "need a database", "settings": "need a database", "browser": "need a browser"}
"""`settings` asks for a database by name, which the list of a test's fixtures does not show."""
_BY_MARK = {
    "processes": "start other processes",
    "slow": "are slow",
    "property": "try many examples",
    "long": "are further cases, which `make test` leaves out too",
}
_LEFT_OUT = pytest.StashKey[Counter[str]]()


def needs_database(item: pytest.Item) -> bool:
    """Return whether a test uses a database."""
    return any(_BY_FIXTURE.get(name) == "need a database" for name in getattr(item, "fixturenames", ()))


def reason_to_leave_out(item: pytest.Item) -> str | None:
    """Return why a test is not quick; None for one that is."""
    fixtures = getattr(item, "fixturenames", ())
    reasons = [reason for name, reason in _BY_FIXTURE.items() if name in fixtures]
    reasons += [reason for name, reason in _BY_MARK.items() if item.get_closest_marker(name)]
    return reasons[0] if reasons else None


def note(config: pytest.Config, left_out: Counter[str]) -> None:
    """Keep the counts for the summary; a worker sends them to the process that prints it."""
    config.stash[_LEFT_OUT] = left_out
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = dict(left_out)


class Workers:
    """What the worker processes of a run tell the process that prints; each of them collects all tests."""

    def __init__(self, config: pytest.Config) -> None:
        """Know where to keep it."""
        self._config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Keep the counts of a worker that ends."""
        if left_out := getattr(node, "workeroutput", {}).get("left_out"):
            self._config.stash[_LEFT_OUT] = Counter(left_out)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how many tests were left out, and why."""
    for reason, count in config.stash.get(_LEFT_OUT, Counter[str]()).most_common():
        terminalreporter.write_line(f"left out: {count} tests that {reason}")
