"""What a cell shows in place of a value: the errors of spreadsheets, in all formats.

In: a cell's text, or the code of its error. Out: whether it is one, and what it shows. Never here: files.
"""

import re

_ERROR = re.compile(
    r"#[¡¿]?[^\W\d_][\w/]*[!?]|#N/[AD](?: N/A)?|#n/a|#N[VD]|#Н/Д|#GETTING_DATA|#{3,}"
    r"|(?:Err|Fehler|Erreur|错误|錯誤|エラー)\s?[:：]\s?\d{3}"
)
"""An error in the words of several languages, or a number that is wider than its column."""
_FORMULA = re.compile(
    r"=(?:[^\W\d_][\w.]*\(.*\)|(?:(?:'[^']+'|[^\W\d]\w*)!)?\$?[A-Z]{1,3}\$?[1-9]\d{0,6}(?:[-+*/&:,;^<>=].*)?)", re.DOTALL
)
"""The text of a formula, as a sheet that shows formulas is exported."""
_INITIALS = frozenset("#EF错錯エ")
UNCALCULATED = "#FORMULA!"
"""Replaces the value of a formula that was never computed, as libraries write it."""
_CODES = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip
"""Code of an error in xls and xlsb files → what the cell shows."""


def is_error(shown: str) -> bool:
    """Tell whether a cell shows an error, or a formula in place of its value.

    >>> is_error("#REF!"), is_error("#1001")
    (True, False)
    """
    if shown[:1] == "=":
        return _FORMULA.fullmatch(shown) is not None
    return shown[:1] in _INITIALS and _ERROR.fullmatch(shown) is not None


def error_of(code: int) -> str:
    """Return what a cell with an error of binary formats shows."""
    return _CODES.get(code, "#ERROR!")
