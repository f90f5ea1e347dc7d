"""Forgets a customer: nothing links their orders any more, and every total stays.

In: a brand, a customer's pseudonym. Out: a pseudonym of its own for each order, in the log and in every table. Never here: which
order counts what (`unlinking`).

The rows are renamed in one transaction that holds the person's sessions, and they are what a rebuild makes of the changed log.
An event of such an order that arrives later gets the order's pseudonym before it is stored (`ingest.receiving.privacy`). What the
person did as a viewer stays: it has no link to an order.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from pydantic_core import from_json

from app.customers.reader import brand_row
from app.customers.unlinking import BUYER, PRODUCT, ForgottenOrder, NamingEvent, Order, Owner, PaidOrder, unlinked
from app.events.audience import person
from app.events.contributions import digest
from app.ingest.folding import fold
from app.problems import not_found
from app.storage import audit
from app.storage.backoffice import customer_reads
from app.storage.database import Connection, Database
from app.storage.ingest import rebuilds, voids
from app.storage.ingest.writes import WriteQueries
from app.storage.queries import queries
from app.storage.transient_errors import retry_conflicts

_SQL = queries("backoffice/forgetting")


class _Found(NamedTuple):
    """What a session knows of the person."""

    session: UUID
    events: list[NamingEvent]
    orders: list[PaidOrder]


async def forget(database: Database, slug: str, allowed: UUID | None, customer: str) -> None:
    """Forget a customer of a brand.

    Raises:
        ProblemError: 404 for the brand or the customer.
    """

    async def transaction() -> None:
        async with database.transaction() as connection:
            brand = await brand_row(connection, slug, allowed)
            await connection.execute(_SQL["lock_brand"], str(brand.id))
            buyers = await customer_reads.buyers_of(connection, brand.id, customer)
            if not buyers:
                raise not_found("customer")
            audit.about(customer, brand=brand.id)
            for buyer in buyers:
                await _forget(connection, brand.id, buyer)
            await connection.execute(_SQL["change_version"], brand.id)

    # A flush may lock a session or a customer in another order.
    await retry_conflicts(transaction)


async def _forget(connection: Connection, brand: UUID, buyer: str) -> None:
    # A source may name another buyer of an order than the one that the order has.
    named = [
        *await connection.fetch(_SQL["sessions"], brand, buyer),
        *await connection.fetch(_SQL["naming_sessions"], brand, buyer),
    ]
    sessions = sorted({row["session_id"] for row in named})
    found = [await _found(connection, brand, session, buyer) for session in sessions]
    await rebuilds.request_again(connection, sessions)
    events = [event for one in found for event in one.events]
    owners = {}
    for one in found:
        owners.update(await _owners(connection, one, buyer))
    first = await connection.fetchrow(_SQL["first_purchase"], brand, person(buyer))
    owner: Owner | None = None if first is None else (first["session_id"], first["event_key"])
    forgotten = unlinked(events, [order for one in found for order in one.orders], owners, owner)
    for one in found:
        await _rename(connection, one, buyer, forgotten)
    if owner is not None:
        order = next((event.order for event in events if (event.order[0], event.key) == owner), None)
        if order is not None:
            await connection.execute(_SQL["rename_customer"], brand, person(buyer), person(forgotten[order].buyer))


async def _found(connection: Connection, brand: UUID, session: UUID, buyer: str) -> _Found:
    """Return the person's events and orders in a session, which is locked from here on."""
    row = await voids.lock_session(connection, session, brand)
    assert row is not None, "the brand is locked against deletions"
    await rebuilds.interrupt(connection, session)
    context = await fold.context_of(WriteQueries(connection), session, brand, row.currency, 0)
    events = []
    for key, platform, room, order, paid, at, lines in await connection.fetch(_SQL["events"], session, buyer):
        of_stream = context.of(platform, room)
        sold = frozenset(of_stream.product(line["product"]) for line in from_json(lines) if not line.get("gift"))
        events.append(NamingEvent((session, platform, order), key, paid, at, sold))
    paid_orders = await connection.fetch(_SQL["paid_orders"], session, buyer)
    orders = [PaidOrder((session, platform, order), month, paid_at) for platform, order, month, paid_at in paid_orders]
    return _Found(session, events, orders)


def _members(buyer: str, events: Sequence[NamingEvent]) -> dict[str, tuple[str, bytes]]:
    """Return what is counted of the person → its set and member."""
    member = person(buyer)
    products = sorted({product for event in events for product in event.products})
    return {
        BUYER: (BUYER, member),
        **{f"{PRODUCT}{product}": ("product_buyer", digest(product, member.hex())) for product in products},
    }


async def _owners(connection: Connection, found: _Found, buyer: str) -> dict[tuple[UUID, str], bytes]:
    members = _members(buyer, found.events)
    rows = await connection.fetch(_SQL["owners"], found.session, [member for _, member in members.values()])
    keys = {(row["set"], row["member"]): row["event_key"] for row in rows}
    return {(found.session, name): keys[member] for name, member in members.items() if member in keys}


async def _rename(connection: Connection, found: _Found, buyer: str, forgotten: dict[Order, ForgottenOrder]) -> None:
    own = {order: left for order, left in forgotten.items() if order[0] == found.session}
    if found.events:
        keys, names = zip(*((event.key, own[event.order].buyer) for event in found.events), strict=True)
        await connection.execute(_SQL["rename_events"], found.session, buyer, keys, names)
    renamed = []
    for name, (set_name, member) in _members(buyer, found.events).items():
        counting = next((left for order, left in own.items() if _counts(order, left, name, found.events)), None)
        if counting is not None:
            new = person(counting.buyer)
            renamed.append((set_name, member, new if name == BUYER else digest(name.removeprefix(PRODUCT), new.hex())))
    if renamed:
        await connection.execute(_SQL["rename_members"], found.session, *zip(*renamed, strict=True))
    # In the order of their pseudonyms, which are random: the order of the rows says nothing.
    rows = sorted((left.buyer, order[1], order[2], "\x1f".join(sorted(left.elsewhere))) for order, left in own.items())
    buyers, platforms, orders, elsewhere = zip(*rows, strict=True)
    await connection.execute(_SQL["rename_orders"], found.session, buyer, platforms, orders, buyers)
    await connection.execute(_SQL["keep_orders"], found.session, platforms, orders, buyers, elsewhere)


def _counts(order: Order, left: ForgottenOrder, name: str, events: Sequence[NamingEvent]) -> bool:
    """Tell whether an order is the one that counts this of the person."""
    if name in left.elsewhere:
        return False
    product = None if name == BUYER else name.removeprefix(PRODUCT)
    return any(event.order == order and (product is None or product in event.products) for event in events)
