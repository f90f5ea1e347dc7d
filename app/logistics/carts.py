"""The lines of orders, parsed once each: most orders of a broadcast are one of few carts.

In: lines as JSON text. Out: lines and their pieces. Never here: refunds, I/O; more carts in memory than `MOST`.
"""

from collections.abc import Collection, Mapping

from pydantic_core import from_json

from app.kpis.documents.render import Document
from app.logistics.pieces import Items, StoredLine, line_items

MOST = 5_000
"""Carts that are kept: some megabytes. A list whose carts all differ takes half as long again."""


class Pieces:
    """Pieces of orders, and the lines that show them once they were written. Orders share them, so that no one changes them."""

    __slots__ = ("document", "items")

    def __init__(self, items: Items) -> None:
        """Take pieces by product and SKU."""
        self.items = items
        self.document: list[Document] | None = None


class Cart:
    """The lines of an order."""

    __slots__ = ("_pieces", "lines")

    def __init__(self, lines: list[StoredLine]) -> None:
        """Take the lines."""
        self.lines = lines
        self._pieces: Pieces | None = None

    def pieces(self, codes: Mapping[str, str]) -> Pieces:
        """Return the pieces; `codes` turns a product's alias into its code, and has the aliases of the lines."""
        if self._pieces is None:
            self._pieces = Pieces(line_items(self.lines, codes))
        return self._pieces


class Carts:
    """Carts by their text."""

    def __init__(self) -> None:
        """Start empty."""
        self._known: dict[str, Cart] = {}

    def read(self, texts: Collection[str]) -> set[str]:
        """Take the carts of a batch in, and return the products of those that are new."""
        new = set(texts) - self._known.keys()
        if len(self._known) + len(new) > MOST:
            self._known.clear()
            new = set(texts)
        listed = list(new)
        # One call for all: the call costs as much as a line.
        parsed: list[list[StoredLine]] = from_json("[" + ",".join(listed) + "]")
        self._known.update(zip(listed, map(Cart, parsed), strict=True))
        return {line["product"] for lines in parsed for line in lines}

    def __getitem__(self, text: str) -> Cart:
        """Return a cart of the batch that was read last."""
        return self._known[text]
