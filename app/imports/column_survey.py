"""What whole columns tell: the decimal mark of numbers, the order of day and month, rows that are totals.

In: the rows of a table, twice. Out: how to read a cell of each column. Never here: which event a row becomes.

The first pass only looks. What the cells of a column leave open is decided by the operator's options, by other columns or by
the currency, in this order; if none decides, the file is refused with the name of the option that does.
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from app.imports.cell_times import EXACT_DECIMALS, DateOrder, date_order_of, lacks_offset, serial_decimals, time_of_day
from app.imports.csv_cells import identifying, never_set
from app.imports.float_codes import FloatCodes, without_fraction
from app.imports.number_notation import POINT_CURRENCIES, Mark, NotationOfColumn
from app.imports.table_heading import BadFile
from app.imports.table_reader import Row

_TOTAL = re.compile(
    r"(合计|合計|总计|總計|総計|总和|共计|小计|小計|计|計|grand total|sub-?total|totals?|sum|gesamt|summe)(\s*[:(\d].*)?",
    re.IGNORECASE,
)

_ASCII_INITIALS = frozenset("gstGST")
"""How a total begins in ASCII: what begins otherwise, as most cells do, needs no pattern."""


@dataclass(frozen=True, slots=True)
class Survey:
    """How to read the cells of a file."""

    decimal: Mapping[str, Mark]
    """Heading of a column of numbers → its decimal mark; only columns in which it matters."""
    date_order: Mapping[str, DateOrder]
    """Heading of a column of times → order of day, month and year; only columns whose dates do not begin with the year."""
    serial_dates: Mapping[str, bool]
    """Heading of a column of times that holds numbers of days, as spreadsheets do → whether they are exact to the second."""
    dates: Mapping[str, int]
    """Heading of a column of times → rows whose cell is a date without a time of day."""
    total_rows: frozenset[int]
    last_row_of: Mapping[str, int]
    """Content of the grouping column → the last row that holds it."""
    rows: int
    """Rows that hold anything, totals left out."""
    shared: frozenset[str] = frozenset()
    """Contents of the column `owned` that stand in several groups."""
    hidden_rows: int = 0
    """Rows that hold anything and that the sheet hides."""
    float_codes: frozenset[str] = frozenset()
    """Headings of columns whose codes are written as `1001.0`; `last_row_of` and `shared` have them without the fraction."""
    needs_zone: bool = False
    """Whether a time has no offset, so that a zone had to be assumed."""
    repeats_parts: bool = False
    """Whether each group of several rows has one content in all cells of the column `parts`, as a repeated total has."""


@dataclass(slots=True)
class Surveyor:
    """Looks at rows, then says how to read them."""

    numbers: Iterable[str]
    """Headings of columns of numbers."""
    times: Iterable[str]
    """Headings of columns of times."""
    key: str | None
    """Heading of the column that groups rows."""
    currency: str
    decimal: Mark | None = None
    date_order: DateOrder | None = None
    owned: str | None = None
    """Heading of a column whose contents should stand in one group each."""
    parts: str | None = None
    """Heading of a column whose contents add up in a group."""
    codes: Iterable[str] = ()
    """Headings of columns that identify something."""
    hidden: Container[int] = frozenset()
    """Rows that the sheet hides."""
    _part_of: dict[str, str] = field(default_factory=dict)
    """Group → its content of the column `parts`, while no group has two."""
    _repeated: bool = False
    _needs_zone: bool = False
    _notations: dict[str, NotationOfColumn] = field(default_factory=dict)
    _orders: dict[str, set[DateOrder]] = field(default_factory=dict)
    _needs_order: dict[str, int] = field(default_factory=dict)
    _serial: dict[str, bool] = field(default_factory=dict)
    _dates: dict[str, int] = field(default_factory=dict)
    _midnights: dict[str, int] = field(default_factory=dict)
    """The same of cells that state midnight."""
    _later: set[str] = field(default_factory=set)
    """Columns with another time of day."""
    _identifying: list[str] = field(default_factory=list)

    def survey(self, rows: Iterable[Row]) -> Survey:
        """Return how to read the rows.

        Raises:
            BadFile: a column can be read in more than one way.
        """
        self._notations = {heading: NotationOfColumn() for heading in self.numbers}
        self._orders = {heading: {"ymd", "dmy", "mdy"} for heading in self.times}
        self._identifying = ([self.key] if self.key else []) + list(self.times)
        totals: set[int] = set()
        last: dict[str, int] = {}
        owners: dict[str, str] = {}
        shared: set[str] = set()
        count = hidden = 0
        float_codes = FloatCodes(self.codes)
        for row in rows:
            if row.blank:
                continue
            if self._is_total(row):
                totals.add(row.number)
                continue
            count += 1
            hidden += row.number in self.hidden
            if self.key is not None:
                key = identifying(row.cells[self.key])
                last[key] = row.number
                if self.parts is not None and (part := row.cells[self.parts]):
                    self._look_at_part(key, part)
                if self.owned is not None and (one := row.cells[self.owned]) and owners.setdefault(identifying(one), key) != key:
                    shared.add(identifying(one))
            if row.fault is None:
                self._look(row)
                float_codes.see(row.cells)
        if self.key in float_codes.found:
            last = {without_fraction(key): number for key, number in last.items()}
        if self.owned in float_codes.found:
            shared = {without_fraction(one) for one in shared}
        return Survey(
            self._decimals(),
            self._date_orders(),
            self._serial,
            self._without_time(),
            frozenset(totals),
            last,
            count,
            frozenset(shared),
            hidden,
            float_codes.found,
            self._needs_zone,
            self._repeated and self.parts is not None,
        )

    def _look_at_part(self, key: str, part: str) -> None:
        if key not in self._part_of:
            self._part_of[key] = part
        elif self._part_of[key] == part:
            self._repeated = True
        else:
            # One group whose parts differ shows that they are parts.
            self.parts = None
            self._part_of.clear()

    def _look(self, row: Row) -> None:
        for heading, notation in self._notations.items():
            if cell := row.cells[heading]:
                notation.see(row.number, cell)
        for heading in self._orders:
            if cell := row.cells[heading]:
                self._look_at_time_of_day(heading, cell)
                self._needs_zone = self._needs_zone or lacks_offset(cell)
                if (decimals := serial_decimals(cell)) is not None:
                    self._serial[heading] = self._serial.get(heading, False) or decimals >= EXACT_DECIMALS
                    continue
                allowed, needed = date_order_of(cell)
                if needed:
                    self._needs_order.setdefault(heading, row.number)
                    self._orders[heading] &= allowed

    def _look_at_time_of_day(self, heading: str, cell: str) -> None:
        found = None if never_set(cell) else time_of_day(cell)
        if found == "later":
            self._later.add(heading)
        elif found is not None:
            counts = self._dates if found == "none" else self._midnights
            counts[heading] = counts.get(heading, 0) + 1

    def _without_time(self) -> dict[str, int]:
        """Return how many cells of each column are dates; if all state midnight, databases and data frames wrote dates so."""
        found = dict(self._dates)
        for heading, count in self._midnights.items():
            if heading not in self._later and count + found.get(heading, 0) > 1:
                found[heading] = found.get(heading, 0) + count
        return found

    def _is_total(self, row: Row) -> bool:
        """Tell whether a row sums others up: it says so, and it has neither a key nor a time."""
        for heading in self._identifying:
            if (cell := row.cells[heading]) and not says_total(cell):
                return False
        return any(says_total(cell) for cell in row.others)

    def _decimals(self) -> dict[str, Mark]:
        marks = {heading: notation.decimal_mark for heading, notation in self._notations.items()}
        others = {mark for mark in marks.values() if mark is not None}
        decided: dict[str, Mark] = {}
        for heading, notation in self._notations.items():
            mark = marks[heading]
            if mark is None and not notation.is_open and not notation.contradicts:
                continue
            if self.decimal is not None:
                mark = self.decimal
            elif mark is None and not notation.contradicts and len(others) == 1:
                mark = next(iter(others))
            elif mark is None and self.currency in POINT_CURRENCIES:
                mark = "."
            if mark is None:
                raise BadFile(_open_question(heading, notation), "decimal")
            decided[heading] = mark
        return decided

    def _date_orders(self) -> dict[str, DateOrder]:
        decided: dict[str, DateOrder] = {}
        for heading, row in self._needs_order.items():
            orders = self._orders[heading]
            if self.date_order is not None:
                decided[heading] = self.date_order
            elif len(orders) == 1:
                decided[heading] = next(iter(orders))
            else:
                detail = f"column {heading}: row {row} and others do not tell the day from the month; name the order"
                raise BadFile(detail, "date_order")
        return decided


def _open_question(heading: str, notation: NotationOfColumn) -> str:
    if notation.contradicts:
        return (
            f"column {heading}: row {notation.point} has a decimal point and row {notation.comma} a decimal comma; "
            "name the decimal mark"
        )
    row = notation.open_point or notation.open_comma
    return f"column {heading}: row {row} can be thousands or a fraction; name the decimal mark"


def says_total(cell: str) -> bool:
    """Tell whether a cell is a word for a total, with or without a figure behind it."""
    if cell.isascii() and cell.lstrip()[:1] not in _ASCII_INITIALS:
        return False
    return len(cell) < 64 and _TOTAL.fullmatch(unicodedata.normalize("NFKC", cell.strip())) is not None
