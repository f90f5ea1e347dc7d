"""Hosts and marks as the report lists them: the time, what it is, and the text.

In: the marks of a session. Out: a section of the report, labelled in one language; what of it a client sees. Never here: I/O.
"""

from collections.abc import Sequence
from datetime import datetime

from app.kpis.documents.render import Document, local, zone_of
from app.kpis.timeline.marks import FOR_CLIENTS
from app.labels.catalogue import Language, label, label_or
from app.storage.kpis.marks import MarkRow

MOST = 200
"""Rows of the list."""


def marks_section(rows: Sequence[MarkRow], omitted: int, time_zone: str, language: Language) -> Document:
    """Return the section: a row per host and mark, in order of time, and how many were left out."""
    return {
        "title": label("section.marks", language),
        "rows": [_row(row, time_zone, language) for row in rows],
        "omitted": omitted,
    }


def _row(row: MarkRow, time_zone: str, language: Language) -> Document:
    def clock(moment: datetime) -> str:
        return f"{moment.astimezone(zone_of(time_zone)):%H:%M}"

    until = row.until if row.until is not None and row.until > row.at else None
    host = row.kind == "host"
    name = label("mark.host", language).format(host=row.name) if host else label_or(f"mark.{row.name}", row.name, language)
    return {
        "at": local(row.at, time_zone),
        "until": local(until, time_zone),
        "kind": row.kind,
        "label": None if host else row.name,
        "time": clock(row.at) if until is None else f"{clock(row.at)}–{clock(until)}",
        "name": name,
        "text": row.text,
    }


def client_section(section: Document) -> Document:
    """Return what of the section a client sees."""
    rows = [row | {"text": None} for row in section["rows"] if row["kind"] == "host" or row["label"] in FOR_CLIENTS]
    return section | {"rows": rows}


def mark_lines(section: Document, language: Language) -> list[str]:
    """Return the section as lines of text."""
    pair = label("report.pair", language)
    lines = []
    for row in section["rows"]:
        line = f"{row['time']} {row['name']}"
        lines.append(pair.format(label=line, value=row["text"]) if row["text"] else line)
    if section["omitted"]:
        lines.append(label("section.marks.more", language).format(count=section["omitted"]))
    return lines
