"""Marks: who presents and what happened, for the timeline and the report.

In: a session, a time range. Out: its marks; what of them a client may see. Never here: SQL, figures.

A mark's text is written in the middle of a broadcast, for colleagues: a client never sees it, and of the marks only those of
which the audience knows.
"""

from collections.abc import Sequence
from typing import NamedTuple

from app.kpis.documents.render import Document
from app.storage.kpis.marks import MarkRow

FOR_CLIENTS = ("coupon", "giveaway", "highlight")
"""Labels of marks that a client sees."""
HIDDEN_FROM_CLIENTS = "live.mark.set"
"""The event type that a client does not find in the event log."""
MOST = 1_000
"""The most marks of one document."""


class SetMarks(NamedTuple):
    """The hosts and marks of a time range, and who reads them."""

    rows: Sequence[MarkRow]
    """The first `MOST`."""
    omitted: int
    """How many were left out."""
    for_client: bool


def client_marks(marks: Sequence[Document]) -> list[Document]:
    """Return the marks of a timeline that a client sees."""
    return [
        mark | {"text": None} if mark["kind"] == "mark" else mark
        for mark in marks
        if mark["kind"] != "mark" or mark["label"] in FOR_CLIENTS
    ]
