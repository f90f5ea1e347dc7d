"""Routes of the results sheet: JSON, Excel, printable HTML.

In: a session, a language. Out: the document, or a file of it. Never here: layout, figures.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from app.api.access import AppService
from app.api.cancellation import while_connected
from app.api.editions import AskedEdition
from app.api.insights import insight_settings
from app.api.report_models import ReportDocument
from app.api.results import UNCHANGED, Question, answer
from app.catalogue import logos
from app.catalogue.logos import LogoImage
from app.kpis.reader import SessionQuery
from app.kpis.render import Document
from app.labels.catalogue import Language
from app.problems import responses
from app.release import files as released_files, reader
from app.release.editions import client_revision
from app.reports import files
from app.reports.document import read_report
from app.reports.editions import Edition
from app.reports.files import ReportFile
from app.service import Service
from app.storage import log_partitions

router = APIRouter(prefix="/v1/sessions/{session}", tags=["results"], responses=UNCHANGED | responses(401, 403, 404, 422))

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HTML = "text/html"
# The page loads nothing and runs no script, even if a product name contained markup.
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}, "description": "the file"}}


FILE_RESPONSES = {media_type: _file(media_type) for media_type in (XLSX, HTML)}
"""OpenAPI `responses` of a route that returns a file of this type."""


def file_headers(language: Language, name: str, extension: str, disposition: str, ascii_name: str = "report") -> dict[str, str]:
    """Return the headers of a file."""
    # RFC 6266: an ASCII name for old clients, the real one encoded by RFC 8187.
    encoded = quote(f"{name}.{extension}", safe="")
    return {
        "Content-Disposition": f"{disposition}; filename=\"{ascii_name}.{extension}\"; filename*=UTF-8''{encoded}",
        "Content-Language": language,
        "Vary": "Accept-Language, Authorization, Cookie",
        "Cache-Control": "no-store",
    }


def file_response(book: ReportFile, language: Language) -> Response:
    """Return a workbook to download."""
    return Response(book.content, media_type=XLSX, headers=file_headers(language, book.name, "xlsx", "attachment"))


def html_response(page: ReportFile, language: Language) -> Response:
    """Return a page to show."""
    headers = {**file_headers(language, page.name, "html", "inline"), "Content-Security-Policy": _POLICY}
    return Response(page.content, media_type=HTML, headers=headers)


async def _frozen(service: Service, asked: SessionQuery, edition: Edition) -> Document | None:
    """Return the latest revision, for a client, or if the session's log was dropped; None: the present figures are reported.

    Raises:
        ProblemError: 404 for the session, and before its first release.
    """
    if not asked.client:
        async with service.database.acquire() as connection:
            if await log_partitions.dropped_at(connection, asked.session) is None:
                return None
    found = await reader.parsed(await reader.frozen(service.database, asked.session, asked.brand, None))
    return client_revision(found) if asked.client or edition == "client" else found


async def _logo(service: Service, asked: SessionQuery, edition: Edition) -> LogoImage | None:
    """Return what the client edition shows beside its title."""
    return await logos.for_report(service.database, asked.session) if asked.client or edition == "client" else None


@router.get(
    "/report",
    summary="Get the results sheet",
    operation_id="get_report",
    response_model=ReportDocument,
    responses=responses(503),
)
async def report(service: AppService, request: Request, asked: Question, edition: AskedEdition) -> Response:
    """Return the results sheet: its sections with labels, values and formatted texts.

    A viewer that is bound to a brand gets the latest revision, and so do all once the session's log was dropped; others get the
    present figures.
    """
    if frozen := await _frozen(service, asked, edition):
        return answer(frozen["report"][asked.language], asked)
    wanted = replace(asked, client=edition == "client")
    insights = insight_settings(service.settings)
    work = service.read_side.run(lambda database: read_report(database, wanted, insights))
    return answer(await while_connected(request, work), asked)


@router.get(
    "/report.xlsx",
    summary="Download the results sheet for Excel",
    operation_id="download_report_xlsx",
    response_class=Response,
    responses=FILE_RESPONSES[XLSX],
)
async def report_xlsx(service: AppService, request: Request, asked: Question, edition: AskedEdition) -> Response:
    """Return a workbook: the results sheet, the figures by minute with charts, and, in the internal edition, every order line."""
    if frozen := await _frozen(service, asked, edition):
        work = released_files.workbook(service.renderer, frozen, asked.language, await _logo(service, asked, edition))
    else:
        wanted = replace(asked, client=edition == "client")
        insights = insight_settings(service.settings)
        work = service.read_side.run(lambda database: files.workbook(database, service.renderer, wanted, insights))
    return file_response(await while_connected(request, work), asked.language)


@router.get(
    "/report.html",
    summary="Download the results sheet as HTML",
    operation_id="download_report_html",
    response_class=Response,
    responses=FILE_RESPONSES[HTML],
)
async def report_html(service: AppService, request: Request, asked: Question, edition: AskedEdition) -> Response:
    """Return a self-contained page for A4: no script, no external resource."""
    if frozen := await _frozen(service, asked, edition):
        work = released_files.page(service.renderer, frozen, asked.language, await _logo(service, asked, edition))
    else:
        wanted = replace(asked, client=edition == "client")
        insights = insight_settings(service.settings)
        work = service.read_side.run(lambda database: files.page(database, service.renderer, wanted, insights))
    return html_response(await while_connected(request, work), asked.language)
