"""API keys over time: expiry, last use, revocation that lasts, and what wrong keys cost."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select

from app.catalogue.access import Role
from app.catalogue.callers.key_store import ApiKeyStore
from app.service import Service, open_service
from app.settings import Settings
from app.storage.tables import api_keys

BOOTSTRAP = "tl_root_0123456789abcdefghijklmnop"


def in_seconds(seconds: float) -> str:
    """Return the time in so many seconds."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def test_a_key_expires(client: httpx.AsyncClient) -> None:
    """It works until then and not a moment longer, although the process trusts a key for two seconds."""
    made = await client.post("/v1/keys", json={"role": "viewer", "expires_at": in_seconds(5)})
    assert 201 == made.status_code, made.text
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    assert (await client.get("/v1/sessions", headers=headers)).is_success
    expires_at = datetime.fromisoformat(made.json()["expires_at"])
    await asyncio.sleep((expires_at - datetime.now(UTC)).total_seconds() + 0.1)
    refused = await client.get("/v1/sessions", headers=headers)
    assert (401, "not_authenticated") == (refused.status_code, refused.json()["code"])
    listed = next(key for key in (await client.get("/v1/keys")).json()["keys"] if key["id"] == made.json()["id"])
    assert datetime.fromisoformat(listed["expires_at"]) < datetime.now(UTC)


@pytest.mark.parametrize("expires_at", ["2021-09-25T00:00:00Z", "2026-01-01T00:00:00+09:00", "tomorrow", "2031-01-01T00:00:00"])
async def test_an_expiry_is_a_future_time_with_offset(client: httpx.AsyncClient, expires_at: str) -> None:
    """Anything else is refused and names the field."""
    answer = await client.post("/v1/keys", json={"role": "viewer", "expires_at": expires_at})
    assert (422, "/expires_at") == (answer.status_code, answer.json()["errors"][0]["pointer"])


async def test_the_last_use_is_told(client: httpx.AsyncClient, service: Service) -> None:
    """Null until the first use; written about once a minute, not per request."""
    made = (await client.post("/v1/keys", json={"role": "viewer"})).json()
    assert made["last_used_at"] is None
    headers = {"Authorization": f"Bearer {made['key']}"}
    began = datetime.now(UTC)
    for _ in range(20):
        assert (await client.get("/v1/sessions", headers=headers)).is_success
    await service.keys.close()
    shown = (await client.get("/v1/keys/current", headers=headers)).json()
    assert began <= datetime.fromisoformat(shown["last_used_at"]) <= datetime.now(UTC)


async def test_a_use_that_cannot_be_written_refuses_no_request(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only database still knows its keys."""
    _, key = await service.keys.create(Role.VIEWER, None, "reader")

    def fail() -> None:
        raise OSError("read only")

    monkeypatch.setattr(type(service.database), "write", lambda _: fail())
    assert await service.keys.principal(key) is not None
    await service.keys.close()


async def test_a_revoked_bootstrap_key_stays_revoked(settings: Settings) -> None:
    """A restart with the same variable does not revive it, nor does another secret under its id."""
    for number, bootstrap in enumerate((BOOTSTRAP, BOOTSTRAP, BOOTSTRAP + "x")):
        started = Settings.model_validate(settings.model_dump() | {"bootstrap_admin_key": bootstrap})
        async with open_service(started) as service:
            principal = await service.keys.principal(bootstrap)
            assert (number == 0) == (principal is not None)
            if principal is not None:
                await service.keys.revoke("root")


async def test_a_bootstrap_key_may_get_another_secret(settings: Settings) -> None:
    """As long as it is not revoked, the variable decides."""
    for bootstrap in (BOOTSTRAP, BOOTSTRAP + "x"):
        started = Settings.model_validate(settings.model_dump() | {"bootstrap_admin_key": bootstrap})
        async with open_service(started) as service:
            assert await service.keys.principal(bootstrap) is not None
    async with open_service(settings) as service:
        assert await service.keys.principal(BOOTSTRAP) is None


class Counted(ApiKeyStore):
    """A store that counts its queries."""

    queries = 0

    async def _load(self) -> None:
        self.queries += 1
        await super()._load()


async def test_wrong_keys_share_queries(service: Service) -> None:
    """1,000 guesses at once cost a few queries; wrong secrets of a known id, and guesses that may not query, cost none."""
    store = Counted(service.database)
    key_id, key = await service.keys.create(Role.VIEWER, None, "known")
    assert await store.principal(key) is not None
    guesses = [f"tl_guess{number}_0123456789abcdefghij" for number in range(1000)]
    before = store.queries
    assert [None] * 1000 == await asyncio.gather(*(store.principal(guess) for guess in guesses))
    assert store.queries - before <= 3
    before = store.queries
    for number in range(200):
        assert await store.principal(f"tl_{key_id}_{number:022}") is None
        assert await store.principal(f"tl_other{number}_0123456789abcdefghij", may_query=False) is None
    assert store.queries - before <= 1
    assert await store.principal(key, may_query=False) is not None


async def test_a_key_of_another_process_is_known_at_once(service: Service) -> None:
    """Created there, used here: without waiting for the two seconds that a process trusts what it has read."""
    here = ApiKeyStore(service.database)
    _, first = await service.keys.create(Role.VIEWER, None, "first")
    assert await here.principal(first) is not None
    _, second = await service.keys.create(Role.VIEWER, None, "second")
    assert await here.principal(second) is not None
    await here.close()


async def test_a_key_that_another_process_revokes_is_refused_within_two_seconds(service: Service) -> None:
    """The limit that the documentation names."""
    here = ApiKeyStore(service.database)
    key_id, key = await service.keys.create(Role.VIEWER, None, "t")
    assert await here.principal(key) is not None
    await service.keys.revoke(key_id)
    await asyncio.sleep(2.05)
    assert await here.principal(key) is None
    await here.close()


async def test_secrets_are_stored_hashed(service: Service) -> None:
    """The table holds no part of a key's secret."""
    _, key = await service.keys.create(Role.VIEWER, None, "t")
    async with service.database.read() as connection:
        rows = (await connection.execute(select(api_keys))).all()
    assert key.split("_", 2)[2] not in str(rows)
