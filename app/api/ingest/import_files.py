"""The file of an import, from a request to the disk.

In: a request. Out: the file, its options and its name. Never here: the reading of the file; a whole file in memory.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any, BinaryIO, NamedTuple

from fastapi import Request
from pydantic_core import from_json
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from app.ingest.receiving.decompression import Decompressor
from app.problems import ProblemError, invalid

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
MOST_OPTIONS = 20_000
"""Characters of the options."""


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


class _SentFile(NamedTuple):
    """The file, on disk, and what came with it."""

    file: BinaryIO
    options: str | None
    name: str | None


async def _file_and_options(request: Request, limit: int, options: str | None, files: ExitStack) -> _SentFile:
    """Return what was sent."""
    essence = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = _plain(request, limit)
    if essence in _FILES:
        file = files.enter_context(_temporary())
        async for piece in body:
            file.write(piece)
        return _SentFile(file, options, None)
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
    name = sent.filename if isinstance(sent, UploadFile) else None
    return _SentFile(file, given if isinstance(given, str) else options, name)


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
    if len(text) > MOST_OPTIONS:
        raise invalid("/options", f"has more than {MOST_OPTIONS:,} characters", "string_too_long", max_length=MOST_OPTIONS)
    try:
        found = from_json(text.encode(), allow_inf_nan=False)
    except ValueError:
        raise invalid("/options", "is not JSON", "json_invalid") from None
    if not isinstance(found, dict):
        raise invalid("/options", "is not a JSON object", "dict_type")
    if _has_nul(found):
        raise invalid("/options", "holds U+0000, which cannot be stored", "identifier")
    return found


def _has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_nul, (*value, *value.values())))
    return any(map(_has_nul, value)) if isinstance(value, list) else isinstance(value, str) and "\0" in value


class ImportRequest(NamedTuple):
    """What a request brought."""

    file: BinaryIO
    """From its first byte; it has a file descriptor."""
    options: dict[str, Any]
    name: str | None


@asynccontextmanager
async def import_request(request: Request, limit: int, options: str | None) -> AsyncIterator[ImportRequest]:
    """Lend the file of a request, unpacked, and its options.

    Raises:
        ProblemError: 400, 413, 415, 422.
    """
    with ExitStack() as files:
        sent = await _file_and_options(request, limit, options, files)
        chosen = _read_options(sent.options)
        file = await asyncio.to_thread(_unpacked, sent.file, limit, files)
        file.flush()
        file.seek(0)
        yield ImportRequest(file, chosen, sent.name)
