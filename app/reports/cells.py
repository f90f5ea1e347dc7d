"""Cells of the report: a figure with its label, and with its text as the results sheet shows it.

In: figures, exact or as a document has them. Out: cells of the report document. Never here: which figures a section has.
"""

from typing import Any

from app.kpis.documents.render import Document, plain
from app.kpis.evaluation.evaluate import Figure
from app.kpis.evaluation.metrics import Unit
from app.kpis.evaluation.number_format import format_figure, format_value
from app.kpis.evaluation.rounding import digits_of
from app.labels.catalogue import Language
from app.labels.notation import NOTHING


def cell_of(slug: str, name: str, figure: Figure, unit: Unit, currency: str, language: Language) -> Document:
    """Return the cell (`ReportCell`) of an exact figure."""
    text = format_figure(slug, figure, unit, currency, language)
    return _cell(name, plain(figure, unit, digits_of(currency)), unit, text, figure[2])


def value_cell(slug: str, name: str, value: Any, unit: Unit, currency: str, language: Language, *, basis: str | None) -> Document:
    """Return the cell of a figure of a document; `basis` is None for what was planned and not measured."""
    text = NOTHING if value is None else format_value(slug, value, unit, currency, language)
    return _cell(name, value, unit, text, "absent" if value is None and basis is not None else basis)


def _cell(name: str, value: Any, unit: Unit, text: str, basis: str | None) -> Document:
    return {"label": name, "value": value, "unit": unit.value, "text": text, "basis": basis}
