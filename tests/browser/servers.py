"""Servers for browsers: on a new database, a copy of the template of the test process, or on an embedded PostgreSQL of their own.

In: the test process's PostgreSQL, a folder. Out: a running server. Never here: a browser, data.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.databases import LOCAL, new_database
from tests.pipeline.processes import ADMIN_KEY, ServerProcess

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@contextmanager
def _elsewhere() -> Iterator[Run]:
    """Give a function that runs a coroutine in a thread of its own, since Playwright's own loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        runner = asyncio.Runner()
        try:
            yield lambda work: thread.submit(runner.run, work).result()
        finally:
            thread.submit(runner.close).result()


@contextmanager
def _running(run: Run, folder: Path, key: str | None, **environment: str) -> Iterator[ServerProcess]:
    server = ServerProcess(folder, {"TALLYLIGHT_DATA_DIR": str(folder), "TALLYLIGHT_API_BASE_ALLOW": LOCAL, **environment}, key)
    server.start()
    try:
        run(server.ready())
        yield server
    finally:
        server.end()


@contextmanager
def server_on(postgres: str, template: str, folder: Path) -> Iterator[ServerProcess]:
    """Run a server on a database of its own."""
    with _elsewhere() as run:
        database = new_database(postgres, template)
        dsn = run(database.__aenter__())
        try:
            with _running(run, folder, ADMIN_KEY, TALLYLIGHT_DATABASE_URL=dsn) as server:
                yield server
        finally:
            run(database.__aexit__(None, None, None))


@contextmanager
def first_server(folder: Path) -> Iterator[ServerProcess]:
    """Run a server in a folder whose database is empty: it invites its first administrator by a link."""
    with _elsewhere() as run, _running(run, folder, None) as server:
        yield server
