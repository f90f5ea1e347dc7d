"""The fair queue: keys take turns, entries of one key stay in order, none is lost."""

from collections import Counter

from hypothesis import given, strategies as st

from app.ingest.group_commit.fair_queue import FairQueue


def test_a_key_with_many_entries_delays_another_key_by_one_turn() -> None:
    """A thousand entries of one key wait; a later entry of another key is in the next take."""
    queue = FairQueue[str](10)
    queue.extend("busy", [f"busy-{number}" for number in range(1000)])
    queue.extend("quiet", ["quiet-0"])
    taken = queue.take(20)
    assert "quiet-0" in taken
    assert 20 == len(taken)
    assert 981 == len(queue)


def test_an_empty_extension_leaves_no_turn() -> None:
    """A key without entries takes no turn and does not stop the others."""
    queue = FairQueue[int](1)
    queue.extend("a", [])
    queue.extend("b", [1, 2])
    assert [1, 2] == queue.take(10)
    assert [] == queue.take(10)
    assert (0, 0) == (len(queue), queue.waiting("b"))


@given(
    steps=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 7), st.integers(0, 9)), max_size=40),
    turn=st.integers(1, 4),
)
def test_every_entry_is_taken_once_and_in_order(steps: list[tuple[str, int, int]], turn: int) -> None:
    """Whatever is appended and taken in between, each key's entries come out once, in the order of their arrival."""
    queue = FairQueue[tuple[str, int]](turn)
    sent: Counter[str] = Counter()
    taken: list[tuple[str, int]] = []
    for key, count, limit in steps:
        queue.extend(key, [(key, sent[key] + number) for number in range(count)])
        sent[key] += count
        found = queue.take(limit)
        assert len(found) <= limit
        taken += found
        assert sum(sent.values()) - len(taken) == len(queue)
    taken += queue.take(10_000)
    for key in "abc":
        assert [(key, number) for number in range(sent[key])] == [entry for entry in taken if entry[0] == key]
