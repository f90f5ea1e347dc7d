"""A statement as an Excel workbook: the sheet to read, and tidy sheets to compute with.

In: a statement in one edition. Out: a file. Never here: figures, texts of its own.
"""

from pathlib import Path

from xlsxwriter import Workbook

from app.events.characters import clean_values
from app.reports.excel.formats import WorkbookStyle
from app.settlement.files.statement_sheet import StatementSheet
from app.settlement.files.tidy_sheets import write_chain, write_lines, write_platform
from app.settlement.files.wording import FileContent
from app.settlement.statements.document import Settlement


def write_workbook(content: FileContent, path: Path) -> None:
    """Write the workbook."""
    # Titles that were stored before texts were cleaned on arrival may hold what XML forbids.
    found = Settlement.model_validate(clean_values(content.statement.model_dump(mode="json")))
    content = content._replace(statement=found)
    words = content.words()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    book = Workbook(path, options)
    book.set_properties({"title": words.file_name(), "author": found.issuer or "Tallylight", "created": _created(found)})
    book.set_calc_mode("auto")
    style = WorkbookStyle(book, content.language, found.currency)
    StatementSheet(style, book.add_worksheet(words.word("sheet.statement")), words).write()
    write_lines(style, book.add_worksheet(words.word("sheet.lines")), words)
    if content.internal and found.chain:
        write_chain(style, book.add_worksheet(words.word("sheet.chain")), words)
    if content.internal and found.platform:
        write_platform(style, book.add_worksheet(words.word("sheet.platform")), words)
    book.close()


def _created(statement: Settlement) -> object:
    return (statement.issued_at or statement.computed_at).replace(tzinfo=None, microsecond=0)
