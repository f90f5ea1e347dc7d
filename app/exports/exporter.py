"""Exports of one process: in a place of their own, a few at a time, page by page in turn.

In: a caller, a query, a file format. Out: pieces of the file. Never here: SQL, HTTP, formats.

Memory: an export holds one page of rows and one piece of the file, and reads the next page once the piece was sent. Its
connection comes from a background pool, the replica's if there is one, and is given back before the piece is sent: a slow client
holds neither a connection nor a turn.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager

from app.catalogue.access import Principal
from app.catalogue.callers.principals import Principals
from app.exports.columns import Row
from app.exports.formats import ExportFile
from app.exports.reader import START, ExportQuery, Place, read_page, require_logs
from app.kpis.reading.computation import LARGE, compute
from app.kpis.reading.session_reader import snapshot
from app.problems import ProblemError, not_found
from app.storage.database import Database
from app.storage.kpis.comparison_reads import BrandRow
from app.storage.operations.replica import ReadSide
from app.storage.reports import export_reads

PER_CALLER = 2
"""Exports that one caller may have at once."""
MOST = 32
"""Exports of one process: each holds a page in memory."""
_PAGES_AT_ONCE = 2
"""Pages that are read at a time: the other exports wait for their turn."""
_LONGEST_SECONDS = 3600.0


class ExportEndedError(Exception):
    """An export ended before the end of its table. Its client sees a broken connection, and so an incomplete file."""


class Exporter:
    """Streams exports, fairly: pages of all exports take turns, in order of arrival."""

    def __init__(self, read_side: ReadSide, principals: Principals) -> None:
        """Prepare; `principals` know which callers are still valid."""
        self._read_side = read_side.background()
        self._principals = principals
        self._turn = asyncio.Semaphore(_PAGES_AT_ONCE)
        self._running: Counter[str] = Counter()

    async def stream(self, caller: Principal, query: ExportQuery, file: ExportFile) -> AsyncGenerator[bytes]:
        """Yield the file piece by piece; the first piece exists once the first page was read.

        Raises:
            ProblemError: 410 if a log of the window was dropped, also meanwhile; 429 if the caller has too many exports, 503 if
                the process has.
            ExportEndedError: the caller was revoked, or the export took more than an hour.
        """
        end = time.monotonic() + _LONGEST_SECONDS
        with self._admitted(caller):
            await self._require_logs(query)
            for brand in query.brands:
                place: Place | None = START
                while place is not None:
                    piece, place = await self._piece(query, brand, place, file)
                    if piece:
                        yield piece
                        if time.monotonic() > end or not await self._still_valid(caller):
                            raise ExportEndedError
            # A log may have been dropped meanwhile: what was read of it is not all.
            await self._require_logs(query)
            yield await compute(LARGE, file.end)

    async def _require_logs(self, query: ExportQuery) -> None:
        async with self._turn, self._read_side.database.acquire() as connection:
            await require_logs(connection, query)

    async def _piece(self, query: ExportQuery, brand: BrandRow, place: Place, file: ExportFile) -> tuple[bytes, Place | None]:
        async def read(database: Database) -> tuple[Sequence[Row], Place | None]:
            # Also for a caller that may see all brands: the second line of isolation, since a file is handed on.
            async with snapshot(database, brand.id) as connection:
                return await read_page(connection, query, brand, place)

        async with self._turn:
            rows, after = await self._read_side.run(read)
            return await compute(len(rows), file.add, rows), after

    async def _still_valid(self, caller: Principal) -> bool:
        if caller.kind == "command":
            return True
        found = (await self._principals.of([caller.credential])).get(caller.credential)
        return found is not None and (found.role, found.brand_id) == (caller.role, caller.brand_id)

    @contextmanager
    def _admitted(self, caller: Principal) -> Iterator[None]:
        name = caller.reference
        if self._running[name] >= PER_CALLER:
            detail = f"{PER_CALLER} of your exports are running; ask again when one has ended"
            raise ProblemError(429, detail, headers={"Retry-After": "10"})
        if self._running.total() >= MOST:
            raise ProblemError(503, "too many exports are running; ask again", headers={"Retry-After": "10"})
        self._running[name] += 1
        try:
            yield
        finally:
            self._running[name] -= 1
            if not self._running[name]:
                del self._running[name]


async def brands_of(database: Database, slug: str | None, caller: Principal) -> list[BrandRow]:
    """Return the brands that are exported: the named one, else all that the caller may see.

    Raises:
        ProblemError: 404 for a brand that does not exist or that the caller may not see.
    """
    async with database.acquire() as connection:
        found = await export_reads.brands(connection, caller.brand_id, slug)
    if slug is not None and not found:
        raise not_found("brand")
    return found
