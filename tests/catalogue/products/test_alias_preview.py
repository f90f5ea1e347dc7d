"""The preview of aliases: what binding a code to a product moves, before it is bound."""

from typing import Any

import httpx

from app.catalogue.access import Role
from tests.catalogue.conftest import NewSession, Send
from tests.conftest import KeyMaker
from tests.kpis.event_builders import Event, at, paid


async def test_the_preview_states_what_the_alias_then_moves(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, keys: KeyMaker
) -> None:
    """Orders, units and money of the code by session; taken codes are named; afterwards the product has exactly these figures."""
    session = (await new_session())["id"]
    events: list[Event] = [
        paid(60, "1", "b1", ("10000387", 2, "198.00"), ("knit", 1, "100.00")),
        paid(61, "2", "b2", ("10000387", 1, "99.00")),
        paid(62, "3", "b3", ("other", 1, "5.00")),
        ("product.clicked", 63, {"product": "10000388"}),
    ]
    await send(session, *((kind, at(second), data) for kind, second, data in events))
    made: Any = (await client.post("/v1/products", json={"brand": "maison-k", "code": "coat"})).json()
    await client.post("/v1/products", json={"brand": "maison-k", "code": "scarf", "aliases": ["s-1"]})
    url = f"/v1/products/{made['id']}/aliases/preview"
    answer = await client.post(url, json={"aliases": ["10000387", "10000388", "scarf", "s-1"]})
    assert 200 == answer.status_code, answer.text
    found = answer.json()
    assert [("s-1", "scarf"), ("scarf", "scarf")] == [(one["alias"], one["product"]) for one in found["taken"]]
    assert [{"currency": "CNY", "orders": 2, "units": 3, "gmv": "297.00"}] == found["totals"]
    assert [session] == [one["session"] for one in found["sessions"]]
    nothing = (await client.post(url, json={"aliases": ["10000388"]})).json()
    assert (1, 0, "0.00") == (len(nothing["sessions"]), nothing["totals"][0]["orders"], nothing["totals"][0]["gmv"])
    assert [] == (await client.get(f"/v1/products/{made['id']}")).json()["aliases"]
    await client.put(f"/v1/products/{made['id']}/aliases/10000387")
    products = (await client.get(f"/v1/sessions/{session}/products")).json()
    coat = next(one for one in [*products["products"], *products.get("others", [])] if one["product"] == "coat")
    assert (2, 3, "297.00") == (coat["orders"], coat["units"], coat["gmv"])
    # Bound already: nothing moves any more.
    assert [] == (await client.post(url, json={"aliases": ["10000387"]})).json()["sessions"]
    await client.post("/v1/brands", json={"slug": "other"})
    brands = {one["slug"]: one["id"] for one in (await client.get("/v1/brands")).json()["brands"]}
    for headers, status in (
        (await keys(Role.OPERATOR, brands["other"]), 404),
        (await keys(Role.VIEWER), 403),
        (await keys(Role.OPERATOR, brands["maison-k"]), 200),
    ):
        assert status == (await client.post(url, json={"aliases": ["10000387"]}, headers=headers)).status_code
