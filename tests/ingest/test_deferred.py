"""Deferred events are counted by sender, however they leave."""

from collections import Counter
from collections.abc import Iterable
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from app.ingest.group_commit.deferred import DeferredEvents

ORIGINS, SUBJECTS = ("key:1", "key:2", "import:3"), ("s1", "s2")


@pytest.mark.parametrize("patience", [1e9, -1.0], ids=["patient", "impatient"])
async def test_the_count_of_each_sender_is_that_of_its_events(patience: float) -> None:
    """Some are stored and some stay locked, some fail, some are given up; more come while others are tried."""
    chance = Random(7)
    present: Counter[str] = Counter()

    def leave(items: Iterable[Any]) -> None:
        present.subtract(item.submission.origin for item in items)

    deferred = DeferredEvents(patience, 4, leave)

    def come() -> None:
        items: list[Any] = [
            SimpleNamespace(
                event=SimpleNamespace(subject=chance.choice(SUBJECTS)),
                submission=SimpleNamespace(origin=chance.choice(ORIGINS)),
            )
            for _ in range(chance.randrange(5))
        ]
        present.update(item.submission.origin for item in items)
        deferred.add(items)

    def counted() -> bool:
        return [present[origin] for origin in ORIGINS] == [deferred.waiting(origin) for origin in ORIGINS]

    async def store(items: list[Any]) -> list[Any]:
        come()
        assert counted()
        most = chance.choice((0.0, 0.5, 1.0))
        locked: list[Any] = []
        stored: list[Any] = []
        for item in items:
            (locked if chance.random() < most else stored).append(item)
        leave(stored)
        return locked

    for _ in range(200):
        come()
        await deferred._try(store)
        assert counted()
        assert sum(present.values()) == len(deferred)
        assert bool(deferred) is bool(len(deferred))
    assert 0 < len(deferred) == len(deferred.take_all())
    assert 0 == len(deferred) == sum(map(deferred.waiting, ORIGINS))
