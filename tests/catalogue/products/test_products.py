"""Products and aliases over HTTP, and what a change of aliases does to figures that are there already."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx
import pytest

from app.ingest.folding import fold
from app.service import Service

KeyFor = Callable[..., Awaitable[dict[str, str]]]
NewSession = Callable[..., Awaitable[dict[str, Any]]]
Send = Callable[..., Coroutine[Any, Any, None]]

KNIT: dict[str, Any] = {"brand": "maison-k", "code": "knit-01", "names": {"ja": "ニット", "zh": "针织衫"}}


def clicked(product: str, count: int) -> tuple[str, str, dict[str, Any]]:
    """Return an event."""
    return ("product.clicked", "2021-09-25T14:10:00+09:00", {"product": product, "count": count})


async def clicks_of(service: Service, session: str) -> dict[str, int]:
    """Return product → clicks, as the rollups of the whole session hold them."""
    sql = "SELECT key, value FROM counters WHERE session_id = $1 AND grain = 0 AND metric = 'product_clicks' AND key > ''"
    async with service.database.acquire() as connection:
        return {row["key"]: row["value"] for row in await connection.fetch(sql, session) if row["value"]}


async def version_of(service: Service, slug: str = "maison-k") -> int:
    """Return the brand's catalogue version."""
    async with service.database.acquire() as connection:
        return int(await connection.fetchval("SELECT catalogue_version FROM brands WHERE slug = $1", slug))


async def create(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """Create a product."""
    answer = await client.post("/v1/products", json={**KNIT, **fields})
    assert 201 == answer.status_code, answer.text
    return dict(answer.json())


async def test_a_product_is_created_with_its_brand_read_and_changed(client: httpx.AsyncClient) -> None:
    """The brand comes into being by its slug; names are replaced as a whole."""
    made = await create(client, aliases=["b", "a", "a"])
    assert ("maison-k", "knit-01", ["a", "b"]) == (made["brand"], made["code"], made["aliases"])
    assert "maison-k" == (await client.get("/v1/brands/maison-k")).json()["name"]
    path = f"/v1/products/{made['id']}"
    assert made == (await client.get(path)).json()
    changed = await client.patch(path, json={"names": {"en": "Knit"}})
    assert (200, made | {"names": {"en": "Knit"}}) == (changed.status_code, changed.json())
    assert 422 == (await client.patch(path, json={"code": "other"})).status_code
    assert 204 == (await client.delete(path)).status_code
    assert 404 == (await client.get(path)).status_code
    assert 404 == (await client.delete(path)).status_code


async def test_a_code_or_an_alias_means_one_product_of_its_brand(client: httpx.AsyncClient) -> None:
    """Code against code, alias against alias, and each against the other; another brand is free."""
    knit = await create(client, aliases=["10000387"])
    taken: list[dict[str, Any]] = [
        {"code": "knit-01"},
        {"code": "10000387"},
        {"code": "new", "aliases": ["10000387"]},
        {"code": "new", "aliases": ["knit-01"]},
    ]
    for fields in taken:
        assert 409 == (await client.post("/v1/products", json=KNIT | fields)).status_code, fields
    other = await create(client, code="skirt-01")
    assert 409 == (await client.put(f"/v1/products/{other['id']}/aliases/knit-01")).status_code
    assert 409 == (await client.put(f"/v1/products/{other['id']}/aliases/10000387")).status_code
    assert 409 == (await client.patch(f"/v1/products/{other['id']}", json={"aliases": ["10000387"]})).status_code
    assert 409 == (await client.put(f"/v1/products/{knit['id']}/aliases/knit-01")).status_code
    await create(client, brand="other-brand", aliases=["10000387"])


async def test_of_two_products_that_want_one_alias_at_once_one_gets_it(client: httpx.AsyncClient) -> None:
    """The refusal does not depend on who looked first."""
    products = [await create(client, code=f"code-{n}") for n in range(6)]
    answers = await asyncio.gather(*(client.put(f"/v1/products/{p['id']}/aliases/same") for p in products))
    assert [200, 409, 409, 409, 409, 409] == sorted(answer.status_code for answer in answers)


async def test_an_alias_may_hold_slashes(client: httpx.AsyncClient) -> None:
    """Platforms' codes are not ours to choose."""
    made = await create(client)
    put = await client.put(f"/v1/products/{made['id']}/aliases/sku%2F1/2")
    assert (200, ["sku/1/2"]) == (put.status_code, put.json()["aliases"])
    gone = await client.delete(f"/v1/products/{made['id']}/aliases/sku/1/2")
    assert (200, []) == (gone.status_code, gone.json()["aliases"])
    assert 404 == (await client.delete(f"/v1/products/{made['id']}/aliases/sku/1/2")).status_code


async def test_only_a_change_of_aliases_moves_the_catalogues_version(client: httpx.AsyncClient, service: Service) -> None:
    """Ingest reads the aliases again when the number moves, and only then."""
    made = await create(client)
    path = f"/v1/products/{made['id']}"
    assert 0 == await version_of(service)
    await client.patch(path, json={"names": {}})
    assert 0 == await version_of(service)
    await client.put(f"{path}/aliases/a")
    assert 1 == await version_of(service)
    await client.put(f"{path}/aliases/a")
    assert 1 == await version_of(service)
    await client.patch(path, json={"aliases": ["b"]})
    moved = await version_of(service)
    assert moved > 1
    await client.delete(path)
    assert moved < await version_of(service)


async def test_a_new_alias_moves_what_came_in_under_it(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send
) -> None:
    """PUT, PATCH and creation alike; taking the alias away moves it back; other brands and sessions stay as they are."""
    session, quiet, foreign = await new_session(), await new_session(), await new_session("other-brand")
    await send(session["id"], clicked("knit-01", 5), clicked("10000387", 3))
    await send(quiet["id"], clicked("skirt-01", 1))
    await send(foreign["id"], clicked("10000387", 7))
    apart, together = {"knit-01": 5, "10000387": 3}, {"knit-01": 8}

    made = await create(client, aliases=["10000387"])
    assert together == await clicks_of(service, session["id"])
    await client.delete(f"/v1/products/{made['id']}/aliases/10000387")
    assert apart == await clicks_of(service, session["id"])
    await client.put(f"/v1/products/{made['id']}/aliases/10000387")
    assert together == await clicks_of(service, session["id"])
    await client.patch(f"/v1/products/{made['id']}", json={"aliases": []})
    assert apart == await clicks_of(service, session["id"])
    await client.patch(f"/v1/products/{made['id']}", json={"aliases": ["10000387"]})
    assert together == await clicks_of(service, session["id"])
    await client.delete(f"/v1/products/{made['id']}")
    assert apart == await clicks_of(service, session["id"])

    assert {"skirt-01": 1} == await clicks_of(service, quiet["id"])
    assert {"10000387": 7} == await clicks_of(service, foreign["id"])


async def test_events_after_an_alias_count_for_the_product(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send
) -> None:
    """Ingest has kept the aliases of before in memory and notices the change."""
    session, made = await new_session(), await create(client)
    await send(session["id"], clicked("10000387", 1))
    await client.put(f"/v1/products/{made['id']}/aliases/10000387")
    await send(session["id"], clicked("10000387", 2))
    assert {"knit-01": 3} == await clicks_of(service, session["id"])


async def test_an_alias_waits_for_a_commit_that_began_without_it(
    client: httpx.AsyncClient,
    service: Service,
    new_session: NewSession,
    send: Send,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Events that were folded with the old aliases but are not visible yet are found and folded again."""
    session, made = await new_session(), await create(client)
    folded, go_on, finish = asyncio.Event(), asyncio.Event(), fold.finish

    async def slow_finish(*args: Any) -> None:
        folded.set()
        await go_on.wait()
        await finish(*args)

    monkeypatch.setattr(fold, "finish", slow_finish)
    sending = asyncio.create_task(send(session["id"], clicked("10000387", 3)))
    await folded.wait()
    putting = asyncio.create_task(client.put(f"/v1/products/{made['id']}/aliases/10000387"))
    await asyncio.wait([putting], timeout=0.3)
    go_on.set()
    await sending
    assert 200 == (await putting).status_code
    assert {"knit-01": 3} == await clicks_of(service, session["id"])


async def test_line_ups_follow_an_alias(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """A line-up that named the platform's code shows the product that it turned out to be, once."""
    both = await new_session(lineup=[{"product": "10000387"}, {"product": "knit-01", "stock": 6}])
    one = await new_session(lineup=[{"product": "10000387", "stock": 9}])
    other = await new_session("other-brand", lineup=[{"product": "10000387"}])
    products = (await client.get("/v1/products", params={"brand": "maison-k"})).json()["products"]
    ids = {product["code"]: product["id"] for product in products}
    await client.delete(f"/v1/products/{ids['10000387']}")
    assert 200 == (await client.put(f"/v1/products/{ids['knit-01']}/aliases/10000387")).status_code
    lineups = [(await client.get(f"/v1/sessions/{session['id']}/lineup")).json()["lineup"] for session in (both, one, other)]
    assert [[("knit-01", 6)], [("knit-01", 9)], [("10000387", None)]] == [
        [(item["product"], item["stock"]) for item in lineup] for lineup in lineups
    ]


async def test_products_are_listed_by_code_and_found_by_what_people_call_them(client: httpx.AsyncClient) -> None:
    """Pages over several brands; a search in codes, names and aliases."""
    for brand in ("b-one", "b-two"):
        for code in ("c", "a", "b"):
            await create(client, brand=brand, code=code, names={"ja": f"名{code}"}, aliases=[f"alias-{code}"])
    seen: list[tuple[str, str]] = []
    params: dict[str, Any] = {"limit": 4}
    while True:
        page = (await client.get("/v1/products", params=params)).json()
        seen += [(product["code"], product["brand"]) for product in page["products"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert [(code, brand) for code in "abc" for brand in ("b-one", "b-two")] == seen
    for q in ("名A", "ALIAS-a"):
        found = (await client.get("/v1/products", params={"q": q, "brand": "b-two"})).json()["products"]
        assert ["a"] == [product["code"] for product in found]
    assert [] == (await client.get("/v1/products", params={"brand": "unknown"})).json()["products"]
    assert 422 == (await client.get("/v1/products", params={"cursor": "WzFd"})).status_code


async def test_a_bound_key_knows_its_own_products_only(client: httpx.AsyncClient, key_for: KeyFor) -> None:
    """Another brand's products cannot be seen, changed or made; without a brand the key's own is meant."""
    theirs = await create(client, brand="theirs")
    own = await key_for("operator", "own")
    path = f"/v1/products/{theirs['id']}"
    answers = [
        await client.get(path, headers=own),
        await client.patch(path, json={"names": {}}, headers=own),
        await client.delete(path, headers=own),
        await client.put(f"{path}/aliases/a", headers=own),
        await client.delete(f"{path}/aliases/a", headers=own),
        await client.post("/v1/products", json=KNIT | {"brand": "theirs"}, headers=own),
        await client.post("/v1/products", json=KNIT | {"brand": "nobodys"}, headers=own),
    ]
    assert [404] * 7 == [answer.status_code for answer in answers]
    made = await client.post("/v1/products", json={"code": "mine"}, headers=own)
    assert (201, "own") == (made.status_code, made.json()["brand"])
    listed = (await client.get("/v1/products", headers=own)).json()["products"]
    assert ["mine"] == [product["code"] for product in listed]
    assert [] == (await client.get("/v1/products", params={"brand": "theirs"}, headers=own)).json()["products"]
    assert 422 == (await client.post("/v1/products", json={"code": "whose"})).status_code
