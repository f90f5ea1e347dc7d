"""Another site writes nothing by a browser's cookie, and signs no browser in."""

import httpx
import pytest

from tests.people.conftest import Browser, Person, SignedIn, token_of

FOREIGN: list[dict[str, str | None]] = [
    {"Sec-Fetch-Site": None},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://evil.tallylight.test"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": None, "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": None, "Origin": "null"},
    {"Sec-Fetch-Site": None, "Origin": "https://tallylight.test"},
    {"Sec-Fetch-Site": None, "Origin": "http://tallylight.test:8080"},
    {"Sec-Fetch-Site": None, "Origin": "http://tallylight.test.evil.example"},
    {"Sec-Fetch-Site": None, "Referer": "http://tallylight.test/"},
]


def _with(one: httpx.AsyncClient, headers: dict[str, str | None]) -> dict[str, str]:
    one.headers.pop("Sec-Fetch-Site", None)
    return {name: value for name, value in headers.items() if value is not None}


@pytest.mark.parametrize("headers", FOREIGN)
async def test_another_site_cannot_write_by_a_cookie(
    client: httpx.AsyncClient, person: Person, signed_in: SignedIn, headers: dict[str, str | None]
) -> None:
    """Every method that writes is refused before anything is read or done; reading is not."""
    one = await signed_in(await person("admin"))
    sent = _with(one, headers)
    for method, path in (("POST", "/v1/brands"), ("PUT", "/v1/x"), ("PATCH", "/v1/brands/b"), ("DELETE", "/v1/keys/x"),
                         ("POST", "/v1/events"), ("POST", "/v1/sign-out")):  # fmt: skip
        answer = await one.request(method, path, json={"slug": "b", "name": "B"}, headers=sent)
        assert (403, "cross_site") == (answer.status_code, answer.json()["code"]), path
    assert 200 == (await one.get("/v1/me", headers=sent)).status_code
    assert [] == (await client.get("/v1/brands")).json()["brands"]


async def test_our_own_page_writes_by_a_cookie(person: Person, signed_in: SignedIn) -> None:
    """By `Sec-Fetch-Site`, and in browsers that send none over http by an equal `Origin`."""
    one = await signed_in(await person("operator"))
    assert 201 == (await one.post("/v1/brands", json={"slug": "a", "name": "A"})).status_code
    sent = _with(one, {"Origin": "http://tallylight.test"})
    assert 201 == (await one.post("/v1/brands", json={"slug": "b", "name": "B"}, headers=sent)).status_code
    # A key needs neither: no browser adds one.
    assert 403 == (await one.post("/v1/brands", json={"slug": "c", "name": "C"})).status_code


@pytest.mark.parametrize(
    "headers", [headers for headers in FOREIGN if {"Origin", "Sec-Fetch-Site"} & {n for n, v in headers.items() if v}]
)
async def test_another_site_cannot_sign_a_browser_in(
    client: httpx.AsyncClient, browser: Browser, person: Person, headers: dict[str, str | None]
) -> None:
    """As its own person, who would then see what the victim enters; the link is not used up."""
    one, token = browser(), await token_of(client, await person())
    sent = _with(one, headers)
    refused = await one.post("/v1/sign-in", json={"token": token}, headers=sent)
    assert (403, "cross_site") == (refused.status_code, refused.json()["code"])
    assert "set-cookie" not in refused.headers
    assert 204 == (await browser().post("/v1/sign-in", json={"token": token})).status_code
