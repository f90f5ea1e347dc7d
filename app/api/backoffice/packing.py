"""Routes of a session's packing list and its cartons.

In: a session, a language. Out: JSON, a workbook. Never here: which pieces are packed, layout.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO, Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.access.authorization import AppService, Operator, SessionId
from app.api.access.session_query import Question
from app.api.conventions.documents import UNCHANGED, answer
from app.api.conventions.files import FILE_RESPONSES, XLSX, file_headers
from app.api.conventions.language import AnswerLanguage
from app.api.conventions.spooled import spooled
from app.api.models.packing import CartonsDocument, PackingDocument
from app.catalogue.models import Day
from app.kpis.reading.session_reader import SessionQuery
from app.logistics import carriers, cartons, files, reader
from app.logistics.cartons import NewCartons
from app.problems import responses

router = APIRouter(prefix="/v1/sessions/{session}", tags=["logistics"], responses=UNCHANGED | responses(401, 403, 404, 422))


async def _asked_by_operator(session: SessionId, principal: Operator, language: AnswerLanguage) -> SessionQuery:
    return SessionQuery(session, principal.brand_id, datetime.now(UTC), language)


OperatorQuestion = Annotated[SessionQuery, Depends(_asked_by_operator)]


@router.get("/packing-list", summary="Packing list", operation_id="get_packing_list", response_model=PackingDocument)
async def packing_list(service: AppService, request: Request, asked: Question) -> Response:
    """Return what is still to be sent, by customer and in total.

    Refunded pieces are taken off; cancelled and shipped orders are left out.
    """

    async def write(file: IO[bytes]) -> Mapping[str, str]:
        await reader.write_document(service.database, asked, file)
        return {
            "Content-Language": asked.language,
            "Vary": "Accept-Language, Authorization, Cookie",
            "Cache-Control": "private, no-cache",
        }

    return await spooled(request, write, "application/json")


@router.get(
    "/packing-list.xlsx",
    summary="Download the packing list for Excel",
    operation_id="download_packing_list_xlsx",
    response_class=Response,
    responses=FILE_RESPONSES[XLSX],
)
async def packing_list_xlsx(service: AppService, request: Request, asked: Question) -> Response:
    """Return a workbook: the list by customer, the pick list, one list of contents per carton, and what is to be checked."""

    async def write(file: IO[bytes]) -> Mapping[str, str]:
        name = await files.workbook(service.database, service.renderer, asked, file)
        return file_headers(asked.language, name, "xlsx", "attachment", "packing-list")

    return await spooled(request, write, XLSX)


@router.get(
    "/packing-list.csv",
    summary="Download a carrier's file",
    operation_id="download_carrier_file",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}, "description": "the file"}},
)
async def carrier_file(
    service: AppService,
    request: Request,
    asked: Question,
    carrier: Annotated[Literal["yamato_b2"], Query(description="yamato_b2: ヤマト B2クラウド, in Shift_JIS")] = "yamato_b2",
    ship_on: Annotated[Day | None, Query(description="planned day of shipping; absent: today where the session is")] = None,
) -> Response:
    """Return a row per order that is to be sent, under its number; columns of addresses are empty, since none are stored."""

    async def write(file: IO[bytes]) -> Mapping[str, str]:
        name = await carriers.write_yamato(service.database, asked, ship_on, file)
        return file_headers(asked.language, f"{carrier}_{name}", "csv", "attachment", carrier)

    return await spooled(request, write, "text/csv; charset=Shift_JIS")


@router.get("/cartons", summary="Cartons", operation_id="list_cartons", response_model=CartonsDocument)
async def list_cartons(service: AppService, asked: Question) -> Response:
    """Return the session's cartons with their customers."""
    return answer(await cartons.read(service.database, asked), asked)


@router.put(
    "/cartons",
    summary="Pack customers into cartons",
    operation_id="put_cartons",
    response_model=CartonsDocument,
    responses=responses(400),
)
async def put_cartons(service: AppService, asked: OperatorQuestion, form: NewCartons) -> Response:
    """Replace the session's cartons.

    A carton holds what its customers are to be sent now, and what it held of them that was shipped meanwhile.
    """
    return answer(await cartons.put(service.database, asked, form), asked)
