"""Files of tracking numbers, as a carrier's program exports them.

In: a table and which column is what. Out: `order`, `tracking`, and of `carrier`, `shipped_at` and `accepted_at` what is known.
Never here: storage, which orders exist.
"""

from app.imports import csv_cells
from app.imports.options import TrackingOptions
from app.imports.record_import import RecordImport


class TrackingImport(RecordImport):
    """A file of tracking numbers."""

    model = TrackingOptions
    times = ("shipped_at", "accepted_at")
    needed = frozenset(("order", "tracking"))

    def _cell(self, name: str, heading: str, cell: str) -> str | None:
        if name not in self.times:
            return csv_cells.text(cell)
        time = self._time(heading, cell)
        return None if time is None else time.at.isoformat()
