"""Routes of a statement's files: for Excel, to print, for accountants.

In: a statement, an edition, a language. Out: files. Never here: layout, figures.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response

from app.api.access.authorization import AppService, Viewer
from app.api.backoffice.settlements import AskedEdition, SettlementId
from app.api.conventions.cancellation import while_connected
from app.api.conventions.language import AnswerLanguage
from app.labels.catalogue import Language
from app.problems import responses
from app.reports.files import ReportFile
from app.settlement.files import rendering
from app.settlement.statements import settlement_reader
from app.settlement.statements.document import Settlement, client_edition

router = APIRouter(prefix="/v1/settlements", tags=["settlements"], responses=responses(401, 403, 404, 422))

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HTML = "text/html"
BEANCOUNT = "text/plain"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Asked:
    """A statement in the edition and the language of a request."""

    def __init__(self, settlement: Settlement, language: Language, *, internal: bool) -> None:
        """Take the edition."""
        self.settlement = settlement if internal else client_edition(settlement)
        self.language = language
        self.internal = internal


async def asked(
    service: AppService, principal: Viewer, settlement: SettlementId, language: AnswerLanguage, edition: AskedEdition
) -> Asked:
    """Return the statement; callers that are bound to a brand get the client edition."""
    stored = await settlement_reader.get(service.database, principal, settlement)
    return Asked(stored.settlement, language, internal=edition == "internal")


AskedFile = Annotated[Asked, Depends(asked)]


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}, "description": "the file"}}


def _answer(file: ReportFile, wanted: Asked, media_type: str, extension: str, **headers: str) -> Response:
    encoded = quote(f"{file.name}.{extension}", safe="")
    disposition = "inline" if media_type == HTML else "attachment"
    common: Mapping[str, str] = {
        "Content-Disposition": f"{disposition}; filename=\"statement.{extension}\"; filename*=UTF-8''{encoded}",
        "Content-Language": wanted.language,
        "Vary": "Accept-Language, Authorization, Cookie",
        "Cache-Control": "no-store",
    }
    return Response(file.content, media_type=media_type, headers={**common, **headers})


@router.get(
    "/{settlement}.xlsx",  # noqa: FAST003 - a dependency reads it
    operation_id="download_settlement_xlsx", summary="Download a statement for Excel",
    response_class=Response, responses=_file(XLSX),
)  # fmt: skip
async def settlement_xlsx(service: AppService, request: Request, wanted: AskedFile) -> Response:
    """Return a workbook: the statement with formulas, and its lines as a table with one header row."""
    work = rendering.workbook(service.renderer, wanted.settlement, wanted.language, internal=wanted.internal)
    return _answer(await while_connected(request, work), wanted, XLSX, "xlsx")


@router.get(
    "/{settlement}.html",  # noqa: FAST003 - a dependency reads it
    operation_id="download_settlement_html", summary="Download a statement as HTML",
    response_class=Response, responses=_file(HTML),
)  # fmt: skip
async def settlement_html(service: AppService, request: Request, wanted: AskedFile) -> Response:
    """Return a self-contained page for A4: no script, no external resource."""
    work = rendering.page(service.renderer, wanted.settlement, wanted.language, internal=wanted.internal)
    return _answer(
        await while_connected(request, work), wanted, HTML, "html", **{"Content-Security-Policy": _POLICY}
    )  # fmt: skip


@router.get(
    "/{settlement}.beancount",  # noqa: FAST003 - a dependency reads it
    operation_id="download_settlement_beancount", summary="Download a statement for accountants",
    response_class=Response, responses=_file(BEANCOUNT),
)  # fmt: skip
async def settlement_beancount(wanted: AskedFile) -> Response:
    """Return a transaction in the text format of beancount, in the agency's books."""
    file = rendering.ledger(wanted.settlement, wanted.language, internal=wanted.internal)
    return _answer(file, wanted, BEANCOUNT, "beancount")
