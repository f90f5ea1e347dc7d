"""The client edition of the report: what a brand reads.

In: the internal edition, the notes that it was made of. Out: the client edition. Never here: I/O, figures of its own.

It has every figure, the notes and targets that are shared, and marks without their texts. It has no drafts, no contradictions of
figures and no other note.
"""

from collections.abc import Sequence
from typing import Literal

from app.kpis.documents.render import Document
from app.reports.marks import client_section
from app.reports.note_items import note_items
from app.reports.tables import client_tables
from app.reports.windows import client_sections
from app.storage.kpis.product_reads import NoteRow

Edition = Literal["client", "internal"]
_SECTIONS = ("live", "ec", "promotion")
_KINDS = {"observations": "observation", "summary": "summary"}


def client_report(report: Document, notes: Sequence[NoteRow]) -> Document:
    """Return the client edition of a report."""
    sections = client_sections(client_tables(report["sections"]))
    for name in _SECTIONS:
        section = sections[name]
        shared = {
            list_: section[list_] | {"items": note_items(
                note.text for note in notes if note.share and (note.section, note.kind) == (name, kind)
            )}
            for list_, kind in _KINDS.items()
        }  # fmt: skip
        sections[name] = section | shared | {"drafts": section["drafts"] | {"items": []}}
    if (marks := sections.pop("marks", None)) is not None and (shown := client_section(marks))["rows"]:
        sections["marks"] = shown
    return report | {"edition": "client", "sections": sections, "warnings": []}
