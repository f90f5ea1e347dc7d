"""The CloudEvents SDK for JavaScript as a client: every mode, data as objects, bytes and text."""

import asyncio
import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from app.main import create_app
from app.service import Service

PACKAGE = Path(__file__).parent / "javascript"
INSTALLED = Path(sys.prefix) / "javascript"
ROOM = "wechat:javascript-room"
WAIT = 120

pytestmark = [pytest.mark.long, pytest.mark.timeout(WAIT * 2)]


@pytest.fixture(scope="session")
def node() -> Path:
    """The client's script beside its installed packages; the test is skipped without node or without a registry."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed: the JavaScript SDK is not tested")
    lock = (PACKAGE / "package-lock.json").read_bytes()
    INSTALLED.mkdir(exist_ok=True)
    with (INSTALLED / ".lock").open("w") as file:
        # Test processes start together, and one installation serves them all.
        fcntl.flock(file, fcntl.LOCK_EX)
        stamp = INSTALLED / ".made-from-lock"
        if not stamp.exists() or stamp.read_bytes() != lock:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(PACKAGE / name, INSTALLED / name)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=INSTALLED, capture_output=True, text=True, timeout=WAIT, check=False)
            if done.returncode:
                pytest.skip(f"npm cannot install the JavaScript SDK: {done.stderr.strip().splitlines()[-1:]}")
            stamp.write_bytes(lock)
        shutil.copy(PACKAGE / "client.mjs", INSTALLED / "client.mjs")
    return INSTALLED / "client.mjs"


@pytest.fixture
async def url(service: Service) -> AsyncIterator[str]:
    """The events route of a server on loopback."""
    config = uvicorn.Config(create_app(service), host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1/events"
    server.should_exit = True
    await task


Send = Callable[..., Any]


@pytest.fixture
def send(node: Path, url: str, client: httpx.AsyncClient) -> Send:
    """Send events with the SDK, and return the receipts."""

    async def run(mode: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
        key = client.headers["Authorization"].removeprefix("Bearer ")
        process = await asyncio.create_subprocess_exec(
            "node", str(node), url, key, json.dumps([{"mode": mode, "events": events}]),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        answer, errors = await asyncio.wait_for(process.communicate(), WAIT)
        assert 0 == process.returncode, errors.decode()
        found: list[dict[str, Any]] = json.loads(answer)
        return found

    return run


def like(number: int, count: int, **changes: Any) -> dict[str, Any]:
    """Return likes as the SDK's constructor takes an event."""
    data = {"viewer": "v", "count": count}
    return {"id": f"js-{number}", "source": "/js/studio", "type": "live.like.sent", "subject": ROOM, "data": data} | changes


async def likes(client: httpx.AsyncClient, session: str) -> int:
    """Return a session's likes."""
    kpis = (await client.get(f"/v1/sessions/{session}/kpis")).json()
    return int(kpis["kpis"]["likes"]["value"])


@pytest.fixture
async def session(client: httpx.AsyncClient) -> str:
    """A session with the room."""
    platform, room = ROOM.split(":")
    form = {"title": "t", "brand": "b", "currency": "CNY", "streams": [{"platform": platform, "room": room}]}
    return str((await client.post("/v1/sessions", json=form)).json()["id"])


@pytest.mark.parametrize("mode", ["structured", "binary", "batch"])
async def test_every_kind_of_data_is_counted(send: Send, client: httpx.AsyncClient, session: str, mode: str) -> None:
    """Objects, byte arrays (base64 in structured mode), text that holds JSON; JSON by other names; extensions; `dataschema`."""
    events = [
        like(1, 1),
        like(2, 10, bytes=True),
        like(3, 100, bytes=True, datacontenttype="application/json"),
        like(4, 1000, text=True, datacontenttype="application/json"),
        like(5, 10_000, datacontenttype="text/json"),
        like(6, 100_000, datacontenttype="application/vnd.studio+json"),
        like(7, 1_000_000, dataschema="https://studio.example/like/1", traceparent="00-1", attempt=3, live=True),
        like(8, 10_000_000, time="2021-09-25T14:31:07.123+09:00"),
    ]
    answers = await send(mode, *events)
    assert [200] * len(answers) == [answer["status"] for answer in answers], answers
    assert len(events) == sum(answer["body"]["accepted"] for answer in answers)
    assert 11_111_111 == await likes(client, session)


async def test_an_event_is_the_same_in_every_mode(send: Send, client: httpx.AsyncClient, session: str) -> None:
    """One event, sent in all modes with all kinds of data, is counted once and never a conflict."""
    event = like(1, 5, source="/js/studio", time="2021-09-25T05:31:07.123Z")
    for mode in ("structured", "binary", "batch"):
        for form in ({}, {"bytes": True}, {"text": True, "datacontenttype": "application/json"}):
            [answer] = await send(mode, event | form)
            assert 200 == answer["status"], answer
            assert 0 == answer["body"]["conflicts"]
    assert 5 == await likes(client, session)


async def test_an_event_without_data_is_accepted(send: Send) -> None:
    """The SDK leaves `data` out where there is none."""
    for mode in ("structured", "binary"):
        [answer] = await send(mode, {"id": mode, "source": "/js", "type": "live.session.started", "subject": ROOM})
        assert (200, 1) == (answer["status"], answer["body"]["parked"])
