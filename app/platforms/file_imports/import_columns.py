"""What the headings of a file are taken for, before it is imported.

In: what the reading process found. Out: a response model. Never here: the guess (`imports.column_guess`).
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from app.catalogue.models import ResponseModel

_EXAMPLE: dict[str, Any] = {
    "format": "workbook", "encoding": None, "separator": None, "sheet": "注文", "sheets": ["注文", "集計"], "heading_row": 3,
    "headings": [
        {"heading": "注文番号", "column": 1, "examples": ["20260925-1001", "20260925-1002"]},
        {"heading": "品目", "column": 2, "examples": ["knit-01"]},
    ],
    "guessed": {"order": {"heading": "注文番号", "by": "name"}},
    "missing": [["product"], ["line_amount", "unit_price", "amount"]],
}  # fmt: skip


class FileHeading(ResponseModel):
    """A column of a file."""

    heading: str = Field(description="as `columns` names it; the second column of one heading is `heading#2`")
    column: int = Field(description="its number, counted from 1")
    examples: list[str] = Field(description="what its first cells hold, at most three")


class ColumnGuess(ResponseModel):
    """The column that a field is taken from."""

    heading: str
    by: Literal["name", "content"] = Field(description="whether the heading says it, or the cells below")


class ImportColumns(ResponseModel):
    """The headings of a file and what they are taken for."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    format: Literal["csv", "workbook"]
    encoding: str | None
    separator: str | None
    sheet: str | None
    sheets: list[str] = Field(description="the visible sheets of a workbook")
    heading_row: int
    headings: list[FileHeading]
    guessed: dict[str, ColumnGuess] = Field(description="field → column, for fields that `columns` does not name")
    missing: list[list[str]] = Field(description="groups of fields of each of which one must be chosen in `columns`")
