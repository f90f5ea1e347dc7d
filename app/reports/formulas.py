"""Formulas where a reader would trace a ratio: `=B12/C4` in the place of 5.20 %.

In: a KPI's registry entry, where the other figures stand. Out: an Excel formula and its exact value. Never here: formulas of
KPIs (they are the registry's), a formula whose result differs from the figure.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from xlsxwriter.utility import xl_rowcol_to_cell

from app.kpis.documents.render import Document
from app.kpis.evaluation.metrics import BY_SLUG, Unit
from app.kpis.evaluation.rounding import half_up

_DIGITS = Decimal(1_000_000)


class Place(NamedTuple):
    """Where a figure stands in the sheet, and its value as the document has it."""

    cell: str
    value: int | float | str | None


class Formula(NamedTuple):
    """An Excel formula, and the value that it gives."""

    text: str
    value: float


def formula_of(slug: str, figure: Document, places: Mapping[str, Place], digits: int) -> Formula | None:
    """Return the formula of a KPI over cells of the sheet.

    None where the KPI is no quotient, where a part of it does not stand in the sheet, and where the quotient of what stands
    there is another figure: a part that is missing on one platform, for instance.
    """
    quotient = BY_SLUG[slug].quotient
    if quotient is None or quotient.from_parts or quotient.times != 1 or quotient.per != 1 or figure["value"] is None:
        return None
    names = (*quotient.numerators, quotient.denominator)
    if any(name not in places or places[name].value is None for name in names):
        return None
    above = sum((Decimal(str(places[name].value)) for name in quotient.numerators), Decimal(0))
    below = Decimal(str(places[quotient.denominator].value))
    if not below:
        return None
    scale = Decimal(10) ** digits if BY_SLUG[slug].unit is Unit.MONEY else _DIGITS
    top, bottom = (above * scale * 100).to_integral_value(), (below * 100).to_integral_value()
    if half_up(int(top), int(bottom)) != Decimal(str(figure["value"])) * scale:
        return None
    cells = "+".join(places[name].cell for name in quotient.numerators)
    numerator = f"({cells})" if len(quotient.numerators) > 1 else cells
    return Formula(f"={numerator}/{places[quotient.denominator].cell}", float(above / below))


def remainder_formula(section: Document, key: str, rows: tuple[int, int], column: int) -> str:
    """Return total minus the products' rows above, where that is what the remainder is: people cannot be subtracted.

    `rows` are the first product's and the remainder's own, from 0; the total stands below. Empty where it would not hold.
    """
    if key == "buyers":
        return ""
    figures = [row["figures"][key]["value"] for row in section["rows"]]
    total, rest = section["total"]["figures"][key]["value"], section["other"]["figures"][key]["value"]
    if total is None or rest is None or not figures:
        return ""
    shown = sum((Decimal(str(value)) for value in figures if value is not None), Decimal(0))
    if Decimal(str(total)) - shown != Decimal(str(rest)):
        return ""
    first, last = rows
    above = f"{xl_rowcol_to_cell(first, column)}:{xl_rowcol_to_cell(last - 1, column)}"
    return f"={xl_rowcol_to_cell(last + 1, column)}-SUM({above})"
