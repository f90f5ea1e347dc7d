"""What the tests of the desk share: sessions, keys with their ids, actions over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from app.catalogue.access import Role
from app.service import Service
from tests.people.conftest import browser, person, signed_in

__all__ = ["browser", "person", "signed_in"]

Answer = dict[str, Any]


class Person(NamedTuple):
    """A caller: the id of the key, and the header that presents it."""

    id: str
    headers: dict[str, str]

    @property
    def source(self) -> str:
        """The source of this person's actions."""
        return f"/desk/key:{self.id}"


People = Callable[..., Awaitable[Person]]
NewSession = Callable[..., Awaitable[Answer]]
Act = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def people(service: Service) -> People:
    """A maker of callers."""

    async def make(role: str = "operator", brand: str | None = None, name: str = "studio") -> Person:
        key_id, key = await service.keys.create(Role(role), None if brand is None else UUID(brand), name)
        return Person(key_id, {"Authorization": f"Bearer {key}"})

    return make


@pytest.fixture
def new_session(client: httpx.AsyncClient) -> NewSession:
    """A maker of sessions."""

    async def make(**fields: Any) -> Answer:
        answer = await client.post(
            "/v1/sessions", json={"title": "秋の新作ライブ", "brand": "maison-k", "currency": "CNY"} | fields
        )
        assert 201 == answer.status_code, answer.text
        return dict(answer.json())

    return make


@pytest.fixture
def act(client: httpx.AsyncClient) -> Act:
    """An actor at the desk of a session."""

    async def post(session: str, person: Person, **action: Any) -> httpx.Response:
        return await client.post(f"/v1/sessions/{session}/desk", json=action, headers=person.headers)

    return post
