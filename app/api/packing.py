"""Routes of a session's packing list.

In: a session, a language. Out: JSON. Never here: which pieces are packed, layout.
"""

from functools import partial

from fastapi import APIRouter, Request, Response

from app.api.access import AppService
from app.api.packing_models import PackingDocument
from app.api.results import UNCHANGED, Question
from app.api.spooled import spooled
from app.logistics import reader
from app.problems import responses

router = APIRouter(prefix="/v1/sessions/{session}", tags=["logistics"], responses=UNCHANGED | responses(401, 403, 404, 422))


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
