"""Route of the exports.

In: a table, a brand, a window, a file format. Out: a file in parts. Never here: rows, SQL, raw ids of people.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.access.authorization import AppService, Viewer
from app.api.conventions.cancellation import while_connected
from app.api.conventions.files import file_headers
from app.api.conventions.language import AnswerLanguage
from app.api.conventions.query_times import Instant
from app.catalogue.models import Slug
from app.exports.columns import TABLES, TableName
from app.exports.exporter import brands_of
from app.exports.formats import FormatName, file_of
from app.exports.parquet import ParquetFile
from app.exports.reader import ExportQuery
from app.observability.requests import METHOD
from app.problems import invalid, responses
from app.storage.reports.export_reads import Window

router = APIRouter(prefix="/v1/exports", tags=["exports"])

_FILE = {"schema": {"type": "string", "format": "binary"}}
_CSV = (
    "session,brand,id,source,type,platform,room,time,received_at,sent_time,voided_at,data,attributes\r\n"
    "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d,maison-k,1,/studio,live.product.clicked,wechat,room,2021-09-25T05:30:00Z,"
    '2021-09-25T05:30:01.000241Z,,,"{""product"":""knit-01"",""count"":1}",\r\n'
)


class ExportResponse(StreamingResponse):
    """The file, piece by piece; the work ends with the answer, however that ends."""

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes], headers: dict[str, str], media_type: str) -> None:
        """Send the first piece, then what follows."""
        super().__init__(_joined(first, rest), headers=headers, media_type=media_type)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end of the file, or until the client disconnects."""
        async with aclosing(self._rest):
            await super().__call__(scope, receive, send)


async def _joined(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    yield first
    async for piece in rest:
        yield piece


@router.get(
    "/{table}",
    summary="Export a table",
    operation_id="export_table",
    response_class=Response,
    responses={
        200: {"description": "the file", "content": {"text/csv": {**_FILE, "example": _CSV}, ParquetFile.media_type: _FILE}},
        **responses(401, 403, 404, 410, 422),
    },
)
async def export_table(
    service: AppService,
    request: Request,
    caller: Viewer,
    language: AnswerLanguage,
    table: Annotated[TableName, Path(description="what a row is")],
    brand: Annotated[Slug | None, Query(description="the brand's slug; absent: all brands that the caller may see")] = None,
    begin: Annotated[
        Instant | None, Query(alias="from", description="at or after", examples=["2021-09-01T00:00:00+09:00"])
    ] = None,
    to: Annotated[Instant | None, Query(description="before", examples=["2021-10-01T00:00:00+09:00"])] = None,
    format: Annotated[FormatName, Query(description="format of the file")] = "csv",
) -> Response:
    """Send all rows of a table; see docs/reference/exports.md for its columns.

    The window is of the session's start (`sessions`, `products`, `kpis`), of an order's payment, else its placement (`orders`),
    of the event's time (`events`). A file that ends early has no proper end: the connection breaks.
    """
    if begin is not None and to is not None and to < begin:
        raise invalid("/to", "lies before from", "before_from")
    brands = await brands_of(service.database, brand, caller)
    query = ExportQuery(table, brands, Window(begin, to), language, client=caller.is_client, now=datetime.now(UTC))
    # The library of Parquet is imported at its first use, which takes half a second.
    file = await asyncio.to_thread(file_of, format, TABLES[table])
    headers = file_headers(language, "_".join(filter(None, (brand, table))), format, "attachment", table)
    if request.scope.get(METHOD) == "HEAD":
        return StreamingResponse(iter(()), headers=headers, media_type=file.media_type)
    pieces = service.exporter.stream(caller, query, file)
    return ExportResponse(await while_connected(request, _first(pieces)), pieces, headers, file.media_type)


async def _first(pieces: AsyncGenerator[bytes]) -> bytes:
    return await anext(pieces)
