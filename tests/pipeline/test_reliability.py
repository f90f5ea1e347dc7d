"""Breaking things for real: server processes and databases die by `kill -9`; after the senders' retries every figure is right."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import httpx
import pytest

from app.service import open_service
from app.settings import Settings
from tests.databases import SECRET
from tests.pipeline.assertions import assert_told
from tests.pipeline.conftest import Stage
from tests.pipeline.processes import HEADERS, Sender, ServerProcess
from tests.pipeline.reference_records import Show
from tests.pipeline.strategies import Event, busy_show, stirred
from tests.prepared_cluster import PreparedCluster

FULL = os.environ.get("TALLYLIGHT_FAULTS") == "full"

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

BATCH = 40


def _batches(events: list[Event], random: Random) -> list[list[Event]]:
    shuffled = stirred(events, random)
    return [shuffled[start : start + BATCH] for start in range(0, len(shuffled), BATCH)]


async def _show(server: ServerProcess) -> Show:
    rooms = {f"{platform}:{uuid4().hex}": platform for platform in ("wechat", "weibo")}
    streams = [dict(zip(("platform", "room"), room.split(":"), strict=True)) for room in rooms]
    form = {"title": "秋の新作ライブ", "brand": f"brand-{uuid4().hex[:8]}", "currency": "CNY", "streams": streams}
    async with httpx.AsyncClient(headers=HEADERS) as client:
        answer = await client.post(f"{server.base}/v1/sessions", json=form)
    assert 201 == answer.status_code, answer.text
    return Show(answer.json()["id"], rooms=rooms)


@asynccontextmanager
async def _servers(folder: Path, count: int, **environment: str) -> AsyncIterator[list[ServerProcess]]:
    async with AsyncExitStack() as stack:
        servers = [ServerProcess(folder, environment) for _ in range(count)]
        for server in servers:
            stack.callback(server.end)
            server.start()
        await asyncio.gather(*(server.ready() for server in servers))
        yield servers


async def _half_way(senders: list[Sender], events: list[Event]) -> None:
    """Return when a good part of the load, not all of it, was acknowledged."""
    while sum(len(sender.acknowledged) for sender in senders) < len(events) // 2:  # noqa: ASYNC110 - another process is watched
        await asyncio.sleep(0.005)


async def test_several_senders_and_two_server_processes(stage: Stage, tmp_path: Path) -> None:
    """Four senders each send everything, duplicated and shuffled, to two processes on one database: counted once."""
    random = Random(1)
    async with _servers(tmp_path, 2, TALLYLIGHT_DATABASE_URL=stage.dsn) as servers:
        show = await _show(servers[0])
        events = busy_show(random, *show.rooms, size=1500 if FULL else 600)
        senders = [Sender([server.base for server in servers], random) for _ in range(4)]
        await asyncio.gather(*(sender.send(_batches(events, random)) for sender in senders))
        await assert_told(stage.service, [show], events)


async def test_a_killed_server_loses_nothing_and_counts_nothing_twice(stage: Stage, tmp_path: Path) -> None:
    """`kill -9` in the middle of a load and a restart: what was acknowledged is there, what was not is sent again."""
    random = Random(2)
    async with _servers(tmp_path, 1, TALLYLIGHT_DATABASE_URL=stage.dsn) as [server]:
        show = await _show(server)
        events = busy_show(random, *show.rooms, size=2000 if FULL else 800)
        senders = [Sender([server.base], random) for _ in range(4)]
        load = asyncio.gather(*(sender.send(_batches(events, random)) for sender in senders))
        await _half_way(senders, events)
        server.signal(signal.SIGKILL)
        assert -signal.SIGKILL == await server.exit_code()
        assert not load.done()
        acknowledged = {event["id"] for sender in senders for event in sender.acknowledged}
        assert acknowledged <= await _logged(stage, show)
        server.start()
        await load
        assert any(sender.troubles for sender in senders)
        await assert_told(stage.service, [show], events)


@pytest.fixture
def data_folder(prepared_cluster: PreparedCluster) -> Iterator[Path]:
    """A folder outside of pytest's own: the next pytest that starts would take PostgreSQL's rights to it away."""
    with TemporaryDirectory(prefix="tallylight-") as name:
        prepared_cluster.copy_to(Path(name) / "data")
        yield Path(name) / "data"


async def test_a_killed_database_loses_nothing_and_counts_nothing_twice(data_folder: Path, tmp_path: Path) -> None:
    """`kill -9` of PostgreSQL during a load: the server restarts it, and the senders only retry."""
    random, folder = Random(3), data_folder
    async with _servers(tmp_path, 1, TALLYLIGHT_DATA_DIR=str(folder)) as [server]:
        show = await _show(server)
        events = busy_show(random, *show.rooms, size=2000 if FULL else 800)
        senders = [Sender([server.base], random) for _ in range(4)]
        load = asyncio.gather(*(sender.send(_batches(events, random)) for sender in senders))
        await _half_way(senders, events)
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split("\n")[0])
        os.kill(postmaster, signal.SIGKILL)
        assert not load.done()
        await load
        assert any(sender.troubles for sender in senders)
        await server.ready()
        async with open_service(Settings(data_dir=folder, secret_key=SECRET)) as service:
            await assert_told(service, [show], events)


async def test_sigterm_drains_and_exits_with_zero(stage: Stage, tmp_path: Path) -> None:
    """SIGTERM in the middle of a load: everything that was acknowledged is in the log, and the exit code is 0."""
    random = Random(4)
    stopping = asyncio.Event()
    async with _servers(tmp_path, 1, TALLYLIGHT_DATABASE_URL=stage.dsn) as [server]:
        show = await _show(server)
        events = busy_show(random, *show.rooms, size=2000 if FULL else 800)
        senders = [Sender([server.base], random) for _ in range(4)]
        load = asyncio.gather(*(sender.send(_batches(events, random), give_up=stopping) for sender in senders))
        await _half_way(senders, events)
        stopping.set()
        server.signal(signal.SIGTERM)
        await load
        assert 0 == await server.exit_code(), server.log
        assert "Traceback" not in server.log
        acknowledged = {event["id"] for sender in senders for event in sender.acknowledged}
        logged = await _logged(stage, show)
        assert acknowledged <= logged
        assert len(logged) < len(events), "the load was over before the signal"
        await assert_told(stage.service, [show], [event for event in events if event["id"] in logged])


async def _logged(stage: Stage, show: Show) -> set[str]:
    async with stage.service.database.acquire() as connection:
        return {row["id"] for row in await connection.fetch("SELECT id FROM events WHERE session_id = $1", UUID(show.id))}
