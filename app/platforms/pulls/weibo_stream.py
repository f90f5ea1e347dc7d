"""Weibo's pull stream: the messages of a live room over one unlimited HTTP response.

In: a connection with an access token, while one of its sessions is on air or may begin. Out: events through the writer. Never
here: the messages' format (`adapters.weibo.live`).

Source: open.weibo.com/wiki/Live/im/api names `/2/liveim/message/pull.stream` and says that it resumes within a backlog and
breaks at times. That page does not show the parameters; a published Android client of a camera maker calls it with GET,
`access_token` and `room_id`. The SDK's host for it is barrage.api.weibo.com, which `options.api_base` can name.
A message that is received twice has the same `mid`, so an overlap after a reconnect is not counted twice.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import structlog

from app.adapters.protocol import Refused
from app.adapters.weibo.live import read_messages, stream_lines
from app.ingest.group_commit.writer import NotCommittedError, QueueFullError
from app.ingest.receiving.decompression import Decompressor
from app.platforms.calls.outbound import ForbiddenHostError
from app.platforms.calls.parsing_thread import sized
from app.platforms.credentials.connection_cache import ConnectionCache, LoadedConnection
from app.platforms.event_submitter import EventSubmitter
from app.platforms.pulls.active_sessions import expected_sessions, live_sessions
from app.platforms.pulls.job_errors import error_location
from app.problems import ProblemError
from app.settings import Settings
from app.storage.database import Database

_log = structlog.get_logger()
API_BASE = "https://api.weibo.com"
PATH = "/2/liveim/message/pull.stream"
_SILENCE = httpx.Timeout(60.0, connect=5.0)
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_MAX_LINE = 1024 * 1024
_LINE: Mapping[str, Any] = {"signed": True, "facts": {}}


class _BrokenError(Exception):
    """The stream cannot be read further; the text names no address."""


@dataclass(frozen=True, slots=True)
class WeiboStreams:
    """Reads the streams of a connection's live rooms."""

    database: Database
    settings: Settings
    connection_cache: ConnectionCache
    client: httpx.AsyncClient
    submitter: EventSubmitter

    async def follow(self, connection_id: UUID, stopping: asyncio.Event) -> None:
        """Read all live rooms until none is live, or the process stops."""
        connection = await self.connection_cache.reload(connection_id)
        readers: dict[str, asyncio.Task[None]] = {}
        try:
            while connection is not None and connection.enabled and not stopping.is_set():
                rooms = await self._rooms(connection)
                for room in readers.keys() - rooms:
                    readers.pop(room).cancel()
                for room in rooms - readers.keys():
                    readers[room] = asyncio.create_task(self._read(connection, room), name="weibo-stream")
                if not readers:
                    return
                try:
                    await asyncio.wait_for(stopping.wait(), self.settings.poll_seconds)
                except TimeoutError:
                    connection = await self.connection_cache.reload(connection_id)
        finally:
            for reader in readers.values():
                reader.cancel()
            await asyncio.gather(*readers.values(), return_exceptions=True)

    async def _rooms(self, connection: LoadedConnection) -> set[str]:
        after = timedelta(seconds=self.settings.poll_after_seconds)
        tied, now = connection.context.session, datetime.now(UTC)
        sessions = await live_sessions(self.database, connection.brand_id, tied, "weibo", now, after)
        expected = await expected_sessions(self.database, connection.brand_id, tied, "weibo", now)
        # The streams of expected rooms are read too: nothing else reports their start.
        return {room for session in sessions for room in session.rooms} | {room for session in expected for room in session.rooms}

    async def _read(self, connection: LoadedConnection, room: str) -> None:
        pause = _FIRST_PAUSE
        states: dict[str, bool] = {}
        while True:
            try:
                if await self._read_once(connection, room, states):
                    pause = _FIRST_PAUSE
                reason = "the stream ended"
            except _BrokenError as error:
                reason = str(error)
            except ForbiddenHostError as error:
                reason = str(error)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = type(error).__name__
            except (QueueFullError, NotCommittedError):
                reason = "the writer is unavailable"
            except Exception as error:  # noqa: BLE001 - without its reader the room would be read no more
                _log.error("pull stream failed", connection=str(connection.id), reason=error_location(error))
                reason = type(error).__name__
            self.submitter.counters.failed(connection.id, datetime.now(UTC), "stream_failed", f"pull stream: {reason}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _read_once(self, connection: LoadedConnection, room: str, states: dict[str, bool]) -> bool:
        base = connection.context.text("api_base") or API_BASE
        query = {"access_token": connection.secrets.values["access_token"], "room_id": room}
        received = False
        url, headers = base.rstrip("/") + PATH, {"Accept-Encoding": "identity"}
        async with self.client.stream("GET", url, params=query, headers=headers, timeout=_SILENCE) as answer:
            if answer.status_code != 200:
                raise _BrokenError(f"status {answer.status_code}")
            rest = bytearray()
            async with aclosing(_plain_pieces(answer)) as pieces:
                async for piece in pieces:
                    rest += piece
                    if len(rest) > _MAX_LINE:
                        raise _BrokenError("a line is too long")
                    if b"\n" not in piece:
                        continue
                    lines, remaining = await sized(len(rest), stream_lines, bytes(rest))
                    if lines:
                        received = True
                        await self._take(connection, lines, len(rest), states)
                    rest = bytearray(remaining)
        return received

    async def _take(self, connection: LoadedConnection, lines: list[object], size: int, states: dict[str, bool]) -> None:
        now = datetime.now(UTC)
        try:
            parsed = await sized(size, read_messages, lines, connection.context, now, states=states)
        except Refused as refused:
            raise _BrokenError(refused.detail) from None
        await self.submitter.take(connection, parsed, now, _LINE)
        self.submitter.counters.delivered(connection.id, now)
        unread = next((unknown.reason for unknown in parsed.unknown if unknown.figure), None)
        if unread is None:
            self.submitter.counters.succeeded(connection.id)
        else:
            self.submitter.counters.failed(connection.id, now, "partly_read", f"pull stream: {unread}")


async def _plain_pieces(answer: httpx.Response) -> AsyncGenerator[bytes, None]:
    """Return what has come of an answer, decompressed, in pieces of bounded size: proxies compress what was not to be."""
    try:
        # The stream has no end, so that only its lines have a limit.
        decompressor = Decompressor(answer.headers.get("content-encoding"), sys.maxsize)
        async for received in answer.aiter_raw():
            for piece in decompressor.feed(received):
                yield piece
    except ProblemError as error:
        raise _BrokenError(error.detail) from None
