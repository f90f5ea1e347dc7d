"""Files of products, as merchandisers keep them in a spreadsheet.

In: a table and which column is what. Out: `code` and what else a row states of the product. Never here: storage, which products
exist.
"""

from app.imports import csv_cells
from app.imports.options import ProductOptions
from app.imports.record_import import RecordImport


class ProductImport(RecordImport):
    """A file of products."""

    model = ProductOptions
    numbers = ("net_weight_g",)
    times = ()
    needed = frozenset(("code",))

    def _cell(self, name: str, heading: str, cell: str) -> str | None:
        if name != "net_weight_g":
            return csv_cells.text(cell)
        grams = csv_cells.number(cell, self.survey.decimal.get(heading, "."))
        return None if grams is None else str(grams)
