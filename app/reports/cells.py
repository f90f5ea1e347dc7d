"""Cells of the report: a figure with its label, and with its text as the results sheet shows it.

In: exact figures. Out: cells of the report document. Never here: which figures a section has.
"""

from app.kpis.evaluate import Figure
from app.kpis.metrics import Unit
from app.kpis.number_format import format_figure
from app.kpis.render import Document, plain
from app.kpis.rounding import digits_of
from app.labels.catalogue import Language


def cell_of(slug: str, name: str, figure: Figure, unit: Unit, currency: str, language: Language) -> Document:
    """Return a figure's cell (`ReportCell`)."""
    return {
        "label": name,
        "value": plain(figure, unit, digits_of(currency)),
        "unit": unit.value,
        "text": format_figure(slug, figure, unit, currency, language),
        "basis": figure[2],
    }
