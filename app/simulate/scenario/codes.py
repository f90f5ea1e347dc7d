"""Codes of products and URLs of promotions for sheets that give names only.

In: a scenario's document. Out: the document with a stable code per product and a url per promotion.
Never here: randomness; the same sheet always has the same codes.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

_WORDS = {
    "ニット": "knit",
    "パンツ": "pants",
    "スカート": "skirt",
    "ワンピース": "dress",
    "シャツ": "shirt",
    "ブラウス": "blouse",
    "コート": "coat",
    "ジャケット": "jacket",
    "バッグ": "bag",
    "靴": "shoes",
}


def code_of(name: str, position: int) -> str:
    """Return a code from a product's name and its place in the line-up.

    >>> code_of("ニット", 1), code_of("Silk dress", 2), code_of("帽子", 3)
    ('knit-01', 'silk-dress-02', 'product-03')
    """
    word = _WORDS.get(name) or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48] or "product"
    return f"{word}-{position:02d}"


def coded(document: Mapping[str, object]) -> dict[str, object]:
    """Return the document with codes and URLs filled in; malformed parts are left to the validation."""
    found = dict(document)
    products, promotions = found.get("products"), found.get("promotions")
    if isinstance(products, list):
        found["products"] = [_product(item, position) for position, item in enumerate(products, 1)]
    if isinstance(promotions, list):
        name = quote(str(found.get("name", "scenario")), safe="")
        found["promotions"] = [
            {"url": f"https://promotion.example/{name}/{position}", **item} if isinstance(item, dict) else item
            for position, item in enumerate(promotions, 1)
        ]
    return found


def _product(item: object, position: int) -> object:
    if not isinstance(item, dict):
        return item
    name = str(item.get("name") or item.get("product") or f"Product {position}")
    return {**item, "name": name, "product": item.get("product") or item.get("code") or code_of(name, position)}
