"""Signed deliveries that hold next to nothing: the answer to the platform, and where an operator finds them."""

from typing import Any

import httpx
import pytest

from app.adapters.signatures import douyin_live as sign
from tests.platforms.conftest import Answer, Connect, path_of


async def _pushed(client: httpx.AsyncClient, connection: Answer, body: bytes) -> httpx.Response:
    headers = {"x-nonce-str": "1", "x-timestamp": "1788000400123", "x-roomid": "268", "x-msg-type": "live_like"}
    signature = {"x-signature": sign(headers, body, "s")}
    return await client.post(path_of(connection), content=body, headers=headers | signature)


async def _deliveries(client: httpx.AsyncClient, connection: Answer) -> list[tuple[str, str | None]]:
    answer: dict[str, Any] = (await client.get(f"/v1/connections/{connection['id']}/deliveries")).json()
    return [(found["outcome"], found["reason"]) for found in answer["deliveries"]]


@pytest.mark.parametrize("body", [b"null", b"{}", b"[null]", b"0"])
async def test_a_push_of_nothing_is_a_dead_letter(body: bytes, connect: Connect, client: httpx.AsyncClient) -> None:
    """It is stored, and a replay, which reads nothing more in it, leaves it there; no like is counted."""
    connection = await connect("douyin_live", {"app_secret": "s"})
    assert 200 == (await _pushed(client, connection, body)).status_code
    reason = "neither a message nor a list of messages"
    assert [("dead_letter", reason)] == await _deliveries(client, connection)
    for _ in range(2):
        (kept,) = (await client.get("/v1/dead-letters")).json()["dead_letters"]
        await client.post(f"/v1/dead-letters/{kept['id']}/replay")
    assert 0 == (await client.get(f"/v1/connections/{connection['id']}")).json()["counts"]["events"]


async def test_an_empty_list_is_ignored_for_a_reason(connect: Connect, client: httpx.AsyncClient) -> None:
    """A list without messages loses nothing, and the last deliveries of the connection say so."""
    connection = await connect("douyin_live", {"app_secret": "s"})
    assert 200 == (await _pushed(client, connection, b"[]")).status_code
    assert [("ignored", "an empty list")] == await _deliveries(client, connection)
    assert [] == (await client.get("/v1/dead-letters")).json()["dead_letters"]
