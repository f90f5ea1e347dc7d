"""Cartons: which customers of a session are packed into which carton.

In: an operator's plan of cartons. Out: stored cartons; their contents. Never here: addresses, HTTP.

A carton keeps the pieces that were to be sent when it was packed. A warning of the packing list names an order that is cancelled
or refunded later; the list of contents still says what is in the box.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from app.catalogue.models import RequestModel, Text
from app.kpis.documents.render import Document
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.logistics.packing import PackedCustomer, PackingList
from app.logistics.pieces import items_of, stored_items
from app.logistics.reader import batches
from app.problems import FieldError, ProblemError
from app.storage import audit
from app.storage.backoffice import cartons as rows
from app.storage.backoffice.cartons import CartonOrder, CartonRow
from app.storage.database import Connection, Database
from app.storage.kpis.reads import SessionHead

MOST_CARTONS = 500
MOST_CUSTOMERS = 100_000
_MOST_ERRORS = 100

_EXAMPLE: dict[str, Any] = {"number": 1, "customers": ["5f2a9c01b7de"], "gross_weight_g": 12400, "size": "60x40x40 cm"}


class NewCarton(RequestModel):
    """A carton and the customers whose pieces are in it."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    number: Annotated[int, Field(strict=True, ge=1, le=99_999)]
    customers: list[Text] = Field(max_length=MOST_CUSTOMERS, description="as the packing list names them")
    gross_weight_g: Annotated[int, Field(strict=True, ge=0, le=10**9)] | None = Field(default=None, description="grams")
    size: Text | None = Field(default=None, description="as it is printed, such as 60x40x40 cm")


class NewCartons(RequestModel):
    """All cartons of a session."""

    model_config = ConfigDict(json_schema_extra={"example": {"cartons": []}})

    cartons: list[NewCarton] = Field(max_length=MOST_CARTONS)


async def put(database: Database, asked: SessionQuery, form: NewCartons) -> Document:
    """Replace a session's cartons, and return them.

    Raises:
        ProblemError: 404; 422 for a customer without orders to send, or a number or a customer that is named twice.
    """
    _refuse_repeated(form)
    wanted = {customer for carton in form.cartons for customer in carton.customers}
    async with database.transaction() as connection:
        head = await read_head(connection, asked)
        audit.about(brand=head.brand_id)
        await rows.lock(connection, head.id)
        found = await _packed_before(connection, head, wanted)
        packing = PackingList(asked.language)
        async for customers, excluded in batches(connection, head, packing):
            for left_out in excluded:
                if left_out.reason != "shipped":
                    found.pop((left_out.platform, left_out.order), None)
            for customer in customers:
                _take(found, customer, wanted)
        contents = _contents(form, found.values())
        cartons = [CartonRow(carton.number, carton.gross_weight_g, carton.size) for carton in form.cartons]
        await rows.replace(connection, head.id, sorted(cartons), contents, asked.now)
        return await _document(connection, head)


async def read(database: Database, asked: SessionQuery) -> Document:
    """Return a session's cartons.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with snapshot(database, asked.brand) as connection:
        return await _document(connection, await read_head(connection, asked))


def _take(found: dict[tuple[str, str], CartonOrder], packed: PackedCustomer, wanted: set[str]) -> None:
    if packed.customer in wanted:
        for order in packed.orders:
            found[order.platform, order.order] = CartonOrder(
                0, packed.customer, order.platform, order.order, stored_items(order.items)
            )


async def _packed_before(connection: Connection, head: SessionHead, wanted: set[str]) -> dict[tuple[str, str], CartonOrder]:
    """Return what the present cartons hold of these customers: their shipped orders stay in the carton."""
    found = {}
    async for orders in rows.contents(connection, head.id, head.brand_id):
        found.update({(one.platform, one.order_id): one for one in orders if one.customer in wanted})
    return found


def _contents(form: NewCartons, orders: Iterable[CartonOrder]) -> list[CartonOrder]:
    number_of = {customer: carton.number for carton in form.cartons for customer in carton.customers}
    found = [order._replace(number=number_of[order.customer]) for order in orders]
    known = {order.customer for order in found}
    errors = [
        FieldError(pointer=pointer, detail="has no orders to send in this session", code="customer_unknown")
        for pointer, customer in _named(form)
        if customer not in known
    ]
    _refuse(errors)
    return found


def _refuse_repeated(form: NewCartons) -> None:
    numbers: set[int] = set()
    customers: set[str] = set()
    errors = []
    for place, carton in enumerate(form.cartons):
        if carton.number in numbers:
            errors.append(FieldError(pointer=f"/cartons/{place}/number", detail="named twice", code="duplicate"))
        numbers.add(carton.number)
    for pointer, customer in _named(form):
        if customer in customers:
            errors.append(FieldError(pointer=pointer, detail="named twice", code="duplicate"))
        customers.add(customer)
    _refuse(errors)


def _named(form: NewCartons) -> Iterable[tuple[str, str]]:
    for place, carton in enumerate(form.cartons):
        for number, customer in enumerate(carton.customers):
            yield f"/cartons/{place}/customers/{number}", customer


def _refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise ProblemError(422, "the input is not valid", errors=errors[:_MOST_ERRORS])


async def _document(connection: Connection, head: SessionHead) -> Document:
    found = {row.number: _carton(row) for row in await rows.cartons(connection, head.id)}
    async for orders in rows.contents(connection, head.id, head.brand_id):
        for number, in_carton in groupby(orders, key=lambda order: order.number):
            _add(found[number], in_carton)
    return {"cartons": list(found.values())}


def _carton(row: CartonRow) -> Document:
    shown: Document = {"number": row.number, "customers": [], "orders": 0, "units": 0}
    return shown | {"gross_weight_g": row.gross_weight_g, "size": row.size}


def _add(carton: Document, orders: Iterable[CartonOrder]) -> None:
    customers = carton["customers"]
    for order in orders:
        if not customers or customers[-1] != order.customer:
            customers.append(order.customer)
        carton["orders"] += 1
        carton["units"] += sum(items_of(order.items).values())
