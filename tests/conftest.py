"""Shared fixtures: one PostgreSQL, a copy of a prepared one; its template database; one open copy of that, which each test finds empty."""

import asyncio
import gc
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
import structlog

from app.catalogue.access import Role
from app.main import create_app
from app.platforms.file_imports import imports
from app.reports.render_process import RenderProcess
from app.service import Service, open_service, service_on
from app.settings import Settings
from tests import in_process, quick, statement_cache
from tests.databases import CITUS, LOCAL, SECRET, OwnSettings, drop_database, maintained, make_template, new_database
from tests.emptied_database import EmptiedDatabase
from tests.prepared_cluster import TEMPLATE, PreparedCluster
from tests.running_order import in_running_order

GIVEN = CITUS or os.environ.get("TALLYLIGHT_TEST_DATABASE_URL")
"""A server that runs already; without one each process of a run starts its own."""
statement_cache.share()
in_process.share()
# structlog's default draws the local variables of every frame of an exception: seconds of computing each.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(),
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
_FAILED = pytest.StashKey[bool]()
_MEMORY_BYTES = 4 << 30
"""A worker's databases and write-ahead log take 0.3 GB."""


pytest_terminal_summary = quick.pytest_terminal_summary


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give each run a folder of its own.

    The shared one is made private again by every run that starts, which takes it from the user that PostgreSQL runs as
    where the tests run as root: two runs at once would break each other.
    """
    if not hasattr(config, "workerinput") and config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="tallylight-tests-", dir=_memory())
    if config.pluginmanager.has_plugin("xdist"):
        config.pluginmanager.register(quick.Workers(config))


def _memory() -> str | None:
    """Return a folder in memory with room for the databases of a run: files are made there in a tenth of the time; or None."""
    folder = Path("/dev/shm")  # noqa: S108 - the run's folder in it has a random name
    roomy = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > _MEMORY_BYTES
    return str(folder) if roomy else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--quick`."""
    parser.addoption("--quick", action="store_true", help="only tests that compute; a line at the end says what was left out")


@pytest.hookimpl(trylast=True)  # what `-m` leaves out has no place in the order
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests into the order in which they run, and leave out what `--quick` leaves out, and for Citus what needs no database."""
    items[:] = in_running_order(items, getattr(config, "workerinput", {"workercount": 1})["workercount"])
    if CITUS:
        config.hook.pytest_deselected(items=[item for item in items if not quick.needs_database(item)])
        items[:] = [item for item in items if quick.needs_database(item)]
    if config.getoption("--quick"):
        reasons = {item: quick.reason_to_leave_out(item) for item in items}
        left_out = [item for item in items if reasons[item]]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not reasons[item]]
        quick.note(config, Counter(reason for reason in reasons.values() if reason))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Spare the garbage collector what is imported and collected: half a million objects, which stay, at each of its passes."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder of a run without failures."""
    basetemp = config.option.basetemp or ""
    if not hasattr(config, "workerinput") and "tallylight-tests-" in str(basetemp) and not config.stash.get(_FAILED, False):
        shutil.rmtree(basetemp, ignore_errors=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remember whether a test failed."""
    session.config.stash[_FAILED] = session.testsfailed > 0


@pytest.fixture(scope="session")
def prepared_cluster(tmp_path_factory: pytest.TempPathFactory) -> PreparedCluster:
    """A maker of data folders whose databases are migrated; the processes of a run share what it copies."""
    own = tmp_path_factory.getbasetemp()
    return PreparedCluster(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture
def embedded_folder(prepared_cluster: PreparedCluster, tmp_path: Path) -> Iterator[Path]:
    """A data folder whose PostgreSQL runs, so that commands do not start and stop it each."""
    with prepared_cluster.running(tmp_path):
        yield tmp_path


@pytest.fixture(scope="session")
def postgres(prepared_cluster: PreparedCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server for this test process; the one of TALLYLIGHT_TEST_DATABASE_URL or _CITUS_URL if that is set."""
    if GIVEN:
        yield GIVEN
        return
    folder = tmp_path_factory.mktemp("postgres")
    with prepared_cluster.running(folder) as dsn, maintained(dsn):
        yield dsn
    # The folder of a run with failures stays; its databases would take memory.
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """A migrated database, of which every test gets a copy."""
    if not GIVEN:
        yield TEMPLATE
        return
    name = f"{TEMPLATE}_{uuid4().hex[:8]}"
    _run(make_template(postgres, name))
    yield name
    _run(drop_database(postgres, name))


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, also where the loop of a browser's driver runs in this thread."""
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(asyncio.run, work).result()


@pytest.fixture
async def database_url(postgres: str, template: str) -> AsyncIterator[str]:
    """An empty, migrated database of the test's own, whose schema it may change."""
    async with new_database(postgres, template) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def emptied_database(postgres: str, template: str) -> AsyncIterator[EmptiedDatabase]:
    """The open database that the tests of this process take one after the other."""
    shared = EmptiedDatabase(postgres, template)
    yield shared
    await shared.close()


@pytest.fixture
async def emptied_url(emptied_database: EmptiedDatabase) -> str:
    """Its connection string, once it is empty."""
    return await emptied_database.emptied()


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a server on the test's own database if it names one, else on the shared one."""
    url = request.getfixturevalue("database_url" if "database_url" in request.fixturenames else "emptied_url")
    return OwnSettings(database_url=url, secret_key=SECRET, data_dir=tmp_path, api_base_allow=LOCAL)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def renderer() -> AsyncIterator[RenderProcess]:
    """Render processes for the tests of this process: to start one takes a second of computing."""
    shared = RenderProcess(60)
    yield shared
    await shared.close()


@pytest.fixture
async def service(settings: Settings, emptied_database: EmptiedDatabase, renderer: RenderProcess) -> AsyncIterator[Service]:
    """An opened service, which renders in the processes that all tests share."""
    database = emptied_database.open_for(settings)
    async with open_service(settings) if database is None else service_on(database, settings) as opened:
        yield replace(opened, renderer=renderer)


@pytest.fixture
def reading_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Imported files are read as in a server: by a process of its own for each."""
    monkeypatch.setattr(imports, "_reader", in_process.reader_in_process_of_its_own)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer with what a file would be drawn from, which is more than it shows; drawing takes seconds."""

    async def run(_: RenderProcess, work: Callable[..., Any], *args: Any) -> str:
        del work
        text = repr(args)
        for path in args:
            if isinstance(path, Path):
                (path / "packing.xlsx" if path.is_dir() else path).write_text(text)
        return text

    monkeypatch.setattr(RenderProcess, "run", run)


KeyMaker = Callable[..., Awaitable[dict[str, str]]]


@pytest.fixture
def keys(service: Service) -> KeyMaker:
    """A maker of keys, which answers with the Authorization header."""

    async def make(role: Role | str, brand_id: UUID | str | None = None) -> dict[str, str]:
        brand = UUID(brand_id) if isinstance(brand_id, str) else brand_id
        _, key = await service.keys.create(Role(role), brand, "test")
        return {"Authorization": f"Bearer {key}"}

    return make


@pytest.fixture
async def client(service: Service, keys: KeyMaker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application with an admin key."""
    transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
    headers = await keys(Role.ADMIN)
    async with httpx.AsyncClient(transport=transport, base_url="http://tallylight.test", headers=headers) as opened:
        yield opened
