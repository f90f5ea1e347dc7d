"""Budgets: how many requests a platform accepts of one channel within a time.

In: when the latest requests were made. Out: how many more may be made now. Never here: I/O, the system clock.

The window slides: in no stretch of a budget's length there are more requests than it has, wherever the platform begins to count.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.channels.kinds.protocol import Budget

UNBOUNDED = 1_000_000


class Slots(NamedTuple):
    """What a channel's budgets leave."""

    left: int
    """Requests that may be made now; `UNBOUNDED` without a budget."""
    wait: float
    """Seconds until another one may be made; 0 if one may be made now."""


def slots(budgets: Sequence[Budget], requests: Sequence[datetime], now: datetime) -> Slots:
    """Return how many requests may be made now."""
    left, wait = UNBOUNDED, 0.0
    for budget in budgets:
        recent = _recent(budget, requests, now)
        free = budget.requests - len(recent)
        left = min(left, free)
        if free <= 0:
            # So many of them must leave the window.
            leaving = recent[len(recent) - budget.requests]
            wait = max(wait, (leaving - now).total_seconds() + budget.seconds)
    return Slots(max(left, 0), wait)


def remembered(budgets: Sequence[Budget], requests: Sequence[datetime], now: datetime) -> list[datetime]:
    """Return the requests that still count."""
    longest = max(budgets, key=lambda one: one.seconds, default=None)
    return [] if longest is None else _recent(longest, requests, now)


def _recent(budget: Budget, requests: Sequence[datetime], now: datetime) -> list[datetime]:
    return sorted(moment for moment in requests if moment > now - timedelta(seconds=budget.seconds))
