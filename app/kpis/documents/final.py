"""Whether a released session's figures still are those of its latest revision.

In: the values that the revision froze, the KPI document's figures. Out: the document's `final`. Never here: I/O, formulas.

A slug that only one side knows is no difference: a later version of the registry may add KPIs, or retire them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Cells = Mapping[str, Mapping[str, Any]]
"""Slug → value, unit, basis."""
DURATION = "duration_seconds"


class Difference(NamedTuple):
    """A figure that a revision froze with another value than it has now; `platform` is None for the session's figure."""

    figure: str
    platform: str | None
    was: Any
    now: Any


def frozen_values(duration: float | None, total: Cells, by_platform: Mapping[str, Cells]) -> dict[str, Any]:
    """Return what a revision keeps of the KPI document: every value, without unit and basis."""
    return {
        DURATION: duration,
        "kpis": {slug: cell["value"] for slug, cell in total.items()},
        "by_platform": {name: {slug: cell["value"] for slug, cell in cells.items()} for name, cells in by_platform.items()},
    }


def differences(
    frozen: Mapping[str, Any], duration: float | None, total: Cells, by_platform: Mapping[str, Cells]
) -> Iterator[Difference]:
    """Return the figures that differ from the frozen ones: the session's, then each platform's."""
    if frozen[DURATION] != duration:
        yield Difference(DURATION, None, frozen[DURATION], duration)
    yield from _differing(None, frozen["kpis"], total)
    for platform in sorted(frozen["by_platform"].keys() | by_platform.keys()):
        yield from _differing(platform, frozen["by_platform"].get(platform), by_platform.get(platform))


def _differing(platform: str | None, was: Mapping[str, Any] | None, now: Cells | None) -> Iterator[Difference]:
    # In the order of the registry: the frozen values are sorted.
    for slug in now if now is not None else was or ():
        if was is not None and slug not in was:
            continue
        before = None if was is None else was[slug]
        value = None if now is None else now[slug]["value"]
        if before != value:
            yield Difference(slug, platform, before, value)


def final_of(
    revision: int | None,
    frozen: Mapping[str, Any] | None,
    duration: float | None,
    total: Cells,
    by_platform: Mapping[str, Cells],
) -> dict[str, Any] | None:
    """Return the number of the latest revision and whether a figure has changed since; None before the first release."""
    if revision is None:
        return None
    changed = frozen is not None and next(differences(frozen, duration, total, by_platform), None) is not None
    return {"revision": revision, "changed": changed}
