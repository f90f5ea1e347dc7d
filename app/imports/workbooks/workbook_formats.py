"""Which reader tells what the values of a spreadsheet file's cells do not, by its format.

In: a file. Out: a reader of its gaps. Never here: values.
"""

from typing import BinaryIO, Protocol
from zipfile import BadZipFile, ZipFile

from app.imports.workbooks.ods_errors import OdsErrors
from app.imports.workbooks.workbook_gaps import CellsOfSheet, WorkbookGaps
from app.imports.workbooks.xls_errors import XlsErrors
from app.imports.workbooks.xlsb_errors import XlsbErrors

COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class BesideValues(Protocol):
    """What the values of a file do not tell."""

    since_1904: bool

    def of_sheet(self, index: int) -> CellsOfSheet:
        """Return what they do not tell of a sheet, by its place among all sheets."""


def beside_values(file: BinaryIO) -> BesideValues:
    """Return the reader for the format of a file."""
    file.seek(0)
    if file.read(len(COMPOUND_FILE)) == COMPOUND_FILE:
        return XlsErrors(file)
    try:
        file.seek(0)
        with ZipFile(file) as archive:
            names = {*archive.namelist()}
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        return WorkbookGaps(file)
    if "xl/workbook.bin" in names:
        return XlsbErrors(file)
    return OdsErrors(file) if "content.xml" in names and "xl/workbook.xml" not in names else WorkbookGaps(file)
