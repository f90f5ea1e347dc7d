"""Arrivals by traffic source and fan level.

In: arrivals by key `source|fan_level`. Out: the audience document. Never here: I/O.
"""

from collections.abc import Mapping
from datetime import datetime

from app.events.traffic import arrival_of
from app.kpis.render import Document, local
from app.kpis.rounding import number
from app.storage.kpis.reads import SessionHead

CORE_FAN_LEVEL = 4
"""The results sheet's core fans: fan level 4 and above."""


def audience_document(
    head: SessionHead, window: tuple[datetime | None, datetime | None], arrivals: Mapping[str, int], min_level: int
) -> Document:
    """Return the audience document (`AudienceDocument`); source and fan level are null where unknown."""
    by_source: dict[str | None, int] = {}
    by_level: dict[int | None, int] = {}
    total = 0
    for key, viewers in arrivals.items():
        source, level, _ = arrival_of(key)
        by_source[source] = by_source.get(source, 0) + viewers
        by_level[level] = by_level.get(level, 0) + viewers
        total += viewers
    levels = {level: viewers for level, viewers in by_level.items() if level is not None}
    core = sum(viewers for level, viewers in levels.items() if level >= min_level) if any(levels.values()) else None
    sources = sorted(by_source.items(), key=lambda entry: (-entry[1], entry[0] or ""))
    ordered = sorted(by_level.items(), key=lambda entry: (entry[0] is None, -(entry[0] or 0)))
    return {
        "session": str(head.id),
        "from": local(window[0], head.time_zone),
        "to": local(window[1], head.time_zone),
        "arrivals": total,
        "by_source": [
            {"source": source, "viewers": viewers, "share": number(viewers, total)} for source, viewers in sources if viewers
        ],
        "by_fan_level": [
            {"fan_level": level, "viewers": viewers, "share": number(viewers, total)} for level, viewers in ordered if viewers
        ],
        "core_fans": {
            "min_level": min_level,
            "viewers": core,
            "share": None if core is None else number(core, total),
        },
    }
