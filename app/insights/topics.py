"""What comments were about (placeholder of the type; see `segment`).

In: comments. Out: topics. Never here: I/O.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Topic(NamedTuple):
    """A word or a product, and how many people said it."""

    term: str
    product: str | None
    people: int


class Topics(NamedTuple):
    """What was said, of how many comments by how many people."""

    topics: Sequence[Topic]
    comments: int
    people: int
