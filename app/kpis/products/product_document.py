"""The products document: results by product with names, formatted for the API.

In: all products, the session's evaluation. Out: one page of the document. Never here: I/O, figures of its own.
"""

from bisect import bisect_right
from operator import attrgetter

from app.kpis.documents.render import Document, local, plain
from app.kpis.evaluation.evaluate import Evaluation, Values
from app.kpis.evaluation.rounding import digits_of, fixed, number
from app.kpis.products.products import MOST_LISTED, SHARED, UNITS, ProductResult, ProductTable
from app.labels.catalogue import Language, label
from app.storage.kpis.product_reads import LineupRow


def products_document(
    evaluation: Evaluation, table: ProductTable, language: Language, after: str | None = None, limit: int = MOST_LISTED
) -> tuple[Document, str | None]:
    """Return the products document (`ProductsDocument`), and the code of its last product if more follow.

    Args:
        evaluation: the session's figures.
        table: all products.
        language: of names and notes.
        after: list the products outside the line-up whose code is greater.
        limit: how many of them at most.
    """
    head = evaluation.head
    digits = digits_of(head.currency)
    first = 0 if after is None else bisect_right(table.others, after, key=attrgetter("code"))
    page = table.others[first : first + limit]
    more = page[-1].code if first + limit < len(table.others) and page else None
    document = {
        "session": str(head.id),
        "status": evaluation.status.value,
        "as_of": local(evaluation.as_of, head.time_zone),
        "currency": head.currency,
        "products": [_product(product, digits, head.time_zone) for product in table.products],
        "other": {
            **_shared(table.other, digits),
            "count": len(table.others),
            "products": [_product(product, digits, head.time_zone) for product in page],
        },
        "total": _shared(table.total, digits),
        "notes": [label("product.note.buyers", language), label("product.note.estimate", language)],
        "next_cursor": None,
    }
    return document, more


def _shared(values: Values, digits: int) -> Document:
    shown: Document = {field: plain(values[field], UNITS[field], digits) for field in SHARED}
    return shown | {"basis": {field: values[field][2] for field in SHARED}}


def _plan(row: LineupRow | None, digits: int) -> Document:
    """Return what the line-up says: prices, planned stock, promise."""
    live, regular = (row.live_price, row.list_price) if row else (None, None)
    planned = row.stock if row else None
    return {
        "live_price": None if live is None else fixed(live, digits),
        "list_price": None if regular is None else fixed(regular, digits),
        "discount": None if live is None or not regular else number(regular - live, regular),
        "planned": planned,
        "initial_stock": planned,
        "preorder": row is not None and row.preorder,
        "promised_days": row.promised_days if row else None,
    }


def _product(product: ProductResult, digits: int, time_zone: str) -> Document:
    values = product.figures
    on_air_us = sum(showcase.seconds_us() for showcase in product.showcases)
    return {
        "product": product.code,
        "name": product.name,
        **_plan(product.row, digits),
        "stock_estimated": product.stock_estimated,
        **{field: plain(values[field], unit, digits) for field, unit in UNITS.items()},
        "sold_out_at": local(product.sold_out_at, time_zone),
        "sold_out": [{"from": local(one.since, time_zone), "to": local(one.until, time_zone)} for one in product.sold_out],
        "showcases": {"count": len(product.showcases), "seconds": number(on_air_us, 1_000_000)},
        "on_air": any(showcase.on_air for showcase in product.showcases),
        "basis": {field: values[field][2] for field in UNITS},
    }
