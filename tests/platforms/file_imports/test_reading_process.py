"""What the reading process writes is taken in parts, and only as fast as it can be stored."""

import asyncio
import tempfile
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import psutil
import pytest

from app.platforms.file_imports import imports
from app.problems import ProblemError
from app.service import Service
from tests.in_process import reader_in_process_of_its_own

FACTS = b'12\n{"file": {}}'


async def test_it_waits_for_what_takes_its_rows() -> None:
    """Of some three megabytes no more than a few hundred kilobytes are ahead, and none is lost."""
    with tempfile.TemporaryFile() as file:
        file.write(b"order,product,quantity,line_amount,paid_at\n")
        file.write(b"".join(b"A-%d,K,1,100.00,2021-09-25 14:00\n" % number for number in range(8_000)))
        options = {
            "kind": "orders", "subject": "wechat:room", "timezone": "UTC",
            "columns": {name: name for name in ("order", "product", "quantity", "line_amount", "paid_at")},
        }  # fmt: skip
        async with reader_in_process_of_its_own(file, options, datetime.now(UTC), only_columns=False) as process:
            reading = imports.Reading(process, imports._facts(await imports._parsed(process)))
            reader, ahead = psutil.Process(process.pid), process.stdout._buffer  # type: ignore[union-attr]
            async with asyncio.timeout(60):
                # It waits once its processor time no longer grows; before, there is always a row to read.
                spent, again = -1.0, 0.0
                while again > spent or len(ahead) < imports._READ_AHEAD:
                    spent = again
                    await asyncio.sleep(0.3)
                    again = sum(reader.cpu_times()[:2])
            assert len(ahead) < 8 * imports._READ_AHEAD
            sizes = [(len(rows), len(body)) async for rows, body in reading.batches()]
    assert 8_000 == sum(rows for rows, _ in sizes)
    assert sum(size for _, size in sizes) > 2_500_000


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (b"", "file_unreadable"),
        (b"12", "file_too_costly"),
        (b"12\n{", "file_too_costly"),
        (b"99999999999\n{", "file_too_costly"),
        (b"x\n{}", "file_too_costly"),
        (FACTS + b"2\n[", "file_too_costly"),
        (FACTS + b"2\n[]", "file_unreadable"),
        (FACTS + b"2\n[]2\n[", "file_too_costly"),
    ],
)
async def test_what_is_cut_off_is_not_taken_for_the_whole(
    service: Service, monkeypatch: pytest.MonkeyPatch, written: bytes, code: str
) -> None:
    """A process that ends in the middle of what it writes, at any place."""
    stream = asyncio.StreamReader()
    stream.feed_data(written)
    stream.feed_eof()

    async def ended(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(stdout=stream, wait=AsyncMock(return_value=0), returncode=0, kill=lambda: None)

    monkeypatch.setattr(imports, "_reader", reader_in_process_of_its_own)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", ended)
    importer = imports.Importer(service.database, service.settings, service.writer)
    with tempfile.TemporaryFile() as file, pytest.raises(ProblemError) as caught:
        async with importer.reading(file, {}, datetime.now(UTC)) as reading:
            assert 0 == sum([len(rows) async for rows, _ in reading.batches()])
    assert [code] == [error.code for error in caught.value.errors]
