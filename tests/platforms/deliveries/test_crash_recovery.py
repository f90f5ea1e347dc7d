"""A server that is killed between a push and its job loses nothing: a real process, a real SIGKILL."""

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.databases import LOCAL, SECRET
from tests.pipeline.processes import ADMIN_KEY, HEADERS, ServerProcess
from tests.platforms.conftest import ROOM, SHOP, path_of, signed
from tests.platforms.fake_wechat import FakeWechat, order, push


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server on the test's database."""
    process = ServerProcess(tmp_path, {"TALLYLIGHT_DATABASE_URL": database_url, "TALLYLIGHT_API_BASE_ALLOW": LOCAL})
    process.start()
    try:
        asyncio.run(process.ready())
        yield process
    finally:
        process.end()


def _orders(client: httpx.Client, session: str) -> Any:
    return client.get(f"/v1/sessions/{session}/kpis").json()["kpis"]["orders"]["value"]


def test_a_server_killed_between_push_and_job_loses_nothing(server: ServerProcess, wechat: FakeWechat) -> None:
    """All pushes are acknowledged while the API hangs. The process is killed, and the next one counts every order once."""
    wechat.gate.clear()
    with httpx.Client(base_url=server.base, headers=HEADERS, timeout=30) as client:
        session = client.post(
            "/v1/sessions",
            json={"title": "t", "brand": "b", "currency": "CNY", "streams": [{"platform": "wechat", "room": ROOM}]},
        ).json()["id"]
        form = {"kind": "wechat_shop", "name": "s", "brand": "b", "secrets": SHOP, "options": {"api_base": wechat.base}}
        shop = client.post("/v1/connections", json=form).json()
        numbers = [str(number) for number in range(30)]
        for seed, number in enumerate(numbers):
            wechat.orders[number] = order(number, ROOM, paid=1000)
            query, body = signed(push(number), seed=seed)
            assert "success" == client.post(path_of(shop), params=query, content=body).text
        end = time.monotonic() + 20
        while not wechat.calls["order_get"]:
            assert time.monotonic() < end, "no job began"
            time.sleep(0.02)
        server.signal(signal.SIGKILL)
        assert -signal.SIGKILL == asyncio.run(server.exit_code())
        wechat.gate.set()
        server.start()
        asyncio.run(server.ready())
        end = time.monotonic() + 90
        while _orders(client, session) != len(numbers):
            assert time.monotonic() < end, (_orders(client, session), server.log[-3000:])
            time.sleep(0.2)
        # The platform sends the same pushes again to the new process.
        for seed, number in enumerate(numbers):
            query, body = signed(push(number), seed=seed + 1000)
            assert "success" == client.post(path_of(shop), params=query, content=body).text
        figures = client.get(f"/v1/sessions/{session}/kpis").json()["kpis"]
        assert (30, "300.00") == (figures["orders"]["value"], figures["gmv"]["value"])
        counts = client.get(f"/v1/connections/{shop['id']}").json()["counts"]
        assert 0 == counts["pending"]
    for secret in (*SHOP.values(), "OPENID_1", SECRET, ADMIN_KEY, "T0KEN"):
        assert secret not in server.log
