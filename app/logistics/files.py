"""Reads a packing list and renders it as a workbook.

In: the database, the render process, a session. Out: a workbook in a file, and its name. Never here: layout, HTTP.

Rows go to temporary files batch by batch, and the render process reads them from there: neither process holds all of them.
"""

import pickle
import shutil
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.labels.catalogue import label
from app.logistics.packing import Excluded, PackedCustomer, PackingList, add_items
from app.logistics.pieces import Items, items_of
from app.logistics.reader import batches
from app.logistics.workbook import CartonContent, CustomerRows, ItemRow, PackingFacts, write_workbook
from app.reports.render_process import RenderProcess
from app.storage.backoffice import cartons
from app.storage.backoffice.cartons import CartonOrder, CartonRow
from app.storage.database import Connection, Database
from app.storage.kpis.reads import SessionHead


async def workbook(database: Database, renderer: RenderProcess, asked: SessionQuery, file: IO[bytes]) -> str:
    """Write the workbook to a file, and return its name without an extension.

    Raises:
        ProblemError: 404, also for another brand's session; 503 when too many files are being made.
    """
    with TemporaryDirectory(prefix="tallylight-packing-") as name:
        folder = Path(name)
        packing = PackingList(asked.language)
        async with snapshot(database, asked.brand) as connection:
            head = await read_head(connection, asked)
            with (folder / "customers").open("wb") as customers, (folder / "excluded").open("wb") as excluded:
                async for packed, left_out in batches(connection, head, packing):
                    rows = await compute(len(packed), _customers, packing, packed)
                    pickle.dump(rows, customers)
                    pickle.dump([Excluded(*one) for one in left_out], excluded)
            with (folder / "cartons").open("wb") as contents:
                await _write_cartons(connection, head, packing, contents)
        facts = PackingFacts(
            asked.language, head.brand_name, head.title, head.currency, head.time_zone, asked.now,
            _items(packing, packing.totals), packing.warnings(),
        )  # fmt: skip
        await renderer.run(write_workbook, facts, folder)
        with (folder / "packing.xlsx").open("rb") as made:
            shutil.copyfileobj(made, file)
        return _name(head, asked)


def _customers(packing: PackingList, packed: Iterable[PackedCustomer]) -> list[CustomerRows]:
    found = []
    for one, document in packing.customers(packed):
        numbers = sorted({order.carton for order in one.orders if order.carton is not None})
        lines = [(line["product"], line["sku"], line["name"], line["quantity"]) for line in document]
        orders = ", ".join([order.order for order in one.orders])
        found.append(CustomerRows(", ".join(map(str, numbers)), one.customer, orders, lines))
    return found


def _items(packing: PackingList, items: Items) -> list[ItemRow]:
    return [
        ItemRow(line["product"], line["sku"], line["name"], line["quantity"], packing.catalogue.facts(line["product"]).customs)
        for line in packing.lines(items)
    ]


async def _write_cartons(connection: Connection, head: SessionHead, packing: PackingList, file: IO[bytes]) -> None:
    """Write each carton with its contents, in order; one is in memory at a time."""
    waiting = await cartons.cartons(connection, head.id)
    items: Items = {}
    customers: list[tuple[str, list[str], int]] = []

    def end(carton: CartonRow) -> None:
        rows = [(customer, ", ".join(orders), units) for customer, orders, units in customers]
        pickle.dump(CartonContent(carton.number, carton.gross_weight_g, carton.size, _items(packing, items), rows), file)
        items.clear()
        customers.clear()

    async for orders in cartons.contents(connection, head.id, head.brand_id):
        for number, of_carton in groupby(orders, key=lambda order: order.number):
            while waiting[0].number != number:
                end(waiting.pop(0))
            _add(items, customers, of_carton)
    for carton in waiting:
        end(carton)


def _add(items: Items, customers: list[tuple[str, list[str], int]], orders: Iterable[CartonOrder]) -> None:
    for order in orders:
        pieces = items_of(order.items)
        add_items(items, pieces)
        units = sum(pieces.values())
        if customers and customers[-1][0] == order.customer:
            customer, numbers, before = customers[-1]
            customers[-1] = (customer, [*numbers, order.order_id], before + units)
        else:
            customers.append((order.customer, [order.order_id], units))


def _name(head: SessionHead, asked: SessionQuery) -> str:
    text = "_".join((label("packing.file", asked.language), head.title))
    return "".join("_" if sign in '/\\:*?"<>|' or not sign.isprintable() else sign for sign in text).strip(" .")[:120]
