"""Files of a frozen document: Excel workbook, HTML page.

In: a frozen document, a language. Out: a file. Never here: figures that are not frozen; so there is no sheet of orders.
"""

from typing import Any

from app.catalogue.brands.logos import LogoImage
from app.kpis.documents.render import Document
from app.labels.catalogue import Language
from app.reports.files import ReportFile, draw_page, draw_workbook
from app.reports.render_process import RenderProcess


def documents_of(frozen: Document, language: Language) -> dict[str, Document]:
    """Return the documents behind the report, with the products' names in a language."""
    names, products = frozen["product_names"][language], frozen["documents"]["products"]

    def named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row | {"name": names[row["product"]]} for row in rows]

    other = products["other"] | {"products": named(products["other"]["products"])}
    documents: dict[str, Document] = frozen["documents"]
    return documents | {"products": products | {"products": named(products["products"]), "other": other}}


async def workbook(renderer: RenderProcess, frozen: Document, language: Language, logo: LogoImage | None = None) -> ReportFile:
    """Return the workbook; a logo is that of today, and no part of what is frozen.

    Raises:
        ProblemError: 503 when too many reports wait.
    """
    return await draw_workbook(renderer, frozen["report"][language], documents_of(frozen, language), logo=logo)


async def page(renderer: RenderProcess, frozen: Document, language: Language, logo: LogoImage | None = None) -> ReportFile:
    """Return the page, as `workbook`."""
    return await draw_page(renderer, frozen["report"][language], documents_of(frozen, language), logo)
