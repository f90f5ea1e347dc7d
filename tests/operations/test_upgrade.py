"""An upgrade without a pause: servers of two versions on one database, before, while and after it is migrated.

The older version is taken from the repository's history: the last one whose servers may go on at the newest migration. A copy of the
sources without history skips that part, with words.
"""

import asyncio
import io
import shutil
import signal
import subprocess
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from alembic import command
from pydantic import SecretStr

from app.catalogue.access import Role
from app.ingest.rebuilding.rebuild import compare
from app.main import create_app
from app.operations import doctor
from app.operations.doctor import Level
from app.service import open_service
from app.settings import Settings
from app.storage.database import open_database
from app.storage.schema import migrate
from tests.databases import SECRET, OwnSettings, new_database, plain_only
from tests.pipeline.processes import HEADERS, ROOT, ServerProcess

pytestmark = plain_only("a migration of another version distributes its tables itself")

GIT = shutil.which("git") or "git"
VERSIONS = ROOT / "migrations" / "versions"
FORM = {"title": "t", "brand": "b", "currency": "CNY", "streams": [{"platform": "wechat", "room": "r"}]}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


@asynccontextmanager
async def database_at(server: str, revision: str, folder: Path) -> AsyncIterator[Settings]:
    """A new database at a revision; yield the settings of a server on it."""
    async with new_database(server, None) as dsn:
        settings = OwnSettings(database_url=dsn, secret_key=SecretStr(SECRET), data_dir=folder)
        database = await open_database(settings)

        def upgrade(connection: Any) -> None:
            config = migrate._config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

        async with database.maintenance() as connection:
            await connection.run_sync(upgrade)
            await connection.commit()
        await database.close()
        yield settings


def events(session: str, numbers: Iterator[int]) -> list[dict[str, Any]]:
    """Return ten paid orders of 12.34 with an arrival each."""
    found = []
    for number in (next(numbers) for _ in range(10)):
        base = {"specversion": "1.0", "source": "/upgrade", "subject": session, "time": f"2021-09-25T05:{number % 60:02}:00Z"}
        order = {
            "order": f"o{number}", "buyer": f"b{number}", "currency": "CNY", "amount": "12.34",
            "lines": [{"product": f"p{number % 5}", "quantity": 1, "amount": "12.34"}],
        }  # fmt: skip
        found += [
            base | {"id": f"o{number}", "type": "live.order.paid", "data": order},
            base | {"id": f"v{number}", "type": "live.viewer.entered", "data": {"viewer": f"v{number}"}},
        ]
    return found


def figures(document: dict[str, Any]) -> dict[str, Any]:
    """Return slug → value of a KPI document."""
    return {slug: kpi["value"] for slug, kpi in document["kpis"].items()}


# New code on the previous schema.


async def test_this_version_serves_the_oldest_schema_that_it_claims(postgres: str, tmp_path: Path) -> None:
    """Before its last migrations: it takes events, answers figures and reports, and says that a migration is to follow."""
    window = migrate.window()
    async with database_at(postgres, window.serves_from, tmp_path) as settings, open_service(settings) as service:
        _, key = await service.keys.create(Role.ADMIN, None, "test")
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(service)), base_url="http://t", headers={"Authorization": f"Bearer {key}"}
        )
        async with client:
            session = (await client.post("/v1/sessions", json=FORM)).json()["id"]
            receipt = (await client.post("/v1/events", json=events(session, iter(range(10))), headers=BATCH)).json()
            assert (20, []) == (receipt["accepted"], receipt["rejected"])
            assert "123.40" == figures((await client.get(f"/v1/sessions/{session}/kpis")).json())["gmv"]
            for path in ("report", "products", "timeline", "audience", "insights", "targets"):
                assert 200 == (await client.get(f"/v1/sessions/{session}/{path}")).status_code, path
            for path in ("/v1/sessions", "/v1/me", "/v1/connections", "/v1/people", "/readyz", "/v1/status"):
                assert 200 == (await client.get(path)).status_code, path
        assert [] == await compare(service.database, settings, UUID(session))
        status = await doctor.examine(service.read_side, settings, await service.probe.state(), datetime.now(UTC))
    (schema,) = (one for one in status.findings if one.check == "migrations")
    expected = (Level.OK, "head") if window.serves_from == window.known[-1] else (Level.WARNING, "pending")
    assert expected == (schema.level, schema.code)


async def test_an_older_schema_is_refused(postgres: str, tmp_path: Path) -> None:
    """The one before: the server says what to run instead of failing later."""
    window = migrate.window()
    before = window.known[window.known.index(window.serves_from) - 1]
    async with database_at(postgres, before, tmp_path) as settings:
        with pytest.raises(Exception, match=f"{before}.*tallylight migrate"):
            async with open_service(settings):
                pass


# The previous version's code on the new schema.


def git(*words: str) -> str:
    """Return what git says; skip the test where there is no history."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed: there is no former version to run")
    done = subprocess.run([GIT, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("these sources have no history: there is no former version to run")
    return done.stdout.strip()


def former_code(folder: Path, revision: str) -> Path:
    """Return the code of the last version whose newest migration is this one."""
    following = migrate.window().known[migrate.window().known.index(revision) + 1]
    (file,) = VERSIONS.glob(f"{following}_*.py")
    added = git("log", "--diff-filter=A", "--format=%H", "--", str(file.relative_to(ROOT))).split()
    if not added:
        pytest.skip("the newest migration is not committed yet, or the history is cut off")
    if subprocess.run([GIT, "cat-file", "-e", f"{added[-1]}^"], cwd=ROOT, check=False, capture_output=True).returncode != 0:
        pytest.skip("the history is cut off: there is no former version to run")
    packed = subprocess.run([GIT, "archive", f"{added[-1]}^", "app", "migrations"], cwd=ROOT, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


class Sending:
    """A sender that sends batches to its targets in turn until it is stopped; none may fail."""

    def __init__(self, client: httpx.AsyncClient, session: str, base: str) -> None:
        """Begin with one target; further ones are a client and the address that its paths follow."""
        self.client, self.session = client, session
        self.targets = [(client, base)]
        self.batches = 0
        self._numbers = iter(range(1_000_000))
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while not self._stopping.is_set():
            client, base = self.targets[self.batches % len(self.targets)]
            answer = await client.post(f"{base}/v1/events", json=events(self.session, self._numbers), headers=BATCH)
            assert (200, 20) == (answer.status_code, answer.json()["accepted"]), answer.text
            self.batches += 1
            await asyncio.sleep(0.02)

    async def some(self, more: int = 5) -> None:
        """Return once so many more batches were taken."""
        until = self.batches + more
        while self.batches < until:
            assert not self._task.done(), self._task.exception()
            await asyncio.sleep(0.01)

    async def end(self) -> None:
        """Stop."""
        self._stopping.set()
        await self._task


@pytest.mark.processes
async def test_servers_of_two_versions_lose_nothing(postgres: str, tmp_path: Path) -> None:
    """Events are sent all along: to the former version, while the database is migrated, to both, to the new one. All are counted."""
    revision = migrate.window().servers_from
    code = former_code(tmp_path / "former", revision)
    async with database_at(postgres, revision, tmp_path) as settings:
        former = ServerProcess(tmp_path, {"TALLYLIGHT_DATABASE_URL": str(settings.database_url)}, code=code)
        former.start()
        try:
            await former.ready()
            async with httpx.AsyncClient(headers=HEADERS, timeout=20) as client:
                session = (await client.post(f"{former.base}/v1/sessions", json=FORM)).json()["id"]
                sending = Sending(client, session, former.base)
                await sending.some()
                database = await open_database(settings)
                assert migrate.head() == await migrate.upgrade(database)
                await database.close()
                await sending.some()
                orders = await _replaced(sending, former, settings)
            assert 0 == await former.exit_code()
        finally:
            former.end()
    assert orders > 250


async def _replaced(sending: Sending, former: ServerProcess, settings: Settings) -> int:
    """Let a server of this version take events beside the former one, then alone; return how many orders it counts, which are all."""
    async with open_service(settings) as service:
        transport = httpx.ASGITransport(create_app(service))
        async with httpx.AsyncClient(headers=HEADERS, transport=transport, base_url="http://present") as present:

            async def kpis(client: httpx.AsyncClient, base: str) -> dict[str, Any]:
                return figures((await client.get(f"{base}/v1/sessions/{sending.session}/kpis")).json())

            assert 200 == (await present.get("/readyz")).status_code
            sending.targets.append((present, ""))
            await sending.some(10)
            assert (await kpis(sending.client, former.base)).keys() <= (await kpis(present, "")).keys()
            del sending.targets[0]
            await sending.some(2)
            former.signal(signal.SIGTERM)
            await sending.some()
            await sending.end()
            found = await kpis(present, "")
        orders = 10 * sending.batches
        assert (orders, f"{orders * 12.34:.2f}", orders) == (found["orders"], found["gmv"], found["viewers"])
        assert [] == await compare(service.database, settings, UUID(sending.session))
    return orders
