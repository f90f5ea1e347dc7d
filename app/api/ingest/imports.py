"""Routes of imports: exports of a back end.

In: a file and which column is what. Out: a report per row, or the file's headings. Never here: the reading of a file.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.access.authorization import AppService, Operator
from app.api.ingest.import_files import MOST_OPTIONS, ImportRequest, import_request
from app.catalogue.access import Principal
from app.catalogue.models import Slug
from app.events.fields import CleanText
from app.ingest.group_commit.writer import NotCommittedError, QueueFullError
from app.logistics import tracking
from app.platforms.file_imports import import_memory, product_imports
from app.platforms.file_imports.import_columns import ImportColumns
from app.platforms.file_imports.import_preview import ImportPreview, ImportPreviewer
from app.platforms.file_imports.import_report import ImportReport
from app.problems import ProblemError, responses
from app.service import Service
from app.settlement.rates import rate_imports

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
        "columns (our field → the column's heading; without it they are guessed), and for times without offset timezone; for "
        "audience type, for orders currency, for exchange rates constants (our field → its value in every row).",
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


OptionsText = Annotated[
    str | None, Query(max_length=MOST_OPTIONS, description="for a body that is the file itself: the options as JSON")
]


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
    options: OptionsText = None,
    *,
    dry_run: Annotated[bool, Query(description="true: answer what the import would change, and store nothing")] = False,
) -> Response:
    """Store orders, audience figures, products, exchange rates or tracking numbers of a file.

    The report names each row that fails. A repetition is safe. A dry run answers with an `ImportPreview`.
    """
    async with import_request(request, service.settings.max_import_bytes, options) as sent:
        now, chosen = datetime.now(UTC), sent.options
        try:
            report = await (_previewed if dry_run else _stored)(service, caller, sent, now)
        except (QueueFullError, NotCommittedError):
            detail = "a part of the file may not have been stored; import it again"
            raise ProblemError(503, detail, code="not_committed", headers={"Retry-After": "5"}) from None
        if not dry_run:
            await import_memory.remember(service.database, caller, chosen, now)
    return Response(report, media_type="application/json")


async def _stored(service: Service, caller: Principal, sent: ImportRequest, now: datetime) -> bytes:
    file, chosen, name = sent
    if chosen.get("kind") == "exchange_rates":
        return await rate_imports.take(service.database, service.importer, caller, file, chosen, now)
    if chosen.get("kind") == "products":
        return await product_imports.take(service.database, service.settings, service.importer, caller, file, chosen, now)
    if chosen.get("kind") == "tracking":
        return await tracking.take(service.database, service.settings, service.importer, caller, file, chosen, now, name)
    return await service.importer.take(caller, file, chosen, now, name)


async def _previewed(service: Service, caller: Principal, sent: ImportRequest, now: datetime) -> bytes:
    file, chosen, _ = sent
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


@router.post(
    "/columns",
    operation_id="read_import_columns",
    summary="Read the headings of a file",
    responses=responses(400, 401, 403, 413, 415, 422, 503),
    openapi_extra=_BODY,
)
async def read_import_columns(
    request: Request, service: AppService, caller: Operator, options: OptionsText = None
) -> ImportColumns:
    """Return the headings of a file, which of them are taken for which field, and the fields that must be chosen.

    Only `kind` of the options is needed. Nothing is stored. An import without `columns` takes the same guess.
    """
    del caller
    async with (
        import_request(request, service.settings.max_import_bytes, options) as sent,
        service.importer.reading(sent.file, sent.options, datetime.now(UTC), only_columns=True) as reading,
    ):
        return ImportColumns.model_validate(reading.facts)


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
    kind: Annotated[CleanText | None, Query(max_length=50, description="of this kind")] = None,
    source: Annotated[CleanText | None, Query(max_length=100, description="of this source")] = None,
) -> RememberedOptionsList:
    """Return the options of the last import of each brand, kind and source, to begin the next one with."""
    found = await import_memory.remembered(service.database, caller, brand, kind, source)
    return RememberedOptionsList(imports=[RememberedOptions(**one._asdict()) for one in found])
