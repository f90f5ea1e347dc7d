"""Notation of numbers: which mark separates the decimals of a column.

In: the cells of a column. Out: `.` or `,`, or that they do not tell; numbers as decimal strings. Never here: which column holds
what.

`1,234` is a thousand or a fraction, and no cell alone tells which. The whole column usually does: `1,234.50`, `12,50`,
`1.234.567`. If it does not, the currency does where it is always written with a decimal point; else the operator must name the
mark.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

Mark = Literal[".", ","]

POINT_CURRENCIES = frozenset(
    ("AUD", "CNY", "GBP", "HKD", "INR", "JPY", "KRW", "MOP", "MYR", "NZD", "PHP", "SGD", "THB", "TWD", "USD")
)
"""Currencies that are written with a decimal point wherever they are used."""

_SIGNS: dict[str, frozenset[str]] = {
    "¥": frozenset(("CNY", "JPY")),
    # Shift_JIS has the yen sign at the place of ASCII's backslash.
    "\\": frozenset(("CNY", "JPY")),
    "元": frozenset(("CNY", "HKD", "MOP", "SGD", "TWD")),
    "円": frozenset(("JPY",)),
    "$": frozenset(("ARS", "AUD", "BRL", "CAD", "CLP", "COP", "HKD", "MOP", "MXN", "NZD", "SGD", "TWD", "USD")),
    "€": frozenset(("EUR",)),
    "£": frozenset(("GBP",)),
    "₩": frozenset(("KRW",)),
    "₫": frozenset(("VND",)),
    "₱": frozenset(("PHP",)),
    "₹": frozenset(("INR",)),
    "฿": frozenset(("THB",)),
    **{
        sign: frozenset((code,))
        for code, signs in {
            "AUD": ("A$", "AU$"), "BRL": ("R$",), "CAD": ("C$", "CA$"), "CNY": ("CN¥",), "HKD": ("HK$",), "JPY": ("JP¥",),
            "MOP": ("MOP$",), "MXN": ("MX$",), "NZD": ("NZ$",), "SGD": ("S$", "SG$"), "TWD": ("NT$",), "USD": ("US$",),
        }.items()
        for sign in signs
    },
}  # fmt: skip
_NAMES: dict[str, frozenset[str]] = {
    name: frozenset((code,))
    for code, names in {
        "AUD": ("澳元", "豪ドル"), "CNY": ("RMB", "人民币", "人民幣", "人民元", "YUAN"),
        "EUR": ("欧元", "歐元", "ユーロ", "EURO"), "GBP": ("英镑", "英鎊", "ポンド"), "HKD": ("港元", "港币", "港幣", "香港ドル"),
        "JPY": ("日元", "日圆", "日圓", "日币", "YEN"), "KRW": ("韩元", "韩币", "韓元", "ウォン", "WON"),
        "MOP": ("澳门元", "澳門元", "葡币"), "SGD": ("新加坡元",), "THB": ("泰铢", "バーツ"),
        "TWD": ("新台币", "新台幣", "台币", "台幣", "台湾ドル"), "USD": ("美元", "美金", "米ドル"),
    }.items()
    for name in names
}  # fmt: skip
_SIGN = re.compile("|".join(map(re.escape, sorted(_SIGNS, key=len, reverse=True))))
_NAMED = re.compile("|".join(map(re.escape, sorted(_SIGNS | _NAMES, key=len, reverse=True))))
_CODE = re.compile(r"(?<![A-Z])[A-Z]{3}(?![A-Z])")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"))
_NO_FRACTION = re.compile(r"\d[.,]-+\Z", re.ASCII)
_GROUPS = "[ \u00a0\u202f'\u2019]"
_MARKS: tuple[tuple[Mark, str, str], ...] = ((".", r"\.", ","), (",", ",", r"\."))
_SHAPES: dict[Mark, re.Pattern[str]] = {
    mark: re.compile(
        # Groups of three, or of two before the last three as India writes them.
        rf"(?P<whole>\d{{1,13}}|\d{{1,3}}(?:(?:{thousands}|{_GROUPS})\d{{3}}){{1,4}}|\d{{1,2}}(?:{thousands}\d{{2}}){{1,4}}{thousands}\d{{3}})?"
        rf"(?:{decimal}(?P<fraction>\d{{1,6}})?)?",
        re.ASCII,
    )
    for mark, decimal, thousands in _MARKS
}
_GROUPED: dict[str, re.Pattern[str]] = {
    mark: re.compile(rf"\d{{1,3}}(?:{mark}\d{{3}})+|\d{{1,2}}(?:{mark}\d{{2}})+{mark}\d{{3}}", re.ASCII) for mark in (",", r"\.")
}


class BadNumber(ValueError):
    """A cell holds no number of this notation."""


def bare(cell: str) -> str:
    """Return a number without signs of currencies, in half-width characters and with ASCII's minus in front."""
    text = cell if cell.isascii() else unicodedata.normalize("NFKC", cell).translate(_DASHES)
    text = _CODE.sub("", _SIGN.sub("", text)).strip()
    if text.startswith("(") and text.endswith(")"):
        return "-" + text[1:-1].strip()
    if _NO_FRACTION.search(text):
        # `12.-` and `12,–` state that there are no cents.
        return text.rstrip("-")
    if text.endswith("-"):
        return "-" + text[:-1].strip()
    if text[:1] in {"-", "+"}:
        return ("-" if text[0] == "-" else "") + text[1:].strip()
    return text


def foreign_currency(cell: str, currency: str) -> str | None:
    """Return the sign or code of another currency that a cell names; None if it names none or this one."""
    text = cell if cell.isascii() else unicodedata.normalize("NFKC", cell)
    for sign in _SIGN.findall(text):
        known = _SIGNS[sign]
        if currency not in known and any(currency in other for other in _SIGNS.values()):
            return str(sign)
    return next((code for code in _CODE.findall(text) if code not in {currency, "RMB"}), None)


def names_currency(cell: str, currency: str) -> bool:
    """Return whether a cell of a column of currencies names this one: by its code, its sign, or in words."""
    text = unicodedata.normalize("NFKC", cell).upper()
    named = [(_SIGNS | _NAMES)[name] for name in _NAMED.findall(text)]
    return any(currency in known for known in named) or currency in _CODE.findall(_NAMED.sub(" ", text))


def decimal(cell: str, mark: Mark) -> str:
    """Return a number as a decimal string with a point, negative numbers with `-`.

    Raises:
        BadNumber: the cell is no number, or is one of the other notation.
    """
    if not cell.isascii() and any(unicodedata.category(character) == "No" for character in cell):
        # A superscript or an encircled digit is a note, not a digit.
        raise BadNumber
    text = bare(cell)
    negative, text = text.startswith("-"), text.removeprefix("-")
    found = _SHAPES[mark].fullmatch(text)
    if found is None or not (found["whole"] or found["fraction"]):
        raise BadNumber
    digits = re.sub(r"\D", "", found["whole"] or "0")
    fraction = found["fraction"]
    value = f"{digits}.{fraction}" if fraction else digits
    return f"-{value}" if negative and value.strip("0.") else value


@dataclass(slots=True)
class NotationOfColumn:
    """What the cells of a column tell of its decimal mark."""

    point: int | None = None
    """First row that only a decimal point explains."""
    comma: int | None = None
    """First row that only a decimal comma explains."""
    open_point: int | None = field(default=None)
    """First row with a point that either explains."""
    open_comma: int | None = field(default=None)
    """First row with a comma that either explains."""

    def see(self, row: int, cell: str) -> None:
        """Note a cell."""
        if "." not in cell and "," not in cell and cell.isascii():
            return
        text = bare(cell).removeprefix("-")
        points, commas = text.count("."), text.count(",")
        if not points and not commas:
            return
        if points and commas:
            last_is_point = text.rfind(".") > text.rfind(",")
            if (points if last_is_point else commas) == 1:
                self._count_as_decimal(row, "." if last_is_point else ",")
            return
        mark: Mark = "." if points else ","
        if max(points, commas) > 1:
            if _GROUPED[r"\." if points else ","].fullmatch(text):
                self._count_as_decimal(row, "," if points else ".")
            return
        head, _, tail = text.partition(mark)
        if len(tail) == 3 and 0 < len(head) <= 3 and not head.startswith("0"):
            if mark == ".":
                self.open_point = self.open_point or row
            else:
                self.open_comma = self.open_comma or row
        else:
            self._count_as_decimal(row, mark)

    def _count_as_decimal(self, row: int, mark: Mark) -> None:
        if mark == ".":
            self.point = self.point or row
        else:
            self.comma = self.comma or row

    @property
    def decimal_mark(self) -> Mark | None:
        """The decimal mark that the cells show; None if they show none, or contradict each other."""
        if (self.point is None) == (self.comma is None):
            return None
        return "." if self.point is not None else ","

    @property
    def contradicts(self) -> bool:
        """True if rows of both notations stand in the column."""
        return self.point is not None and self.comma is not None

    @property
    def is_open(self) -> bool:
        """True if a cell means one number with a decimal point and another with a decimal comma."""
        return self.open_point is not None or self.open_comma is not None
