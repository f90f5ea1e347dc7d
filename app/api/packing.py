"""Routes of a session's packing list and its cartons.

In: a session, a language. Out: JSON. Never here: which pieces are packed, layout.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.api.access import AppService, Operator, SessionId
from app.api.language import AnswerLanguage
from app.api.packing_models import CartonsDocument, PackingDocument
from app.api.results import UNCHANGED, Question, answer
from app.api.spooled import spooled
from app.kpis.reader import SessionQuery
from app.logistics import cartons, reader
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
    headers = {
        "Content-Language": asked.language,
        "Vary": "Accept-Language, Authorization",
        "Cache-Control": "private, no-cache",
    }
    return await spooled(request, partial(reader.write_document, service.database, asked), "application/json", headers)


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
