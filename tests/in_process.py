"""What a test process does itself instead of starting or loading it again: the reading of imported files, and TLS contexts.

In: the application's modules. Out: the same modules, which share these. Never here: fixtures.

A reading process costs half a second of computing for its imports. Tests of that process take the fixture `reading_process`.
"""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, BinaryIO
from unittest.mock import AsyncMock

import httpx
from httpx._transports import default

from app.platforms.file_imports import import_process, imports

reader_in_process_of_its_own = imports._reader


@asynccontextmanager
async def _reader(file: BinaryIO, options: dict[str, Any], now: datetime, *, only_columns: bool) -> AsyncIterator[Any]:
    """Read a file by the function that the reading process runs."""
    out, stream = io.BytesIO(), asyncio.StreamReader(imports._READ_AHEAD)
    argument = {"options": options, "source": imports.SOURCE, "imported_at": now.isoformat()}
    write = import_process.write_columns if only_columns else import_process.write_all
    write(file, json.loads(json.dumps(argument)), out)
    stream.feed_data(out.getvalue())
    stream.feed_eof()
    yield SimpleNamespace(stdout=stream, wait=AsyncMock(return_value=0))


def share() -> None:
    """Read files here, and let all HTTP clients share one TLS context: each would read the certificates of all authorities."""
    imports._reader = _reader
    default.create_ssl_context = cache(httpx.create_ssl_context)  # type: ignore[attr-defined]
