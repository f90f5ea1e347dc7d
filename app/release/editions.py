"""The client edition of a revision.

In: a frozen document. Out: what of it a brand reads, and its hash. Never here: I/O, figures of its own.
"""

from typing import Any

from app.kpis.documents.render import Document
from app.kpis.timeline.marks import client_marks
from app.release.canonical import canonical, sha256_of
from app.reports.editions import client_report
from app.storage.kpis.product_reads import NoteRow
from app.storage.reports.revisions import FrozenDocument


def client_revision(frozen: Document) -> Document:
    """Return the client edition of a frozen document: without author, note of the release, drafts and unshared notes."""
    notes = [NoteRow(**note) for note in frozen["notes"]]
    documents = frozen["documents"]
    if "marks" in (timeline := documents["timeline"]):  # revisions of earlier versions have none
        documents = documents | {"timeline": timeline | {"marks": client_marks(timeline["marks"])}}
    client: dict[str, Any] = frozen | {
        "by": None,
        "note": None,
        "report": {language: client_report(report, notes) for language, report in frozen["report"].items()},
        "notes": [note._asdict() for note in notes if note.share],
        "documents": documents,
    }
    client.pop("client_sha256", None)
    return client


def with_client_hash(frozen: Document) -> Document:
    """Return a document that also names the hash of its client edition, so that its own hash covers what the brand reads."""
    return frozen | {"client_sha256": sha256_of(canonical(client_revision(frozen)))}


def internal_json(found: FrozenDocument) -> str:
    """Return the internal edition as JSON, with its hash as the last member."""
    return f'{found.text[:-1]},"sha256":"{found.sha256}"}}'


def client_json(frozen: Document, sha256: str) -> str:
    """Return the client edition as JSON: canonical, with its own hash and that of the revision as its last members."""
    text = canonical(client_revision(frozen))
    own = frozen.get("client_sha256") or sha256_of(text)  # revisions of earlier versions do not name it
    return f'{text[:-1]},"client_sha256":"{own}","sha256":"{sha256}"}}'
