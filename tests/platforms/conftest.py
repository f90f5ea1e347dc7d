"""Fixtures of the platforms' tests: connections, signed pushes, a fake WeChat, the worker."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.adapters.signatures import sha1_of_sorted
from app.adapters.wechat.crypto import encrypted_reply
from app.platforms.background import job_runner, worker
from app.platforms.calls import calls
from app.service import Service
from tests.adapters.sample_requests import read_sample
from tests.platforms.fake_server import Running
from tests.platforms.fake_wechat import SECRET, FakeWechat
from tests.platforms.order_imports import Imports

SHOP = {
    "token": "livecommerce_token_01",
    "encoding_aes_key": "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aQ",
    "appid": "wx1234567890abcdef",
    "app_secret": SECRET,
}
PLAIN_SHOP = {name: value for name, value in SHOP.items() if name != "encoding_aes_key"}
"""A shop whose console is set to plain pushes."""
ROOM = "export/UzFfAgtgekIEAQAAAAAAbG8"

Answer = dict[str, Any]
Connect = Callable[..., Awaitable[Answer]]
Push = Callable[..., Awaitable[httpx.Response]]
Kpis = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def sample() -> Callable[[str], Answer]:
    """Return the reader of a sample request."""
    return read_sample


@pytest.fixture
def wechat() -> Iterator[FakeWechat]:
    """A WeChat on loopback."""
    with Running(FakeWechat()) as fake:
        yield fake


@pytest.fixture
def connect(client: httpx.AsyncClient) -> Connect:
    """Create a connection and return it."""

    async def make(kind: str, secrets: dict[str, str] | None = None, brand: str | None = "maison-k", **options: Any) -> Answer:
        form = {"kind": kind, "name": f"test {kind}", "brand": brand, "secrets": secrets or {}, "options": options}
        answer = await client.post("/v1/connections", json=form)
        assert 201 == answer.status_code, answer.text
        return dict(answer.json())

    return make


@pytest.fixture
def new_session(client: httpx.AsyncClient) -> Connect:
    """Create a session and return it."""

    async def make(*rooms: tuple[str, str], brand: str = "maison-k", **fields: Any) -> Answer:
        streams = [{"platform": platform, "room": room} for platform, room in rooms]
        form = {"title": "秋の新作ライブ", "brand": brand, "currency": "CNY", "streams": streams} | fields
        answer = await client.post("/v1/sessions", json=form)
        assert 201 == answer.status_code, answer.text
        return dict(answer.json())

    return make


def path_of(connection: Answer) -> str:
    """Return the path of a connection's webhook_url."""
    return urlsplit(connection["webhook_url"]).path


def signed(text: str, secrets: dict[str, str] = SHOP, *, seed: int = 1) -> tuple[dict[str, str], str]:
    """Return query and body of an encrypted push; `seed` chooses nonce and padding."""
    chance = random.Random(seed)
    nonce, timestamp = str(chance.randrange(10**9)), 1_788_000_000 + seed
    made = encrypted_reply(text.encode(), secrets, chance.randbytes(16), timestamp, nonce)
    query = {
        "timestamp": str(timestamp),
        "nonce": nonce,
        "signature": sha1_of_sorted(secrets["token"], str(timestamp), nonce),
        "encrypt_type": "aes",
        "msg_signature": str(made["MsgSignature"]),
    }
    return query, json.dumps({"ToUserName": "gh_1", "Encrypt": made["Encrypt"]})


@pytest.fixture
def send_push(client: httpx.AsyncClient) -> Push:
    """Send an encrypted push to a connection."""

    async def send(connection: Answer, text: str, **changes: Any) -> httpx.Response:
        query, body = signed(text, **changes)
        return await client.post(path_of(connection), params=query, content=body)

    return send


@pytest.fixture
async def working(service: Service) -> AsyncIterator[None]:
    """Run the background jobs."""
    async with service.platforms.working():
        yield


@pytest.fixture
def brief_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call or a job that failed is tried again after a twentieth of its pause, and a worker looks for such jobs as often.

    It stands before `working`, whose worker takes this over as it starts.
    """
    pause_after = job_runner.pause_after
    monkeypatch.setattr(calls, "_FIRST_PAUSE", calls._FIRST_PAUSE / 20)
    monkeypatch.setattr(job_runner, "pause_after", lambda attempts: pause_after(attempts) / 20)
    monkeypatch.setattr(worker, "_LOOKS_EVERY", worker._LOOKS_EVERY / 20)


async def until(check: Callable[[], Awaitable[Any]], what: str, seconds: float = 30) -> Any:
    """Return the result of `check` once it is true."""
    end = time.monotonic() + seconds
    while True:
        found = await check()
        if found:
            return found
        assert time.monotonic() < end, f"timed out: {what}"
        await asyncio.sleep(0.05)


@pytest.fixture
def kpis(client: httpx.AsyncClient) -> Kpis:
    """Return a session's figures, slug → value; of one platform where it is named."""

    async def read(session: str, platform: str | None = None) -> dict[str, Any]:
        document = (await client.get(f"/v1/sessions/{session}/kpis")).json()
        figures = document["kpis"] if platform is None else document["by_platform"][platform]
        return {slug: figure["value"] for slug, figure in figures.items()}

    return read


@pytest.fixture
def stored(service: Service) -> Callable[[], Awaitable[dict[str, int]]]:
    """Count the rows of the tables in which a delivery can store something."""

    async def count() -> dict[str, int]:
        tables = {name: name for name in ("events", "parked", "dead_letters", "deliveries")}
        # Scheduled jobs appear at any time.
        tables["pgqueuer"] = "pgqueuer WHERE entrypoint = 'pull'"
        async with service.database.acquire() as connection:
            return {name: await connection.fetchval(f"SELECT count(*) FROM {table}") for name, table in tables.items()}

    return count


@pytest.fixture
def rows(service: Service) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Return number and digest of the rows of every table, but for scheduled jobs and the keys, which note their last use."""

    async def read() -> dict[str, Any]:
        async with service.database.acquire() as connection:
            tables = await connection.fetch(
                "SELECT format('%I', relname) AS name FROM pg_class WHERE relkind IN ('r', 'p') "
                "AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'pgqueuer%' AND relname <> 'api_keys'"
            )
            query = "SELECT count(*), coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM {} t"
            return {name: (await connection.fetch(query.format(name)))[0] for (name,) in tables}

    return read


@pytest.fixture
async def imports(client: httpx.AsyncClient, service: Service, new_session: Connect, kpis: Kpis) -> Imports:
    """A session with a room."""
    return Imports(client, service, kpis, await new_session(("wechat", ROOM)))
