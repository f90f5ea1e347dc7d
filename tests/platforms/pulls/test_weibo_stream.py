"""Weibo's pull stream: what its server or a proxy may answer, and that no error ends the reading."""

import asyncio
import dataclasses
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from app.platforms.pulls import weibo_stream
from app.service import Service
from tests.platforms.conftest import Answer, Connect, until


def compressed(*parts: bytes) -> list[bytes]:
    """Return the pieces of a gzip stream that goes on: each can be read as soon as it has come."""
    stream = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return [stream.compress(part) + stream.flush(zlib.Z_SYNC_FLUSH) for part in parts]


async def test_no_answer_of_the_stream_ends_the_reading(
    service: Service,
    connect: Connect,
    new_session: Connect,
    sample: Callable[[str], Answer],
    kpis: Callable[..., Awaitable[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Identity and gzip are read, also from a stream without an end; another encoding, a bomb, and an error of our own are survived."""
    monkeypatch.setattr(weibo_stream, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(weibo_stream, "_LONGEST_PAUSE", 0.001)
    found = sample("weibo_im_sdk_messages")["messages"][:3]
    lines = [json.dumps(message).encode() + b"\n" for message in found]
    answers: list[tuple[str | None, list[bytes]]] = [
        ("br", [b"?"]),
        ("gzip", [b"not gzip"]),
        ("gzip", compressed(bytes(8 << 20))),
        (None, []),
        ("identity", lines[:1]),
        ("gzip", compressed(lines[1][:40], lines[1][40:] + lines[2])),
    ]
    ended = asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        assert "identity" == request.headers["accept-encoding"]
        encoding, parts = answers.pop(0)
        if not parts:
            raise LookupError("of-a-viewer")

        async def pieces() -> AsyncIterator[bytes]:
            for part in parts:
                yield part
            if not answers:
                await ended.wait()

        return httpx.Response(200, headers={"content-encoding": encoding} if encoding else {}, content=pieces())

    reasons: list[str] = []
    monkeypatch.setattr(service.platforms.counters, "failed", lambda *given: reasons.append(given[-1]))
    room = found[0]["room_id"]
    session = await new_session(("weibo", room), scheduled_at=datetime.now(UTC).isoformat())
    made = await connect("weibo_live", {"app_secret": "s", "access_token": "WB-T0KEN"})
    stopping = asyncio.Event()
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        streams = dataclasses.replace(service.platforms.worker.streams, client=client)
        with capture_logs() as logs:
            following = asyncio.create_task(streams.follow(UUID(made["id"]), stopping))

            async def counted() -> bool:
                figures = await kpis(session["id"], "weibo")
                return (1, 1, 128) == (figures["comments"], figures["viewers"], figures["concurrent_viewers"])

            await until(counted, "the messages of both streams")
            stopping.set()
            await following
    assert [
        "Content-Encoding may be gzip, deflate or identity", "the body is not valid compressed data", "a line is too long",
        "LookupError", "the stream ended",
    ] == [reason.removeprefix("pull stream: ") for reason in reasons]  # fmt: skip
    (failure,) = (entry for entry in logs if entry["event"] == "pull stream failed")
    assert failure["reason"].startswith("LookupError in answer:")
    assert "of-a-viewer" not in str(logs)
