"""Renders a statement as a file.

In: a statement, an edition, a language. Out: bytes and a name. Never here: layout, HTTP.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from app.labels.catalogue import Language
from app.reports.files import ReportFile
from app.reports.render_process import RenderProcess
from app.settlement.files.beancount import export
from app.settlement.files.page import render
from app.settlement.files.wording import FileContent
from app.settlement.files.workbook import write_workbook
from app.settlement.statements.document import Settlement


async def workbook(renderer: RenderProcess, settlement: Settlement, language: Language, *, internal: bool) -> ReportFile:
    """Return the workbook.

    Raises:
        ProblemError: 503 when too many reports wait.
    """
    content = FileContent(settlement, language, internal)
    with TemporaryDirectory(prefix="tallylight-statement-") as folder:
        path = Path(folder) / "statement.xlsx"
        await renderer.run(write_workbook, content, path)
        return ReportFile(content.words().file_name(), path.read_bytes())


async def page(renderer: RenderProcess, settlement: Settlement, language: Language, *, internal: bool) -> ReportFile:
    """Return the page, as `workbook`."""
    content = FileContent(settlement, language, internal)
    return ReportFile(content.words().file_name(), (await renderer.run(render, content)).encode())


def ledger(settlement: Settlement, language: Language, *, internal: bool) -> ReportFile:
    """Return the beancount file."""
    return ReportFile(FileContent(settlement, language, internal).words().file_name(), export(settlement).encode())
