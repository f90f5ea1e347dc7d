"""People and browsers: clients that have a cookie and no key."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.kpis.conftest import new_session, read, send
from tests.release.conftest import finalize, show

__all__ = ["finalize", "new_session", "read", "send", "show"]

Answer = dict[str, Any]
Browser = Callable[[], httpx.AsyncClient]
Person = Callable[..., Awaitable[Answer]]
SignedIn = Callable[..., Awaitable[httpx.AsyncClient]]
COOKIE = "tallylight"


@pytest.fixture
async def browser(client: httpx.AsyncClient) -> AsyncIterator[Browser]:
    """Make browsers: no key, a cookie jar, and the header that our own page's requests have."""
    opened: list[httpx.AsyncClient] = []

    def make() -> httpx.AsyncClient:
        headers = {"Sec-Fetch-Site": "same-origin"}
        opened.append(httpx.AsyncClient(transport=client._transport, base_url=client.base_url, headers=headers))
        return opened[-1]

    yield make
    # Not closed: the transport is the other client's, and its cookie jar is all that a browser holds.
    opened.clear()


@pytest.fixture
def person(client: httpx.AsyncClient) -> Person:
    """Create a person."""

    async def make(role: str = "operator", brand: str | None = None, name: str = "林") -> Answer:
        answer = await client.post("/v1/people", json={"name": name, "role": role, "brand": brand})
        assert 201 == answer.status_code, answer.text
        return dict(answer.json())

    return make


@pytest.fixture
def signed_in(client: httpx.AsyncClient, browser: Browser) -> SignedIn:
    """Return a browser in which a person has opened a new sign-in link."""

    async def sign_in(who: Answer, other: httpx.AsyncClient | None = None) -> httpx.AsyncClient:
        one = other or browser()
        answer = await one.post("/v1/sign-in", json={"token": await token_of(client, who)})
        assert 204 == answer.status_code, answer.text
        return one

    return sign_in


async def token_of(client: httpx.AsyncClient, who: Answer) -> str:
    """Return the secret of a new sign-in link."""
    answer = await client.post(f"/v1/people/{who['id']}/sign-in-links")
    assert 201 == answer.status_code, answer.text
    base, _, token = answer.json()["url"].partition("/#/sign-in/")
    assert "http://tallylight.test" == base
    return str(token)


async def share(client: httpx.AsyncClient, session: str, **form: Any) -> tuple[Answer, str]:
    """Return a new share link and its secret."""
    answer = await client.post(f"/v1/sessions/{session}/share-links", json=form)
    assert 201 == answer.status_code, answer.text
    link = answer.json()
    return link, link["url"].partition("/#/share/")[2]
