"""Deliveries and answers that are costly to read: bounded, and beside the event loop."""

import asyncio
import threading
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.adapters.mappings import mapping
from app.adapters.protocol import Context, Refused, Verified
from app.adapters.wechat import spy as wechat_spy
from app.adapters.wechat.api import Call
from app.adapters.weibo import live as weibo_live
from app.platforms.calls.calls import UnavailableError, send
from app.platforms.calls.parsing_thread import INLINE_BYTES
from app.service import Service
from tests.faults.slow_http import SlowHttp

COSTLY = "|".join(["[@,@][]"] * 16) + "|" + "[" + ",".join(["@==@"] * 40) + "]"
"""A few bytes of body cost all steps of a delivery."""
RULE = {"type": "live.like.sent", "when": COSTLY, "data": {"count": "n"}}


async def connect(client: httpx.AsyncClient, kind: str, **options: Any) -> str:
    """Create a connection; return the path of its URL."""
    answer = await client.post("/v1/connections", json={"kind": kind, "name": "t", "options": options})
    assert 201 == answer.status_code, answer.text
    return str(urlsplit(answer.json()["webhook_url"]).path)


class Ticks:
    """Counts turns of the event loop, and how many happened during each parse and in which thread it ran."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *adapters: Any) -> None:
        """Watch the adapters' parsers."""
        self.turns = 0
        self.parsed: list[tuple[bool, int]] = []
        """Whether it ran in the thread, and the turns meanwhile."""
        for adapter in adapters:
            monkeypatch.setattr(adapter, "parse", self._watched(adapter.parse))

    def _watched(self, parse: Any) -> Any:
        def watched(verified: Verified, context: Any) -> Any:
            before = self.turns
            try:
                return parse(verified, context)
            finally:
                self.parsed.append((threading.current_thread().name.startswith("parsing"), self.turns - before))

        return watched

    async def run(self) -> None:
        """Turn until cancelled."""
        while True:
            self.turns += 1
            await asyncio.sleep(0)


async def test_the_event_loop_turns_while_a_costly_delivery_is_read(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules of a mapping, and large bodies of other kinds, are read in a thread; small ones at once."""
    ticks = Ticks(monkeypatch, mapping, wechat_spy)
    rules, spy = await connect(client, "mapping", signature="none", rules=[RULE]), await connect(client, "wechat_spy")
    message = {"decoded_type": "enter", "decoded_openid": "viewer"}
    turning = asyncio.create_task(ticks.run())
    try:
        for path, count in ((rules, 0), (spy, INLINE_BYTES // 20), (spy, 1)):
            body = {"n": 1} if path == rules else {"live_info": {"live_id": "1"}, "events": [message] * count}
            assert 200 == (await client.post(path, json=body)).status_code
    finally:
        turning.cancel()
    (costly, large, small) = ticks.parsed
    assert (True, True) == (costly[0], large[0])
    assert min(costly[1], large[1]) > 1, ticks.parsed
    assert (False, 0) == small
    (dead_letter,) = (await client.get("/v1/dead-letters")).json()["dead_letters"]
    assert "more than" in dead_letter["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("adapter", "body", "status"),
    [
        (wechat_spy, b'{"events":[' + b",".join([b'{"decoded_type":"enter"}'] * 20_000) + b"]}", 413),
        (weibo_live, b"[" + b",".join([b'{"msg_type":7,"onlines":1}'] * 20_000) + b"]", 413),
        (weibo_live, b"room_id=" + b"%41" * 100_000, 413),
        (wechat_spy, b'{"events":[' + b"{}," * 200_000 + b"{}]}", 400),
    ],
)
def test_a_delivery_of_too_many_messages_is_refused(adapter: Any, body: bytes, status: int) -> None:
    """The bound is reached, or seen in the bytes, before most of the work is done."""
    with pytest.raises(Refused) as refused:
        adapter.parse(Verified(body, datetime.now(UTC), "k"), Context("//test", {"session": "s"}))
    assert status == refused.value.status


async def test_an_answer_of_a_million_lines_is_not_read(service: Service) -> None:
    """An order of 1.5 million empty lines fits into the bytes of an answer, and its values are counted first."""
    async with SlowHttp().running() as host:
        host.answer = b'{"order":{"order_detail":{"product_infos":[' + b"{}," * 1_300_000 + b"{}]}}}"
        with pytest.raises(UnavailableError, match="more than 100000 values"):
            await send(service.platforms.wechat.client, host.base, Call("GET", "/"), tries=1)
