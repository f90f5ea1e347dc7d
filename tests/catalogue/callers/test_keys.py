"""API keys over HTTP."""

import asyncio

import httpx
import pytest

from app.catalogue.access import Role
from app.catalogue.callers.key_store import ApiKeyStore
from app.service import open_service
from app.settings import Settings


async def test_a_key_is_shown_once_and_works_until_it_is_revoked(client: httpx.AsyncClient) -> None:
    """The list never holds the secret; a revoked key is invalid at once, and stays in the list as revoked."""
    made = await client.post("/v1/keys", json={"role": "viewer", "brand": "maison-k", "name": "spa"})
    assert 201 == made.status_code, made.text
    key = made.json()
    secret = key.pop("key")
    assert secret.startswith(f"tl_{key['id']}_")
    assert ("viewer", "maison-k", "spa", None) == (key["role"], key["brand"], key["name"], key["revoked_at"])
    listed = await client.get("/v1/keys")
    assert key in listed.json()["keys"]
    assert secret.split("_", 2)[2] not in listed.text
    header = {"Authorization": f"Bearer {secret}"}
    assert 200 == (await client.get("/v1/brands", headers=header)).status_code
    assert 204 == (await client.delete(f"/v1/keys/{key['id']}")).status_code
    assert 401 == (await client.get("/v1/brands", headers=header)).status_code
    assert 404 == (await client.delete(f"/v1/keys/{key['id']}")).status_code
    (revoked,) = [k for k in (await client.get("/v1/keys")).json()["keys"] if k["id"] == key["id"]]
    assert revoked["revoked_at"] is not None


async def test_keys_are_listed_in_pages(client: httpx.AsyncClient) -> None:
    """The newest first, each once."""
    made = [(await client.post("/v1/keys", json={"role": "ingest"})).json()["id"] for _ in range(5)]
    seen: list[str] = []
    params: dict[str, str | int] = {"limit": 2}
    while True:
        page = (await client.get("/v1/keys", params=params)).json()
        seen += [key["id"] for key in page["keys"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert made[::-1] == [key for key in seen if key in made]
    assert len(set(seen)) == len(seen)


async def test_an_admin_key_cannot_be_bound(client: httpx.AsyncClient) -> None:
    """It could make keys for every brand anyway."""
    answer = await client.post("/v1/keys", json={"role": "admin", "brand": "maison-k"})
    assert (422, ["/brand"]) == (answer.status_code, [error["pointer"] for error in answer.json()["errors"]])
    assert [] == (await client.get("/v1/brands")).json()["brands"]


async def test_only_admins_handle_keys(client: httpx.AsyncClient) -> None:
    """An operator who made keys could make itself an admin."""
    for role in set(Role) - {Role.ADMIN}:
        key = (await client.post("/v1/keys", json={"role": role})).json()
        header = {"Authorization": f"Bearer {key['key']}"}
        answers = [
            await client.get("/v1/keys", headers=header),
            await client.post("/v1/keys", json={"role": "admin"}, headers=header),
            await client.delete(f"/v1/keys/{key['id']}", headers=header),
        ]
        assert [403, 403, 403] == [answer.status_code for answer in answers]


async def test_many_requests_with_one_key_look_it_up_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty requests at once share one query for the keys; a wrong secret of a known key costs none."""
    async with open_service(settings) as service:
        _, key = await service.keys.create(Role.INGEST, None, "busy")
        load, loads = ApiKeyStore._load, []

        async def counted(keys: ApiKeyStore) -> None:
            loads.append(keys)
            await load(keys)

        monkeypatch.setattr(ApiKeyStore, "_load", counted)
        found = await asyncio.gather(*(service.keys.principal(key) for _ in range(20)))
        assert [Role.INGEST] * 20 == [principal.role for principal in found if principal is not None]
        wrong = key[:-4] + "AAAA"
        assert [None] * 20 == await asyncio.gather(*(service.keys.principal(wrong) for _ in range(20)))
        assert 1 == len(loads)


async def test_a_caller_learns_who_it_is(client: httpx.AsyncClient) -> None:
    """Kind, name, role and brand of the key of the request; nothing of a session, which guests alone have."""
    made = (await client.post("/v1/keys", json={"role": "ingest", "brand": "maison-k", "name": "studio"})).json()
    me = (await client.get("/v1/me", headers={"Authorization": f"Bearer {made['key']}"})).json()
    assert {
        "kind": "key", "id": made["id"], "name": "studio", "role": "ingest", "brand": "maison-k", "brand_name": "maison-k",
        "session": None, "shows": None, "lang": None,
    } == me  # fmt: skip
    own = (await client.get("/v1/me")).json()
    assert ("key", "admin", None) == (own["kind"], own["role"], own["brand"])
    assert 401 == (await client.get("/v1/me", headers={"Authorization": "Bearer tl_x_0123456789abcdef"})).status_code
