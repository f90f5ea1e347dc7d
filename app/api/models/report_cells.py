"""Cells, columns and tables of the report document.

In: nothing. Out: models for the documentation. Never here: figures.
"""

from typing import Literal

from pydantic import Field

from app.api.models.results import Basis, DocumentModel
from app.kpis.evaluation.metrics import Unit


class TableCell(DocumentModel):
    """A figure of a table, measured or planned, with its label and its text."""

    label: str = Field(examples=["平均再生時間"])
    value: int | float | str | None = Field(examples=[634.2])
    unit: Unit
    text: str = Field(examples=["10.57分"])
    basis: Basis | None = Field(description="null for what was planned and not measured, such as a target")


class ReportCell(TableCell):
    """A figure with its label, and with its text as the results sheet shows it."""

    basis: Basis


class KpiCell(ReportCell):
    """A KPI of the sheet."""

    slug: str = Field(examples=["average_watch_seconds"])


class ReportColumn(DocumentModel):
    """A column of a table."""

    key: str
    label: str


class ReportRow(DocumentModel):
    """A row of a table of figures."""

    kind: Literal["row", "rest", "total"]
    name: str = Field(examples=["小林"])
    figures: dict[str, TableCell] = Field(description="by key of the column")


class TableSection(DocumentModel):
    """A table of figures that a session may have or not."""

    title: str
    shared: bool = Field(description="whether the client edition has it")
    columns: list[ReportColumn]
    rows: list[ReportRow]
    notes: list[str]
