"""Keys for the tests of the settlement package."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

Headers = dict[str, str]
KeyFor = Callable[..., Awaitable[Headers]]


@pytest.fixture
def key_for(client: httpx.AsyncClient) -> KeyFor:
    """Make a key and return the header that presents it."""

    async def make(role: str, brand: str | None = None) -> Headers:
        answer = await client.post("/v1/keys", json={"role": role, "brand": brand})
        assert 201 == answer.status_code, answer.text
        return {"Authorization": f"Bearer {answer.json()['key']}"}

    return make
