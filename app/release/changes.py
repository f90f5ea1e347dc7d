"""What differs between a revision and the session's present figures.

In: a frozen document, the present documents. Out: the figures that differ. Never here: I/O, formulas.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.kpis.documents.final import differences
from app.kpis.documents.render import Document
from app.kpis.products.products import UNITS

_PROMOTION_FIGURES = ("views", "engagements", "clicks")


def changes(frozen: Document, kpis: Document, products: Document, promotions: Sequence[Document]) -> list[Document]:
    """Return every figure that differs, with what it was and what it is: the session's, by platform, product and promotion.

    A session on one platform has the platform's figures as its own; they are listed once.
    """
    was = frozen["documents"]["kpis"]
    values = {
        "duration_seconds": was["duration_seconds"],
        "kpis": _values(was["kpis"]),
        "by_platform": {name: _values(cells) for name, cells in was["by_platform"].items()},
    }
    single = len(was["by_platform"].keys() | kpis["by_platform"].keys()) <= 1
    found: list[Document] = []
    for one in differences(values, kpis["duration_seconds"], kpis["kpis"], kpis["by_platform"]):
        if one.platform is None:
            found.append(_change(one.figure, one.was, one.now))
        elif not single:
            found.append(_change(one.figure, one.was, one.now, platform=one.platform))
    found += _compared("product", _by_product(frozen["documents"]["products"]), _by_product(products), tuple(UNITS))
    found += _compared("promotion", _by_promotion(frozen["promotions"]), _by_promotion(promotions), _PROMOTION_FIGURES)
    return found


def _values(cells: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {slug: cell["value"] for slug, cell in cells.items()}


def _change(figure: str, was: Any, now: Any, **of: str) -> Document:
    return {"figure": figure, **of, "was": was, "is": now}


def _compared(kind: str, was: Mapping[str, Document], now: Mapping[str, Document], figures: Sequence[str]) -> Iterator[Document]:
    for code in [*was, *(code for code in now if code not in was)]:
        before, after = was.get(code, {}), now.get(code, {})
        for figure in figures:
            if before and figure not in before:
                continue  # A former version did not have it.
            if before.get(figure) != after.get(figure):
                yield _change(figure, before.get(figure), after.get(figure), **{kind: code})


def _by_product(products: Document) -> dict[str, Document]:
    return {row["product"]: row for row in (*products["products"], *products["other"]["products"])}


def _by_promotion(promotions: Sequence[Document]) -> dict[str, Document]:
    return {row["promotion"] or row["url"]: row for row in promotions}
