"""A server that is killed between a push and its job loses nothing: a real process, a real SIGKILL."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.databases import LOCAL, SECRET as KEY
from tests.platforms.conftest import ROOM, SHOP, path_of, signed
from tests.platforms.fake_wechat import FakeWechat, order, push

ROOT = Path(__file__).parents[2]
ADMIN = "tl_admin_0123456789abcdefghij"
HEADERS = {"Authorization": f"Bearer {ADMIN}"}


@pytest.fixture
def port() -> int:
    """A free port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def serve(database_url: str, tmp_path: Path, port: int) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start `tallylight serve` on the test's database; running servers are stopped at the end."""
    begun: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "TALLYLIGHT_DATABASE_URL": database_url,
            "TALLYLIGHT_SECRET_KEY": KEY,
            "TALLYLIGHT_BOOTSTRAP_ADMIN_KEY": ADMIN,
            "TALLYLIGHT_PORT": str(port),
            "TALLYLIGHT_LOG_FORMAT": "json",
            "TALLYLIGHT_API_BASE_ALLOW": LOCAL,
        }
        with (tmp_path / "log").open("ab") as log:
            process = subprocess.Popen([sys.executable, "-m", "app", "serve"], cwd=ROOT, env=environment, stderr=log)
        begun.append(process)
        end = time.monotonic() + 60
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            while True:
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < end
                try:
                    if client.get("/readyz").status_code == 200:
                        return process
                except httpx.HTTPError:
                    time.sleep(0.05)

    yield start
    for process in begun:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def _orders(client: httpx.Client, session: str) -> Any:
    return client.get(f"/v1/sessions/{session}/kpis").json()["kpis"]["orders"]["value"]


def test_a_server_killed_between_push_and_job_loses_nothing(
    serve: Callable[[], subprocess.Popen[bytes]], wechat: FakeWechat, port: int, tmp_path: Path
) -> None:
    """All pushes are acknowledged while the API hangs. The process is killed, and the next one counts every order once."""
    process = serve()
    wechat.gate.clear()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS, timeout=30) as client:
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
        process.send_signal(signal.SIGKILL)
        process.wait()
        wechat.gate.set()
        serve()
        end = time.monotonic() + 90
        while _orders(client, session) != len(numbers):
            assert time.monotonic() < end, (_orders(client, session), (tmp_path / "log").read_text()[-3000:])
            time.sleep(0.2)
        # The platform sends the same pushes again to the new process.
        for seed, number in enumerate(numbers):
            query, body = signed(push(number), seed=seed + 1000)
            assert "success" == client.post(path_of(shop), params=query, content=body).text
        figures = client.get(f"/v1/sessions/{session}/kpis").json()["kpis"]
        assert (30, "300.00") == (figures["orders"]["value"], figures["gmv"]["value"])
        counts = client.get(f"/v1/connections/{shop['id']}").json()["counts"]
        assert 0 == counts["pending"]
    log = (tmp_path / "log").read_text()
    for secret in (*SHOP.values(), "OPENID_1", KEY, ADMIN, "T0KEN"):
        assert secret not in log
