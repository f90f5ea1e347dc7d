"""The targets document.

In: nothing. Out: models for the documentation. Never here: figures.
"""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from app.api.models.results import Basis, DocumentModel
from app.kpis.comparison.targets import State
from app.kpis.evaluation.metrics import Unit
from app.storage.kpis.session_status import SessionStatus

Value = int | float | str | None


class TargetLength(DocumentModel):
    """How long the session lasts."""

    seconds: int | float = Field(examples=[9000])
    basis: Literal["planned", "history"] = Field(description="the plan, or the median of the brand's earlier sessions")


class TargetFigure(DocumentModel):
    """A KPI against its target."""

    kpi: str = Field(examples=["gmv"])
    unit: Unit
    target: Value
    value: Value
    basis: Basis = Field(description="of the value")
    attained: float | int | None = Field(description="value ÷ target")
    pace: Value = Field(description="what the figure should be by now; null before the start, and where no length is known")
    pace_basis: Literal["history", "linear", "target"] | None = Field(
        description="`history`: the target × the share that the brand's earlier sessions had reached at this point of their "
        "time; `linear`: × the share of the time that has passed; `target`: the target itself (ratios, limits, after the end)"
    )
    sessions: int = Field(ge=0, description="earlier sessions that the pace is made of")
    bound: Literal["at_least", "at_most"] = Field(description="`at_most`: the target is an upper limit")
    state: State


class TargetsDocument(DocumentModel):
    """The targets of a session, in the order of the KPIs."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "session": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d", "status": "live", "as_of": "2021-09-25T15:15:00+09:00",
                "currency": "CNY", "shared": False, "length": {"seconds": 9000, "basis": "planned"}, "progress": 0.5,
                "targets": [
                    {
                        "kpi": "gmv", "unit": "money", "target": "500000.00", "value": "210000.00", "basis": "counted",
                        "attained": 0.42, "pace": "225000.00", "pace_basis": "history", "sessions": 8, "bound": "at_least",
                        "state": "behind",
                    }
                ],
            }
        }
    )  # fmt: skip

    session: str
    status: SessionStatus
    as_of: datetime
    currency: str
    shared: bool = Field(description="whether readers outside the agency see the targets")
    length: TargetLength | None = Field(description="null without a planned length and without earlier sessions")
    progress: float | int | None = Field(
        description="the share of the length that has passed", json_schema_extra={"minimum": 0, "maximum": 1}
    )
    targets: list[TargetFigure] = Field(description="none for a reader outside the agency unless they are shared")
