"""Sources that Tallylight itself gives to events: of people at the desk, of connections, of imports.

In: a submission. Out: the same, without events that name a source of others. Never here: HTTP, storage.

A source names who says something, and the log, voids and lists of actions show it. A key that sends events may therefore name any
tool, but not a person, a connection or an import: `/desk/…` and `//tallylight/…` are accepted from whom they name alone.
"""

from app.ingest.receiving.submission import PARKED, Submission
from app.problems import FieldError

RESERVED = ("/desk/", "//tallylight/")
_ERROR = FieldError(
    pointer="/source",
    detail="/desk/ and //tallylight/ name people, connections and imports: send a source of your own",
    code="reserved_source",
)


def is_own(source: str, origin: str) -> bool:
    """Return whether a source that is reserved names the origin.

    >>> is_own("/desk/key:5f1c2a9b77de", "key:5f1c2a9b77de"), is_own("/desk/0192f1a0", "key:5f1c2a9b77de")
    (True, False)
    """
    kind, _, name = origin.partition(":")
    if origin == PARKED:
        return True  # its sender was checked when it was parked
    if kind == "person":
        return source == f"/desk/{name}"
    if kind == "key":
        return source == f"/desk/{origin}"
    return source == f"//tallylight/connections/{name}" if kind == "connection" else source == "//tallylight/imports"


def refuse_reserved(submission: Submission) -> None:
    """Reject the events whose source names others than their sender."""
    reserved = [item for item in submission.items if item.event.source.startswith(RESERVED)]
    if not reserved:
        return
    foreign = {item.index for item in reserved if not is_own(item.event.source, submission.origin)}
    if foreign:
        submission.rejected += [item.rejection(_ERROR) for item in submission.items if item.index in foreign]
        submission.items = [item for item in submission.items if item.index not in foreign]
