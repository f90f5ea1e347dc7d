"""POST /v1/events without ASGI answers as the ASGI application does, byte for byte but for what differs between any two requests."""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from app.api.ingest.direct_events import DirectRequest
from app.catalogue.access import Role
from app.cli.serve import Server
from app.service import Service
from app.settings import Settings
from tests.conftest import KeyMaker
from tests.pipeline.processes import free_port

_numbers = itertools.count(1)
_ASGI = {"Origin": "https://other.example"}
"""A header that changes nothing but who answers."""
_VARYING = re.compile(rb"(?im)^(?:date|x-request-id|ratelimit): [^\r]*\r\n")
_IDS = re.compile(rb"urn:request:[0-9a-f]{32}|e-[0-9]+")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a server on a port of its own, behind a proxy that it trusts, with a limit that is stated."""
    return settings.model_copy(
        update={"port": free_port(), "trusted_proxies": "127.0.0.0/8", "key_requests_per_minute": 60_000, "max_batch_events": 5}
    )


@dataclass
class Sender:
    """A raw client of the server."""

    port: int
    key: str
    room: str
    direct: list[bool]
    """What each request to the direct route came to: True if it was answered there."""

    def request(self, body: bytes, **headers: str) -> bytes:
        """Return a request as bytes."""
        named = {
            "Host": "x", "Authorization": f"Bearer {self.key}", "Content-Type": "application/json",
            "Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()},
        }  # fmt: skip
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
        return f"POST /v1/events HTTP/1.1\r\n{head}\r\n".encode() + body

    async def exchange(self, *parts: bytes, answers: int = 1, seconds: float = 10) -> list[tuple[bytes, bytes]]:
        """Send parts one after the other on one connection; return heads and bodies of the answers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(seconds):
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.01)
                return [await _answer(reader) for _ in range(answers)]
        finally:
            writer.close()

    def event(self, type: str = "like.sent", room: str | None = None, **fields: Any) -> dict[str, Any]:
        """Return an event with an id of its own."""
        data = fields.pop("data", {})
        return {
            "specversion": "1.0", "id": f"e-{next(_numbers)}", "source": "/t", "type": f"live.{type}",
            "subject": f"wechat:{room or self.room}", "data": data, **fields,
        }  # fmt: skip


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: ([0-9]+)", head)
    assert length, head
    return head, await reader.readexactly(int(length[1]))


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The outcomes of requests that began without ASGI."""
    taken: list[bool] = []
    take = DirectRequest.take

    def noting(self: DirectRequest, body: bytes, reply: Any) -> bool:
        taken.append(take(self, body, reply))
        return taken[-1]

    monkeypatch.setattr(DirectRequest, "take", noting)
    return taken


@pytest.fixture
async def sender(service: Service, keys: KeyMaker, direct: list[bool]) -> AsyncIterator[Sender]:
    """A sender to a listening server, whose key the server has verified."""
    server = Server(service)
    task = asyncio.create_task(server.run())
    await server.started()
    key = (await keys(Role.ADMIN))["Authorization"].removeprefix("Bearer ")
    found = Sender(service.settings.port, key, f"room-{uuid4().hex[:8]}", direct)
    form = {"title": "t", "brand": "maison-k", "currency": "CNY", "streams": [{"platform": "wechat", "room": found.room}]}
    body = json.dumps(form).encode()
    created = found.request(body).replace(b"/v1/events", b"/v1/sessions", 1)
    assert b" 201 " in (await found.exchange(created))[0][0]
    yield found
    server.stop()
    await asyncio.wait_for(task, 10)


def _paid(**changes: Any) -> dict[str, Any]:
    return {
        "order": f"o-{uuid4().hex}", "buyer": "b-1", "currency": "CNY", "amount": "9.00",
        "lines": [{"product": "knit", "quantity": 1, "amount": "9.00"}], **changes,
    }  # fmt: skip


_BODIES: dict[str, Callable[[Sender], Any]] = {
    "one": lambda to: to.event("order.paid", data=_paid()),
    "batch": lambda to: [to.event(), to.event("comment.posted", data={"viewer": "v", "text": "すばらしい"})],
    "parked": lambda to: to.event(room=f"nowhere-{uuid4().hex}"),
    "wrong clock": lambda to: to.event(time="2999-01-01T00:00:00Z"),
    "rejected by its session": lambda to: to.event("order.paid", data=_paid(currency="JPY")),
    "one of two rejected by its session": lambda to: [to.event(), to.event("order.paid", data=_paid(currency="JPY"))],
    "an extension": lambda to: to.event(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    "no event": lambda _: [],
    "not valid": lambda to: to.event(data={"count": "many"}),
    "one of two not valid": lambda to: [to.event(), to.event(data={"count": "many"})],
    "reserved source": lambda to: to.event(source="/desk/person"),
    "too many": lambda to: [to.event() for _ in range(6)],
    "a text": lambda _: "text",
}
"""Bodies of a case, with new ids at each call."""
_NO_JSON = ("{", "", "\ufffe")


DIRECT = frozenset(list(_BODIES)[:8])
"""Cases of which each event is valid alone."""


def _comparable(answer: tuple[bytes, bytes]) -> tuple[bytes, Any]:
    head, body = answer
    length = rb"(?im)^content-length: [^\r]*\r\n"
    return re.sub(length, b"", _VARYING.sub(b"", head)), json.loads(_IDS.sub(b"-", body))


@pytest.mark.parametrize("case", [*_BODIES, *_NO_JSON])
async def test_both_ways_answer_the_same(sender: Sender, case: str) -> None:
    """Whatever comes of the events, the head and the body of the answer are those of the ASGI application."""
    body = _BODIES.get(case)
    raw = [case.encode() if body is None else json.dumps(body(sender)).encode() for _ in range(2)]
    sender.direct.clear()
    [ours] = await sender.exchange(sender.request(raw[0]))
    assert [case in DIRECT] == sender.direct
    [asgi] = await sender.exchange(sender.request(raw[1], **_ASGI))
    assert 1 == len(sender.direct)
    assert _comparable(asgi) == _comparable(ours)


@pytest.mark.parametrize("again", ["the same", "another count"])
async def test_duplicates_and_conflicts_are_told(sender: Sender, again: str) -> None:
    """A repeated event is a duplicate, and one with other content a conflict, whichever way each of them comes."""
    answers = []
    for first, second in (({}, _ASGI), (_ASGI, {})):
        event = sender.event(data={"count": 1})
        await sender.exchange(sender.request(json.dumps(event).encode(), **first))
        event["data"] = {"count": 1 if again == "the same" else 2}
        [answer] = await sender.exchange(sender.request(json.dumps(event).encode(), **second))
        answers.append(_comparable(answer))
    assert answers[0] == answers[1]
    assert answers[0][1]["duplicates" if again == "the same" else "conflicts"] == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer tl_000000000000_wrong"}, {"Authorization": ""}, {"Content_Type": "text/csv"}, {"Content_Type": ""},
        {"Content_Type": "application/json; charset=shift_jis"}, {"X_Request_Id": "mine.1"}, {"X_Request_Id": "tl_0_secret"},
        {"X_Forwarded_Proto": "https"}, {"Content_Type": "application/cloudevents+json"}, {"Cookie": "other=1"},
        {"Content_Encoding": "gzip"}, {"Expect": "100-continue"}, {"Authorization": "bearer KEY"},
    ],
    ids=str,
)  # fmt: skip
async def test_headers_mean_the_same(sender: Sender, headers: dict[str, str]) -> None:
    """Keys, content types, request ids and forwarded protocols are read alike."""
    headers = {name: value.replace("KEY", sender.key) for name, value in headers.items()}
    answers = []
    for more in ({}, _ASGI):
        sent = sender.request(json.dumps(sender.event()).encode(), **headers, **more)
        number = 2 if "Expect" in headers else 1
        reader, writer = await asyncio.open_connection("127.0.0.1", sender.port)
        async with asyncio.timeout(10):
            writer.write(sent)
            if number == 2:
                assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
            head, body = await _answer(reader)
        writer.close()
        assert (b"x-request-id: mine.1" in head) == (headers.get("X_Request_Id") == "mine.1")
        assert b"secret" not in head
        answers.append(_comparable((head, body)))
    assert answers[0] == answers[1]


async def test_every_request_is_counted_once(sender: Sender) -> None:
    """The key's limit falls by one per request, also if a request that began without ASGI is answered by it."""

    async def remaining(body: bytes) -> int:
        [(head, _)] = await sender.exchange(sender.request(body))
        found = re.search(rb'ratelimit: "key";r=([0-9]+)', head)
        assert found, head
        return int(found[1])

    before = await remaining(json.dumps(sender.event()).encode())
    for body in (b"{", json.dumps(sender.event(source="/desk/x")).encode(), json.dumps(sender.event()).encode()):
        await remaining(body)
    # 1,000 requests per second are given back, so that some may be by now; none may be missing that was not sent.
    assert before - 5 <= await remaining(json.dumps(sender.event()).encode()) <= 60_000


async def test_pipelined_requests_are_answered_in_order(sender: Sender) -> None:
    """Requests that arrive together, in pieces or with others between them, each have their answer, in order."""
    get = f"GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sender.key}\r\n\r\n".encode()
    first, second, third = (sender.request(json.dumps(sender.event()).encode()) for _ in range(3))
    answers = await sender.exchange(first + second + get + third, answers=4)
    assert [b"accepted", b"accepted", b"role", b"accepted"] == [
        next(word for word in (b"accepted", b"role") if word in body) for _, body in answers
    ]
    another = first.replace(b'"e-', b'"f-')
    pieces = [another[n : n + 40] for n in range(0, len(another), 40)]
    assert 1 == json.loads((await sender.exchange(*pieces))[0][1])["accepted"]


async def test_a_client_that_leaves_holds_up_no_other(sender: Sender) -> None:
    """Clients that close their connection before the answer leave their events stored, and others are answered."""
    events = [sender.event() for _ in range(20)]
    for event in events:
        _, writer = await asyncio.open_connection("127.0.0.1", sender.port)
        writer.write(sender.request(json.dumps(event).encode()))
        await writer.drain()
        writer.transport.abort()
    for event in events:
        async with asyncio.timeout(10):
            while True:
                [(_, body)] = await sender.exchange(sender.request(json.dumps(event).encode()))
                if 1 == json.loads(body)["duplicates"]:
                    break
                # Its first request did not arrive before the connection was reset: this one is the first.
                assert 1 == json.loads(body)["accepted"]


async def test_a_fault_of_the_server_is_no_fault_of_the_sender(
    sender: Sender, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nothing expects is answered by 500, as it is without the direct way, and the next request as always."""
    event = json.dumps(sender.event()).encode()
    with monkeypatch.context() as patched:
        patched.setattr(type(service.receiver), "receive", lambda *_, **__: 1 / 0)
        [(head, body)] = await sender.exchange(sender.request(event))
        assert head.startswith(b"HTTP/1.1 500")
        assert 500 == json.loads(body)["status"]
    [(_, body)] = await sender.exchange(sender.request(event))
    assert 1 == json.loads(body)["accepted"]


async def test_an_answer_that_fails_takes_no_other_along(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twenty requests at once, one cannot be answered: the others are, and so are those that come later."""
    events = [sender.event() for _ in range(20)]
    answer = DirectRequest.set_result
    failed: list[bool] = []

    def failing(self: DirectRequest, result: None) -> None:
        if not failed:
            failed.append(True)
            raise RuntimeError("no answer")
        answer(self, result)

    monkeypatch.setattr(DirectRequest, "set_result", failing)

    async def post(event: dict[str, Any]) -> int:
        try:
            [(_, body)] = await sender.exchange(sender.request(json.dumps(event).encode()), seconds=3)
        except TimeoutError:
            return 0
        return int(json.loads(body)["accepted"])

    assert 19 == sum(await asyncio.gather(*map(post, events)))
    again = [await post(event) for event in events[:2]]
    assert [0, 0] == again, "they are stored already"
