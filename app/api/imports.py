"""Routes of imports: exports of a back-end.

In: a file and which column is what. Out: a report per row. Never here: the reading of a file; a whole file in memory.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from app.api.access import AppService, Operator
from app.catalogue.access import Principal
from app.catalogue.models import Slug
from app.ingest.decompression import Decompressor
from app.ingest.writer import NotCommittedError, QueueFullError
from app.logistics import tracking
from app.platforms import import_memory, product_imports
from app.platforms.import_preview import ImportPreview, ImportPreviewer
from app.platforms.import_report import ImportReport
from app.problems import ProblemError, invalid, responses
from app.service import Service
from app.settlement import rate_imports

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
        "`options`: kind (orders, audience, products, exchange_rates, tracking), subject (session id or "
        "platform:room; exchange rates and products have none), "
        "columns (our field → the column's heading), and for times without offset timezone; for audience type, for orders "
        "currency, for exchange rates constants (our field → its value in every row).",
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


_FILES = frozenset(
    (
        "text/csv",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
        "application/vnd.oasis.opendocument.spreadsheet",
    )
)
_GZIP = b"\x1f\x8b"
_PIECE = 1024 * 1024


def _temporary() -> BinaryIO:
    """Return a file that ends when it is closed, and that another process can be given."""
    return tempfile.TemporaryFile()


async def _plain(request: Request, limit: int) -> AsyncGenerator[bytes]:
    """Return the body piece by piece, without its Content-Encoding."""
    decompressor = Decompressor(request.headers.get("content-encoding"), limit)
    try:
        async for part in request.stream():
            for piece in decompressor.feed(part):
                yield piece
    except ClientDisconnect:
        raise ProblemError(400, "the body is cut off") from None
    decompressor.finish()


async def _file_and_options(request: Request, limit: int, options: str | None, files: ExitStack) -> tuple[BinaryIO, str | None]:
    """Return the file, on disk, and the options."""
    essence = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = _plain(request, limit)
    if essence in _FILES:
        file = files.enter_context(_temporary())
        async for piece in body:
            file.write(piece)
        return file, options
    if essence != "multipart/form-data":
        raise ProblemError(415, "send multipart/form-data with file and options, or the file as text/csv or as a spreadsheet")
    try:
        form = await MultiPartParser(request.headers, body, max_files=1, max_fields=5).parse()
    except (MultiPartException, KeyError, ValueError):
        raise ProblemError(400, "the multipart body cannot be read") from None
    sent, given = form.get("file"), form.get("options")
    for part in form.values():
        if isinstance(part, UploadFile):
            files.callback(part.file.close)
    if sent is None:
        raise invalid("/file", "is required", "missing")
    file = files.enter_context(_temporary())
    if isinstance(sent, UploadFile):
        await sent.seek(0)
        while piece := await sent.read(_PIECE):
            file.write(piece)
    else:
        file.write(sent.encode("utf-8", "replace"))
    return file, given if isinstance(given, str) else options


def _unpacked(file: BinaryIO, limit: int, files: ExitStack) -> BinaryIO:
    """Return the file that a `.gz` file holds; any other file as it is."""
    file.seek(0)
    if file.read(2) != _GZIP:
        return file
    file.seek(0)
    plain = files.enter_context(_temporary())
    decompressor = Decompressor("gzip", limit)
    while part := file.read(_PIECE):
        for piece in decompressor.feed(part):
            plain.write(piece)
    decompressor.finish()
    return plain


def _read_options(text: str | None) -> dict[str, Any]:
    if text is None:
        raise invalid("/options", "is required", "missing")
    try:
        found = from_json(text.encode(), allow_inf_nan=False)
    except ValueError:
        raise invalid("/options", "is not JSON", "json_invalid") from None
    if not isinstance(found, dict):
        raise invalid("/options", "is not a JSON object", "dict_type")
    return found


@router.post(
    "",
    operation_id="import_csv",
    summary="Import a CSV export or a spreadsheet",
    response_model=ImportReport | ImportPreview,
    responses=responses(400, 401, 403, 404, 413, 415, 422, 503),
    openapi_extra=_BODY,
)
async def take_import(
    request: Request,
    service: AppService,
    caller: Operator,
    options: Annotated[
        str | None, Query(max_length=20_000, description="for a body that is the file itself: the options as JSON")
    ] = None,
    *,
    dry_run: Annotated[bool, Query(description="true: answer what the import would change, and store nothing")] = False,
) -> Response:
    """Store orders, audience figures, products, exchange rates or tracking numbers of a file.

    The report names each row that fails. A repetition is safe. A dry run answers with an `ImportPreview`.
    """
    limit = service.settings.max_import_bytes
    with ExitStack() as files:
        file, text = await _file_and_options(request, limit, options, files)
        chosen = _read_options(text)
        file = await asyncio.to_thread(_unpacked, file, limit, files)
        file.flush()
        file.seek(0)
        now = datetime.now(UTC)
        try:
            report = await (_previewed if dry_run else _stored)(service, caller, file, chosen, now)
        except (QueueFullError, NotCommittedError):
            detail = "a part of the file may not have been stored; import it again"
            raise ProblemError(503, detail, code="not_committed", headers={"Retry-After": "5"}) from None
        if not dry_run:
            await import_memory.remember(service.database, caller, chosen, now)
    return Response(report, media_type="application/json")


async def _stored(service: Service, caller: Principal, file: BinaryIO, chosen: dict[str, Any], now: datetime) -> bytes:
    if chosen.get("kind") == "exchange_rates":
        return await rate_imports.take(service.database, service.importer, caller, file, chosen, now)
    if chosen.get("kind") == "products":
        return await product_imports.take(service.database, service.settings, service.importer, caller, file, chosen, now)
    if chosen.get("kind") == "tracking":
        return await tracking.take(service.database, service.settings, service.importer, caller, file, chosen, now)
    return await service.importer.take(caller, file, chosen, now)


async def _previewed(service: Service, caller: Principal, file: BinaryIO, chosen: dict[str, Any], now: datetime) -> bytes:
    if chosen.get("kind") == "exchange_rates":
        return await rate_imports.take(service.database, service.importer, caller, file, chosen, now, dry_run=True)
    if chosen.get("kind") == "products":
        return await product_imports.take(
            service.database, service.settings, service.importer, caller, file, chosen, now, dry_run=True
        )
    previewer = ImportPreviewer(service.database, service.settings, service.privacy_keys, service.importer)
    if chosen.get("kind") == "tracking":
        return await tracking.preview(previewer, caller, file, chosen, now)
    return await previewer.preview(caller, file, chosen, now)


class RememberedOptions(BaseModel):
    """What was chosen for the last import of a brand, a kind and a source."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "brand": "maison-k",
                "kind": "orders",
                "source": "wechat",
                "options": {"columns": {"order": "订单号", "paid_at": "支付时间"}, "timezone": "Asia/Shanghai"},
                "used_at": "2021-09-25T14:00:00Z",
            }
        }
    )

    brand: str
    kind: str
    source: str = Field(description="the option `source`, else the platform of the subject; empty if neither was given")
    options: dict[str, Any] = Field(description="without kind, subject, source and exported_at")
    used_at: datetime


class RememberedOptionsList(BaseModel):
    """The options of the last imports, the newest first."""

    imports: list[RememberedOptions]


@router.get(
    "/options",
    operation_id="list_import_options",
    summary="List what was chosen for the last imports",
    responses=responses(401, 403, 422),
)
async def list_import_options(
    service: AppService,
    caller: Operator,
    brand: Annotated[Slug | None, Query(description="of this brand")] = None,
    kind: Annotated[str | None, Query(max_length=50, description="of this kind")] = None,
    source: Annotated[str | None, Query(max_length=100, description="of this source")] = None,
) -> RememberedOptionsList:
    """Return the options of the last import of each brand, kind and source, to begin the next one with."""
    found = await import_memory.remembered(service.database, caller, brand, kind, source)
    return RememberedOptionsList(imports=[RememberedOptions(**one._asdict()) for one in found])
