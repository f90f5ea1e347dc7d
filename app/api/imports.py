"""Routes of imports: CSV exports of a back-end.

In: a file and which column is what. Out: a report per row. Never here: the reading of a file.
"""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic_core import from_json
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from app.api.access import AppService, Operator
from app.api.events import read_body
from app.ingest.receive import decompress
from app.ingest.writer import NotCommittedError, QueueFullError
from app.platforms import imports
from app.platforms.imports import ImportReport
from app.problems import ProblemError, invalid, responses

router = APIRouter(prefix="/v1/imports", tags=["imports"])

_OPTIONS = (
    '{"kind":"orders","subject":"wechat:export/UzFf","columns":{"order":"订单号","buyer":"买家","product":"商品编码",'
    '"quantity":"数量","line_amount":"实付","paid_at":"支付时间"}}'
)
_FILE = "订单号,买家,商品编码,数量,实付,支付时间\n3705115058471208928,o9hHn5,knit-01,1,1099.00,2021-09-25 13:31:07\n"
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "`multipart/form-data` with `file` and `options`, or the file as `text/csv` with `options` in the query. "
        "`options`: kind (orders, audience), subject (session id or platform:room), columns (our field → the column's heading), "
        "and for times without offset timezone; for audience type, for orders currency.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "options"],
                    "properties": {"file": {"type": "string", "format": "binary"}, "options": {"type": "string"}},
                },
                "example": {"file": _FILE, "options": _OPTIONS},
            },
            "text/csv": {"schema": {"type": "string"}, "example": _FILE},
        },
    }
}


async def _one_piece(body: bytes) -> AsyncGenerator[bytes]:
    yield body


async def _file_and_options(request: Request, body: bytes, options: str | None) -> tuple[bytes, str | None]:
    essence = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if essence == "text/csv":
        return body, options
    if essence != "multipart/form-data":
        raise ProblemError(415, "send multipart/form-data with file and options, or text/csv")
    try:
        form = await MultiPartParser(request.headers, _one_piece(body), max_files=1, max_fields=5).parse()
    except (MultiPartException, KeyError, ValueError):
        raise ProblemError(400, "the multipart body cannot be read") from None
    try:
        file, given = form.get("file"), form.get("options")
        if file is None:
            raise invalid("/file", "is required")
        content = await file.read() if isinstance(file, UploadFile) else file.encode("utf-8", "replace")
        return content, given if isinstance(given, str) else options
    finally:
        await form.close()


def _read_options(text: str | None) -> dict[str, Any]:
    if text is None:
        raise invalid("/options", "is required")
    try:
        found = from_json(text.encode(), allow_inf_nan=False)
    except ValueError:
        raise invalid("/options", "is not JSON") from None
    if not isinstance(found, dict):
        raise invalid("/options", "is not a JSON object")
    return found


@router.post(
    "",
    operation_id="imports:take",
    summary="Import a CSV export",
    responses=responses(400, 401, 403, 404, 413, 415, 422, 503),
    openapi_extra=_BODY,
)
async def take_import(
    request: Request,
    service: AppService,
    caller: Operator,
    options: Annotated[str | None, Query(max_length=20_000, description="for a text/csv body: the options as JSON")] = None,
) -> ImportReport:
    """Store orders or audience figures of a file; rows that fail are told one by one, and sending the file again is safe."""
    limit = service.settings.max_body_bytes
    body = decompress(await read_body(request, limit), request.headers.get("content-encoding"), limit)
    content, text = await _file_and_options(request, body, options)
    chosen = _read_options(text)
    try:
        return await imports.take(service.database, service.writer, caller, content, chosen, datetime.now(UTC))
    except (QueueFullError, NotCommittedError):
        raise ProblemError(503, "a part is not stored; send the file again", headers={"Retry-After": "5"}) from None
