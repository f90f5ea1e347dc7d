"""The client edition of a revision.

In: a frozen document. Out: what of it a brand reads. Never here: I/O, figures of its own.
"""

from app.kpis.marks import client_marks
from app.kpis.render import Document
from app.reports.editions import client_report
from app.storage.product_reads import NoteRow


def client_revision(frozen: Document) -> Document:
    """Return the client edition of a frozen document: without author, note of the release, drafts and unshared notes."""
    notes = [NoteRow(**note) for note in frozen["notes"]]
    timeline = frozen["documents"]["timeline"]
    return frozen | {
        "by": None,
        "note": None,
        "report": {language: client_report(report, notes) for language, report in frozen["report"].items()},
        "notes": [note._asdict() for note in notes if note.share],
        "documents": frozen["documents"] | {"timeline": timeline | {"marks": client_marks(timeline["marks"])}},
    }
