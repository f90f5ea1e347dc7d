"""Bodies that cannot be read: a 400, 413 or 415 with its reason, never a 500, whatever their length, depth or coding."""

import gzip
import json
import zlib

import pytest

from tests.pipeline.conftest import Rooms, Stage
from tests.pipeline.request_bodies import BATCH, JSON, SINGLE, assert_problem, body, like, post

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b" \n", 400),
        (b"{", 400),
        (b"[{}", 400),
        (b"null", 400),
        (b"7", 400),
        (b'"text"', 400),
        (b"\xff\xfe[\x00]\x00", 400),
        (b'[{"id":"\xff"}]', 400),
        (b"\xef\xbb\xbf[]", 400),
        (b"[" * 100_000, 400),
        (b"[" * 100_000 + b"]" * 100_000, 400),
        (b'{"data":' * 50_000 + b"1" + b"}" * 50_000, 400),
        (b"[1,]", 400),
        (b"[] []", 400),
        (b"[" + b"{}," * 500 + b"{}]", 413),
        (b" " * ((1 << 20) + 1), 413),
    ],
    ids=[
        "nothing", "blanks", "brace", "cut off", "null", "number", "text", "UTF-16", "no UTF-8", "byte order mark", "open",
        "deep list", "deep object", "comma", "two documents", "too many", "too long",
    ],
)  # fmt: skip
@pytest.mark.parametrize("headers", [BATCH, SINGLE, JSON], ids=["batched", "structured", "json"])
async def test_a_body_that_cannot_be_read_is_a_problem(
    stage: Stage, content: bytes, status: int, headers: dict[str, str]
) -> None:
    """Broken, cut off, of another encoding, too deep, too long: 400 or 413, for every content type."""
    answer = await post(stage.client, content, headers)
    # Whatever is larger than an event may be is refused for that, where it should be one event.
    expected = {status} if headers is BATCH else {status, 400, 413}
    assert answer.status_code in expected, answer.text
    assert_problem(answer, answer.status_code)


async def test_no_depth_is_a_500(stage: Stage, room: Rooms) -> None:
    """However deep an ignored field goes: accepted, rejected or unreadable, always with a reason."""
    await stage.show(subject := room())
    for depth in (*range(50, 1300, 50), *range(940, 1000, 5)):
        text = f'[{json.dumps(like(subject))[:-1]},"x":"\\ud800","deep":{"[" * depth}{"]" * depth}}}]'
        answer = await post(stage.client, text.encode())
        assert answer.status_code in {200, 400, 422}, (depth, answer.text)


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/xml", "application/json; charset=shift_jis", "application/cloudevents+xml",
     "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/cloudevents-batch+json;charset=utf-16"],
)  # fmt: skip
async def test_another_content_type_is_a_415(stage: Stage, room: Rooms, content_type: str | None) -> None:
    """Only JSON in UTF-8 is read."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert_problem(await post(stage.client, body([like(room())]), headers), 415)


async def test_a_gzip_bomb_never_unfolds(stage: Stage) -> None:
    """A gigabyte of spaces in a megabyte, even packed twice, is a 413 that costs neither time nor memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join([packer.compress(b" " * (1 << 20)) for _ in range(256)] + [packer.flush()])
    assert len(bomb) < 1 << 20
    assert_problem(await post(stage.client, bomb, {**BATCH, "Content-Encoding": "gzip"}), 413)
    assert_problem(await post(stage.client, gzip.compress(bomb), {**BATCH, "Content-Encoding": "gzip"}), 400)


async def test_broken_gzip_is_a_400(stage: Stage, room: Rooms) -> None:
    """Truncated, damaged, or not gzip."""
    headers = {**BATCH, "Content-Encoding": "gzip"}
    packed = gzip.compress(body([like(room())]))
    for broken in (packed[:-9], packed[:10], b"", b"plain", packed[:12] + b"\xff\xff" + packed[14:]):
        assert_problem(await post(stage.client, broken, headers), 400)
