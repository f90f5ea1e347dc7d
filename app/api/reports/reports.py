"""Routes of the results sheet: JSON, Excel, printable HTML.

In: a session, a language. Out: the document, or a file of it. Never here: layout, figures.
"""

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from app.api.access.authorization import AppService
from app.api.access.session_query import Question
from app.api.conventions.cancellation import while_connected
from app.api.conventions.documents import UNCHANGED, answer
from app.api.conventions.files import FILE_RESPONSES, HTML, XLSX, file_response, html_response
from app.api.figures.insights import insight_settings
from app.api.models.report import ReportDocument
from app.api.reports.editions import AskedEdition
from app.catalogue.brands import logos
from app.catalogue.brands.logos import LogoImage
from app.kpis.documents.render import Document
from app.kpis.reading.session_reader import SessionQuery
from app.problems import responses
from app.release import files as released_files, reader
from app.release.editions import client_revision
from app.reports import files
from app.reports.document import read_report
from app.reports.editions import Edition
from app.service import Service
from app.storage.event_log import log_partitions

router = APIRouter(prefix="/v1/sessions/{session}", tags=["results"], responses=UNCHANGED | responses(401, 403, 404, 422))


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
