"""Servers whose database is new: a copy of the template of the test process.

In: the test process's PostgreSQL. Out: a running server. Never here: a browser, data.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tests.databases import LOCAL, new_database
from tests.pipeline.processes import ADMIN_KEY, ServerProcess

T = TypeVar("T")


@contextmanager
def server_on(postgres: str, template: str | None, folder: Path, *, key: str | None = ADMIN_KEY) -> Iterator[ServerProcess]:
    """Run a server on a database of its own; without a key it invites its first administrator by a link."""
    # Playwright's own loop runs in this thread.
    with ThreadPoolExecutor(1) as elsewhere:
        runner = asyncio.Runner()

        def run(work: Coroutine[Any, Any, T]) -> T:
            return elsewhere.submit(runner.run, work).result()

        database = new_database(postgres, template)
        environment = {
            "TALLYLIGHT_DATABASE_URL": run(database.__aenter__()), "TALLYLIGHT_DATA_DIR": str(folder),
            "TALLYLIGHT_API_BASE_ALLOW": LOCAL,
        }  # fmt: skip
        server = ServerProcess(folder, environment, key)
        server.start()
        try:
            run(server.ready())
            yield server
        finally:
            server.end()
            run(database.__aexit__(None, None, None))
            elsewhere.submit(runner.close).result()
