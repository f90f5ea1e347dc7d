"""Reads a session's packing list in batches, so that memory does not grow with the number of orders.

In: the database, a session, the caller's brand. Out: a document in a temporary file. Never here: which pieces are packed, HTTP.
"""

import tempfile
from collections.abc import AsyncIterator, Iterable
from typing import IO

from pydantic_core import to_json

from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.logistics.packing import Excluded, PackedCustomer, PackingList, ProductFacts
from app.storage.backoffice import packing_reads
from app.storage.database import Connection, Database
from app.storage.event_log import log_reads
from app.storage.kpis import product_reads
from app.storage.kpis.reads import SessionHead

Batch = tuple[list[PackedCustomer], list[Excluded]]
_IN_MEMORY = 4 * 1024 * 1024


async def batches(connection: Connection, head: SessionHead, packing: PackingList) -> AsyncIterator[Batch]:
    """Yield customers and excluded orders, as many at a time as a batch of orders completes."""
    lineup = {row.product: row.name for row in await product_reads.lineup(connection, head.id)}
    known: set[str] = set()
    async for rows in packing_reads.packing_orders(connection, head.id, head.brand_id):
        named = await compute(len(rows), packing.read, rows)
        if new := sorted(named - known):
            known.update(new)
            await _read_products(connection, head, packing, new, lineup)
        yield await compute(len(rows), packing.add, rows)
    yield packing.finish(), []


async def write_document(database: Database, asked: SessionQuery, file: IO[bytes]) -> None:
    """Write the packing list as JSON.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    packing = PackingList(asked.language)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as excluded:
        customers = _Array(file)
        others = _Array(excluded)
        async with snapshot(database, asked.brand) as connection:
            head = await read_head(connection, asked)
            file.write(b'{"customers":')
            async for packed, left_out in batches(connection, head, packing):
                customers.extend(await compute(len(packed), _customers, packing, packed))
                others.extend(await compute(len(left_out), _excluded, left_out))
        customers.end()
        others.end()
        rest = {"totals": packing.lines(packing.totals), "warnings": packing.warnings()}
        file.write(b',"excluded":')
        excluded.seek(0)
        while piece := excluded.read(_IN_MEMORY):
            file.write(piece)
        file.write(b"," + to_json(rest)[1:])


class _Array:
    """A JSON array that is written part by part."""

    def __init__(self, file: IO[bytes]) -> None:
        """Write nothing yet."""
        self._file = file
        self._begun = False

    def extend(self, items: bytes) -> None:
        """Write items that stand between brackets."""
        if items != b"[]":
            self._file.write((b"," if self._begun else b"[") + items[1:-1])
            self._begun = True

    def end(self) -> None:
        """Close it."""
        self._file.write(b"]" if self._begun else b"[]")


def _customers(packing: PackingList, packed: Iterable[PackedCustomer]) -> bytes:
    return to_json(
        [
            {
                "customer": customer,
                "orders": [order.order for order in orders],
                "units": sum([line["quantity"] for line in lines]),
                "lines": lines,
            }
            for (customer, orders), lines in packing.customers(packed)
        ]
    )


def _excluded(left_out: Iterable[Excluded]) -> bytes:
    return to_json([one._asdict() for one in left_out])


async def _read_products(
    connection: Connection, head: SessionHead, packing: PackingList, new: list[str], lineup: dict[str, str | None]
) -> None:
    catalogue = packing.catalogue
    catalogue.codes.update(await log_reads.codes_of(connection, head.brand_id, new))
    codes = sorted({catalogue.codes.get(product, product) for product in new} - catalogue.products.keys())
    found = await product_reads.product_customs(connection, head.brand_id, codes)
    for code in codes:
        names, customs = found.get(code, ({}, {}))
        catalogue.products[code] = ProductFacts(lineup.get(code), names, customs)
