"""The figures of the session list: status and five KPIs per session.

In: rows of the whole-session rollups. Out: one summary per session. Never here: SQL, the other KPIs.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from pydantic import Field

from app.catalogue.models import ResponseModel, decimal_string


class Figure(NamedTuple):
    """One rollup row, counted or reported."""

    session_id: UUID
    platform: str
    metric: str
    reported: bool
    value: int


class Summary(ResponseModel):
    """The figures in a list; null if absent."""

    viewers: int | None = Field(examples=[18052])
    buyers: int | None = Field(examples=[190])
    orders: int | None = Field(examples=[201])
    units_sold: int | None = Field(examples=[363])
    gmv: str | None = Field(examples=["481888.00"], description="in the session's currency")


_COMMERCE = ("orders", "buyers", "units_sold", "gmv")


class Figures:
    """The figures of some sessions, by session and platform."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        """Sort the rows."""
        self._counted: dict[UUID, dict[str, dict[str, int]]] = {}
        self._reported: dict[UUID, dict[str, dict[str, int]]] = {}
        for session_id, platform, metric, reported, value in figures:
            basis = self._reported if reported else self._counted
            basis.setdefault(session_id, {}).setdefault(platform, {})[metric] = value

    def summary(self, session_id: UUID, currency: str) -> Summary:
        """Return a session's figures, its platforms added up."""
        counted, reported = self._counted.get(session_id, {}), self._reported.get(session_id, {})
        totals: dict[str, int] = {}
        for platform in counted.keys() | reported.keys():
            for metric, value in _of_platform(counted.get(platform, {}), reported.get(platform, {})).items():
                totals[metric] = totals.get(metric, 0) + value
        return Summary(
            viewers=totals.get("viewers"),
            buyers=totals.get("buyers"),
            orders=totals.get("orders"),
            units_sold=totals.get("units_sold"),
            gmv=decimal_string(totals.get("gmv"), currency),
        )


def _of_platform(counted: dict[str, int], reported: dict[str, int]) -> dict[str, int]:
    """Return one platform's figures (docs/reference/metrics.md, "Provenance").

    The reported figures of the audience win, since the platform also counts viewers without events. If one order was
    counted, all commerce figures are the counted ones.
    """
    if counted.get("orders"):
        figures = {metric: counted.get(metric, 0) for metric in _COMMERCE}
    else:
        figures = {metric: reported[metric] for metric in _COMMERCE if metric in reported}
    audience = reported if "viewers" in reported else counted
    return figures | ({"viewers": audience["viewers"]} if "viewers" in audience else {})
