"""Brands over HTTP."""

from collections.abc import Awaitable, Callable

import httpx

from app.catalogue.brands.brands import FRONT_FIGURES
from app.kpis.evaluation.metrics import BY_SLUG

KeyFor = Callable[..., Awaitable[dict[str, str]]]


async def test_a_brand_is_created_read_and_renamed(client: httpx.AsyncClient) -> None:
    """The slug stays, the name may change."""
    made = await client.post("/v1/brands", json={"slug": "maison-k", "name": "Maison K"})
    assert (201, "maison-k", "Maison K") == (made.status_code, made.json()["slug"], made.json()["name"])
    renamed = await client.patch("/v1/brands/maison-k", json={"name": "メゾンK"})
    assert (200, made.json() | {"name": "メゾンK"}) == (renamed.status_code, renamed.json())
    assert renamed.json() == (await client.get("/v1/brands/maison-k")).json()
    unchanged = await client.patch("/v1/brands/maison-k", json={})
    assert (200, renamed.json()) == (unchanged.status_code, unchanged.json())


async def test_a_slug_names_one_brand(client: httpx.AsyncClient) -> None:
    """The second brand of a slug is a conflict."""
    assert 201 == (await client.post("/v1/brands", json={"slug": "one"})).status_code
    assert 409 == (await client.post("/v1/brands", json={"slug": "one"})).status_code


async def test_wrong_fields_are_named(client: httpx.AsyncClient) -> None:
    """A misspelt field, a slug with capitals, a null where a name must be."""
    for form, pointer in [
        ({"slug": "one", "nmae": "One"}, "/nmae"),
        ({"slug": "One"}, "/slug"),
        ({"slug": "one", "name": "a\0b"}, "/name"),
    ]:
        answer = await client.post("/v1/brands", json=form)
        assert (422, [pointer]) == (answer.status_code, [error["pointer"] for error in answer.json()["errors"]])
    await client.post("/v1/brands", json={"slug": "one"})
    assert 422 == (await client.patch("/v1/brands/one", json={"name": None})).status_code
    assert 422 == (await client.patch("/v1/brands/one", json={"slug": "two"})).status_code


async def test_the_list_comes_in_pages_by_slug(client: httpx.AsyncClient) -> None:
    """Every brand once, whatever the page's size; a search narrows it."""
    slugs = [f"brand-{n}" for n in range(5)]
    for slug in reversed(slugs):
        await client.post("/v1/brands", json={"slug": slug, "name": f"名{slug}"})
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/brands", params=params)).json()
        seen += [brand["slug"] for brand in page["brands"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert slugs == seen
    found = (await client.get("/v1/brands", params={"q": "名BRAND-3"})).json()["brands"]
    assert ["brand-3"] == [brand["slug"] for brand in found]
    assert [] == (await client.get("/v1/brands", params={"q": "%"})).json()["brands"]


async def test_a_bound_key_knows_its_own_brand_only(client: httpx.AsyncClient, key_for: KeyFor) -> None:
    """Others do not exist for it, and it cannot make any, taken slug or not."""
    await client.post("/v1/brands", json={"slug": "theirs"})
    own = await key_for("operator", "own")
    assert ["own"] == [b["slug"] for b in (await client.get("/v1/brands", headers=own)).json()["brands"]]
    assert 200 == (await client.get("/v1/brands/own", headers=own)).status_code
    assert 404 == (await client.get("/v1/brands/theirs", headers=own)).status_code
    assert 404 == (await client.patch("/v1/brands/theirs", json={"name": "Mine"}, headers=own)).status_code
    answers = [await client.post("/v1/brands", json={"slug": slug}, headers=own) for slug in ("theirs", "new")]
    assert [403, 403] == [answer.status_code for answer in answers]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert "theirs" == (await client.get("/v1/brands/theirs")).json()["name"]


async def test_a_viewer_reads_and_does_not_write(client: httpx.AsyncClient, key_for: KeyFor) -> None:
    """Roles hold for every route of the catalogue; this route represents all."""
    viewer = await key_for("viewer")
    assert 200 == (await client.get("/v1/brands", headers=viewer)).status_code
    assert 403 == (await client.post("/v1/brands", json={"slug": "one"}, headers=viewer)).status_code
    assert 403 == (await client.get("/v1/keys", headers=viewer)).status_code
    unknown = {"Authorization": "Bearer tl_unknown_0123456789abcdef0123"}
    assert 401 == (await client.get("/v1/brands", headers=unknown)).status_code


async def test_the_figures_in_front_are_the_brands_choice(client: httpx.AsyncClient) -> None:
    """Three to six different KPIs in their order; a session has those of its brand; null is the default; the change is audited."""
    session = (await client.post("/v1/sessions", json={"title": "t", "brand": "maison-k", "currency": "CNY"})).json()
    default = session["front_figures"]
    assert (6, "concurrent_viewers") == (len(default), default[0])
    chosen = ["net_roi", "gmv", "entry_rate"]
    changed = await client.patch("/v1/brands/maison-k", json={"front_figures": chosen})
    assert (200, chosen) == (changed.status_code, changed.json()["front_figures"])
    assert chosen == (await client.get(f"/v1/sessions/{session['id']}")).json()["front_figures"]
    (entry,) = (await client.get("/v1/audit", params={"action": "brand.update"})).json()["entries"]
    assert "maison-k" == entry["brand"]
    for wrong, pointer in (
        (["gmv", "orders"], "/front_figures"),
        (["gmv", "orders", "gmv"], "/front_figures"),
        (["gmv", "orders", "no_such"], "/front_figures/2"),
        (["gmv", "orders", "buyers", "viewers", "likes", "shares", "views"], "/front_figures"),
        ("gmv", "/front_figures"),
    ):
        refused = await client.patch("/v1/brands/maison-k", json={"front_figures": wrong})
        assert (422, pointer) == (refused.status_code, refused.json()["errors"][0]["pointer"]), wrong
    assert (await client.patch("/v1/brands/maison-k", json={"front_figures": None})).is_success
    assert default == (await client.get(f"/v1/sessions/{session['id']}")).json()["front_figures"]


def test_the_default_figures_are_kpis() -> None:
    """So that a page finds each of them in the KPI document."""
    assert set(FRONT_FIGURES) <= set(BY_SLUG)
