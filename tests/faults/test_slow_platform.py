"""A platform that accepts requests and never answers: webhooks, reads and readiness do not wait for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.platforms.calls import calls
from app.platforms.calls.circuit_breaker import AT_ONCE
from app.platforms.calls.tokens import App
from tests.faults.conftest import FULL, Front, eventually, front, settings_for
from tests.faults.slow_http import SlowHttp
from tests.platforms.conftest import SHOP, path_of, signed
from tests.platforms.fake_wechat import push

PUSHES = 200 if FULL else 60


@pytest.fixture
async def silent() -> AsyncIterator[SlowHttp]:
    """A platform that never answers."""
    async with SlowHttp().running() as running:
        yield running


async def _shop(one: Front, base: str, appid: str = SHOP["appid"]) -> dict[str, object]:
    form = {"kind": "wechat_shop", "name": "shop", "secrets": SHOP | {"appid": appid}, "options": {"api_base": base}}
    answer = await one.client.post("/v1/connections", json=form)
    assert 201 == answer.status_code, answer.text
    return dict(answer.json())


async def test_nothing_else_waits_for_a_silent_platform(
    database_url: str, tmp_path: Path, silent: SlowHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While many pulls wait for a token, deliveries, events, reads and readiness are answered at once."""
    if not FULL:
        monkeypatch.setattr(calls, "_ATTEMPT_SECONDS", 2.0)
    async with front(settings_for(database_url, tmp_path, pool_size=3, background_pool_size=2)) as one:
        session = await one.session()
        shop = await _shop(one, silent.base)
        path = path_of(shop)
        slowest: dict[str, float] = {}
        async with one.service.platforms.working():
            for number in range(PUSHES):
                query, body = signed(push(f"{number}"), seed=number)
                for name, request in (
                    ("webhook", one.client.post(path, params=query, content=body)),
                    ("event", one.send(session, f"event-{number}")),
                    ("kpis", one.client.get(f"/v1/sessions/{session}/kpis")),
                    ("readyz", one.client.get("/readyz")),
                ):
                    began = time.monotonic()
                    answer = await request
                    assert 200 == answer.status_code, answer.text
                    slowest[name] = max(slowest.get(name, 0), time.monotonic() - began)

            async def asked() -> bool:
                return silent.requests > 0

            await eventually(asked, "the platform is asked", 20)
            # No connection of a pool is lent while the platform is silent, but for an instant.
            database = one.service.database
            for pool in (database.pool, database.background_pool):

                async def idle(pool: object = pool) -> bool:
                    return pool.get_idle_size() == pool.get_size()  # type: ignore[attr-defined,no-any-return]

                await eventually(idle, "all connections are idle", 5)
            assert silent.open <= AT_ONCE
        assert PUSHES == await one.likes(session)
        assert max(slowest.values()) < 3, slowest


async def test_the_circuit_opens_and_the_pulls_are_kept(
    database_url: str, tmp_path: Path, silent: SlowHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some failures the platform is left alone; its jobs wait, and a job of another platform runs."""
    monkeypatch.setattr(calls, "_ATTEMPT_SECONDS", 0.2)
    async with front(settings_for(database_url, tmp_path)) as one, SlowHttp().running() as other:
        other.answer = b'{"errcode": 40125, "errmsg": "invalid appsecret"}'
        shop, quick = await _shop(one, silent.base), await _shop(one, other.base)
        async with one.service.platforms.working():
            for number in range(20):
                query, body = signed(push(f"{number}"), seed=number)
                assert 200 == (await one.client.post(path_of(shop), params=query, content=body)).status_code

            async def paused() -> bool:
                found = (await one.client.get(f"/v1/connections/{shop['id']}")).json()
                return "paused" in (found["last_error"] or "")

            await eventually(paused, "the calls are paused")
            query, body = signed(push("quick"), seed=99)
            assert 200 == (await one.client.post(path_of(quick), params=query, content=body)).status_code

            async def answered() -> bool:
                return other.requests > 0

            await eventually(answered, "the other platform is asked", 20)
            before = silent.requests
            await asyncio.sleep(2)
            # Twenty jobs are waiting; only single tries reach the platform.
            assert silent.requests - before <= 3
        found = (await one.client.get(f"/v1/connections/{shop['id']}")).json()
        assert 20 == found["counts"]["pending"]


async def test_a_token_is_requested_once_for_all_waiting_calls(database_url: str, tmp_path: Path, silent: SlowHttp) -> None:
    """Calls that wait for the same token share one request, and its failure."""
    async with front(settings_for(database_url, tmp_path)) as one:
        app = App(silent.base, "wx1", "secret")
        calls_under_way = [asyncio.create_task(one.service.platforms.tokens.get(app)) for _ in range(30)]

        async def asked() -> bool:
            return silent.requests > 0

        await eventually(asked, "the platform is asked", 10)
        await asyncio.sleep(0.3)
        assert 1 == silent.requests
        silent.answer = b'{"access_token": "T", "expires_in": 7200}'
        assert {"T"} == set(await asyncio.gather(*calls_under_way))
        assert 1 == silent.requests
