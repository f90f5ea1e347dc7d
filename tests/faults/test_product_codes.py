"""Product codes are compared after NFC and trimming, wherever they enter: five spellings of one code are one product."""

import json
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest

from app.ingest.rebuilding import rebuild
from app.service import Service

CODE = "caf\u00e9-01"
SPELLINGS = (CODE, "cafe\u0301-01", f" {CODE}", f"{CODE}\u3000", "\u00a0cafe\u0301-01 ")


def event(number: int, kind: str, session: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return an event."""
    return {
        "specversion": "1.0", "id": f"{kind}/{number}", "source": "/codes", "type": f"live.{kind}", "subject": session,
        "time": f"2021-09-25T14:30:{number:02d}+09:00", "data": data,
    }  # fmt: skip


def events(session: str) -> list[dict[str, Any]]:
    """Return each event that names a product, once per spelling."""
    found = []
    for number, code in enumerate(SPELLINGS):
        line = {"product": code, "quantity": 1, "amount": "10.00"}
        order = {"order": f"A{number}", "buyer": f"b{number}", "currency": "CNY", "amount": "10.00", "lines": [line]}
        found += [
            event(number, "product.clicked", session, {"product": code}),
            event(number, "product.showcased", session, {"product": code}),
            event(number, "stock.changed", session, {"product": code, "stock": 9 - number}),
            event(number, "product.sampled", session, {"product": code, "impressions_total": 100 + number}),
            event(number, "order.paid", session, order),
        ]
    return found


async def new_session(client: httpx.AsyncClient, **fields: Any) -> str:
    """Create a session."""
    answer = await client.post("/v1/sessions", json={"title": "t", "brand": "b", "currency": "CNY"} | fields)
    assert 201 == answer.status_code, answer.text
    return str(answer.json()["id"])


async def test_five_spellings_are_one_product_of_the_line_up(client: httpx.AsyncClient, service: Service) -> None:
    """5 clicks, 5 orders and 50.00 of one product, and nothing outside the line-up, which was written in a sixth way."""
    session = await new_session(client, lineup=[{"product": f"\t{SPELLINGS[1]}".strip("\t") + " "}])
    assert 25 == (await client.post("/v1/events", json=events(session))).json()["accepted"]
    document = (await client.get(f"/v1/sessions/{session}/products")).json()
    (row,) = document["products"]
    assert (CODE, 5, 5, "50.00", 5) == tuple(row[name] for name in ("product", "clicks", "orders", "gmv", "stock"))
    assert [] == document["other"]["products"]
    assert [] == await rebuild.compare(service.database, service.settings, UUID(session))


async def test_an_alias_is_found_in_every_spelling(client: httpx.AsyncClient) -> None:
    """Of the catalogue, of events, of filters and of paths."""
    form = {"brand": "b", "code": "knit-01", "aliases": [SPELLINGS[4]]}
    product = (await client.post("/v1/products", json=form)).json()
    assert [CODE] == product["aliases"]
    again = await client.post("/v1/products", json={"brand": "b", "code": SPELLINGS[2]})
    assert 409 == again.status_code
    session = await new_session(client)
    await client.post("/v1/events", json=events(session))
    document = (await client.get(f"/v1/sessions/{session}/products")).json()
    assert [("knit-01", 5)] == [(row["product"], row["orders"]) for row in document["products"]]
    for spelling in ("knit-01", " knit-01"):
        orders = (await client.get(f"/v1/sessions/{session}/orders", params={"product": spelling})).json()["orders"]
        assert 5 == len(orders)
    path = f"/v1/products/{product['id']}/aliases/{quote(SPELLINGS[1])}"
    assert 200 == (await client.put(path)).status_code
    assert 200 == (await client.delete(path)).status_code


async def test_an_import_names_products_in_every_spelling(client: httpx.AsyncClient) -> None:
    """A CSV file of orders counts one product."""
    session = await new_session(client, lineup=[{"product": CODE}])
    head = "order,buyer,product,quantity,amount,paid_at\n"
    rows = [f"A{n},b{n},{code},1,10.00,2021-09-25 14:3{n}:00\n" for n, code in enumerate(SPELLINGS)]
    columns = {
        "order": "order", "buyer": "buyer", "product": "product", "quantity": "quantity", "line_amount": "amount",
        "paid_at": "paid_at",
    }  # fmt: skip
    options = {"kind": "orders", "subject": session, "timezone": "Asia/Shanghai", "columns": columns}
    answer = await client.post(
        "/v1/imports", files={"file": ("orders.csv", head + "".join(rows))}, data={"options": json.dumps(options)}
    )
    assert answer.is_success, answer.text
    document = (await client.get(f"/v1/sessions/{session}/products")).json()
    assert [(CODE, 5)] == [(row["product"], row["orders"]) for row in document["products"]]
    assert 0 == document["other"]["orders"]


@pytest.mark.parametrize("code", [" ", "\u3000", "\u00a0 "])
async def test_a_blank_code_is_refused_by_name(client: httpx.AsyncClient, code: str) -> None:
    """Of an event and of the catalogue."""
    session = await new_session(client)
    answer = await client.post("/v1/events", json=event(1, "product.clicked", session, {"product": code}))
    assert (422, "/data/product") == (answer.status_code, answer.json()["errors"][0]["pointer"])
    answer = await client.post("/v1/products", json={"brand": "b", "code": code})
    assert (422, "/code") == (answer.status_code, answer.json()["errors"][0]["pointer"])
