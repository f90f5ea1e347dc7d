"""Columns of codes that a data frame wrote as fractions: `1001.0`, since one cell of the column was empty.

In: the cells of columns that identify something. Out: the columns in which every code is such a number. Never here: rows, the
meaning of a column.

Read as it is written, order `1001.0` would be another order than `1001` of the next export, and product `55.0` be unknown.
"""

import re
from collections.abc import Iterable, Mapping

from app.imports.csv_cells import EMPTY

_FRACTION = ".0"
_FLOAT = re.compile(r"(?:0|[1-9]\d{0,15})\.0", re.ASCII)
"""A longer number is written with an exponent."""


class FloatCodes:
    """Tells columns whose codes are all such numbers."""

    def __init__(self, headings: Iterable[str]) -> None:
        """Look at these columns."""
        self._open = dict.fromkeys(headings, False)

    def see(self, cells: Mapping[str, str]) -> None:
        """Look at the cells of a row; a column with another code is given up."""
        for heading in list(self._open):
            cell = cells[heading]
            if cell in EMPTY:
                continue
            if _FLOAT.fullmatch(cell) is None:
                del self._open[heading]
            else:
                self._open[heading] = True

    @property
    def found(self) -> frozenset[str]:
        """The headings of such columns."""
        return frozenset(heading for heading, seen in self._open.items() if seen)


def without_fraction(code: str) -> str:
    """Return a code of such a column as it was before."""
    return code.removesuffix(_FRACTION)
