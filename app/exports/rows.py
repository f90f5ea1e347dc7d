"""The rows of the exported tables.

In: figures and rows of the read side. Out: tuples of values, in the order of the table's columns. Never here: SQL, file formats.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from pydantic_core import from_json, to_json

from app.exports.columns import KPIS, PRODUCT_FIGURES, Columns, Kind, Row, Value
from app.kpis.documents.render import Document
from app.kpis.evaluation.evaluate import Evaluation, Figure, Values
from app.kpis.evaluation.rounding import digits_of, fixed, half_up, money
from app.kpis.products.products import ProductResult, ProductTable
from app.kpis.timeline.orders_and_events import line_documents
from app.storage.reports.export_reads import EventRow, OrderRow, SessionRow

_DECIMALS = 6


def sessions(evaluations: Iterable[Evaluation]) -> list[Row]:
    """Return a row per session."""
    return [
        (
            *_show(one), one.head.time_zone, one.head.scheduled_at, one.head.started_at, one.head.ended_at,
            _decimal(one.duration_us, 1_000_000), ",".join(one.by_platform), one.head.revision,
        )
        for one in evaluations
    ]  # fmt: skip


def kpis(evaluations: Iterable[Evaluation]) -> list[Row]:
    """Return a row per session with all of its KPIs."""
    return [
        (*_show(one), one.head.started_at, one.as_of, _decimal(one.duration_us, 1_000_000), *_figures(one, KPIS, one.total))
        for one in evaluations
    ]


def products(one: Evaluation, table: ProductTable) -> list[Row]:
    """Return a row per product of a session, the line-up's first."""
    return [_product(one, product) for product in (*table.products, *table.others)]


def orders(brand: str, found: Iterable[tuple[SessionRow, Sequence[OrderRow]]], codes: Mapping[str, str]) -> list[Row]:
    """Return a row per order; `codes` turns a product's alias into its code."""
    return [_order(brand, session, row, codes) for session, page in found for row in page]


def events(brand: str, found: Iterable[tuple[SessionRow, Sequence[EventRow]]]) -> list[Row]:
    """Return a row per event."""
    return [
        (
            str(session.id), brand, row.id, row.source, row.type, row.platform, row.room or None, row.occurred_at,
            row.received_at, row.sent_time, row.voided_at, row.data, row.attributes,
        )
        for session, page in found
        for row in page
    ]  # fmt: skip


def _show(one: Evaluation) -> Row:
    head = one.head
    return (str(head.id), head.brand, head.title, head.host, head.kind, one.status.value, head.currency)


def _decimal(numerator: int | None, denominator: int) -> Decimal | None:
    if numerator is None or denominator == 0:
        return None
    return Decimal(fixed(half_up(numerator * 10**_DECIMALS, denominator), _DECIMALS))


def _amount(minor: int | None, digits: int) -> Decimal | None:
    return None if minor is None else Decimal(fixed(minor, digits))


def _figures(one: Evaluation, columns: Columns, values: Values) -> Iterable[Value]:
    digits = digits_of(one.head.currency)
    for name, kind in columns.items():
        yield _value(values[name], kind, digits)
        yield values[name][2]


def _value(figure: Figure, kind: Kind, digits: int) -> Value:
    numerator, denominator, _ = figure
    if denominator == 0:
        return None
    if kind is Kind.MONEY:
        return Decimal(money(numerator, denominator, digits))
    return numerator if kind is Kind.INTEGER else _decimal(numerator, denominator)


def _product(one: Evaluation, product: ProductResult) -> Row:
    head, plan = one.head, product.row
    digits = digits_of(head.currency)
    on_air_us = sum(showcase.seconds_us() for showcase in product.showcases)
    return (
        str(head.id), head.brand, head.currency, head.started_at, product.code, product.name, product.listed,
        _amount(product.live_price, digits), _amount(plan.list_price if plan else None, digits), product.planned,
        *_figures(one, PRODUCT_FIGURES, product.figures), product.sold_out_at, len(product.showcases),
        _decimal(on_air_us, 1_000_000),
    )  # fmt: skip


def _order(brand: str, session: SessionRow, row: OrderRow, codes: Mapping[str, str]) -> Row:
    digits = digits_of(session.currency)
    lines: list[Document] = line_documents(from_json(row.lines) if row.lines else [], codes, digits)
    pieces = [sum(line["quantity"] for line in lines if line["gift"] is gift) for gift in (False, True)]
    return (
        str(session.id), brand, session.currency, row.platform, row.order, row.state, row.customer, row.buyer,
        _amount(row.amount, digits), _amount(row.refunded_amount, digits), *pieces, row.placed_at, row.paid_at, row.cancelled_at,
        row.refunded_at, row.shipped_at, row.delivered_at, row.carrier, row.tracking, to_json(lines).decode(),
    )  # fmt: skip
