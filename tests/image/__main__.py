"""`python -m tests.image`: build, check, report sizes. Skips with words where it cannot work.

In: arguments. Out: an exit code. Never here: a check.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from app.extras import EXTRAS
from app.storage.postgres.embedded import EmbeddedPostgres
from tests.faults.tcp_proxy import TcpProxy
from tests.image import checks
from tests.image.building import SUITE, Image, base_root, build, megabytes, wheels
from tests.image.dockerfile import stages_of
from tests.image.running import Container

PROJECT = Path(__file__).parents[2]
ANY_USER = 64_123
"""A user that the image does not know."""


def reason_to_skip() -> str | None:
    """Return why no image can be made here; None if one can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "it mounts file systems, which needs root on Linux"
    for program, package in (("debootstrap", "debootstrap"), ("unshare", "util-linux"), ("setpriv", "util-linux")):
        if shutil.which(program) is None:
            return f"there is no {program}; Debian's package is {package}"
    return None


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL that the containers reach by TCP; yield its connection string."""
    server = EmbeddedPostgres(folder)
    proxy = TcpProxy(server.start())
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    running = proxy.running()
    asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(30)
    try:
        yield proxy.dsn
    finally:
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.stop()


def new_database(dsn: str, name: str) -> str:
    """Create a database; return its connection string."""

    async def create() -> None:
        connection = await asyncpg.connect(dsn)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    asyncio.run(create())
    head, question, query = dsn.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{question}{query}"


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def check(image: Image, extras: Sequence[str], dsn: str, folder: Path) -> None:
    """Run all checks of an image that has these extras."""
    own = int(image.user)
    for uid, gid in ((own, own), (ANY_USER, 0)):
        url = new_database(dsn, f"image_{uid}_{'_'.join(extras)}")
        container = Container(image, uid, gid, checks.settings(url, checks.free_port()))
        checks.migrates(container)
        checks.is_read_only(container)
        checks.serves(container, folder / f"server-{uid}.log", extras)
        say(f"  user {uid}: migrates, serves, is healthy, writes to /tmp alone, has no capability, stops with 0")
        if "embedded" in extras:
            volume = folder / f"volume-{uid}"
            volume.mkdir()
            os.chown(volume, uid, 0)
            checks.backs_up(image, uid, url, volume)
            say(f"  user {uid}: backs up")
    if "embedded" in extras:
        volume = folder / "alone"
        volume.mkdir()
        os.chown(volume, own, own)
        alone = Container(image, own, own, checks.settings(None, checks.free_port()), volume)
        checks.serves(alone, folder / "alone.log", extras)
        say(f"  user {own}: serves alone, on the embedded PostgreSQL in /data")
    else:
        checks.refuses_to_run_alone(Container(image, own, own, checks.settings(None, checks.free_port())))
        say("  without `embedded` and without a database: says so")


def main() -> int:
    """Build and check the image of the Dockerfile, and the one of the backups."""
    parser = argparse.ArgumentParser(prog="python -m tests.image", description=__doc__)
    parser.add_argument("--extras", action="append", help="extras of an image to check, separated by spaces; may be repeated")
    reason = reason_to_skip()
    chosen: list[str] | None = parser.parse_args().extras
    if reason is not None:
        say(f"image-check: skipped: {reason}")
        return 0
    defaults, _ = stages_of((PROJECT / "Dockerfile").read_text(encoding="utf-8"))
    images = [one.split() for one in chosen or [defaults["EXTRAS"], "embedded"]]
    folder = Path(tempfile.mkdtemp(prefix="tallylight-image-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        base = base_root(folder)
        say(f"base: Debian {SUITE} with Python, {megabytes(base)} MB")
        found = wheels(PROJECT, folder, sorted({extra for extras in images for extra in extras if extra in EXTRAS}))
        with postgres(folder / "database") as dsn:
            for number, extras in enumerate(images):
                stages = folder / f"image-{number}"
                stages.mkdir()
                image = build(PROJECT, stages, base, found, {"EXTRAS": " ".join(extras)})
                added = megabytes(image.root) - megabytes(base)
                say(f"image with {' '.join(extras) or 'no extra'}: {added} MB on its base, {megabytes(image.root)} MB in all")
                check(image, extras, dsn, stages)
                shutil.rmtree(stages)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say("image-check: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
