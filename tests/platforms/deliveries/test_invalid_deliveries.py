"""Forged, damaged and oversized deliveries: refused, stored only if the sender is known, no secret in a log."""

import asyncio
import gzip
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
import structlog

from app.adapters.signatures import sha1_of_sorted
from app.observability import logs
from app.observability.logs import configure_logging
from tests.platforms.conftest import SHOP, Connect, path_of, signed, until
from tests.platforms.fake_wechat import FakeWechat, push

Stored = Callable[[], Awaitable[dict[str, int]]]
TEXT = push("1")
QUERY, BODY = signed(TEXT)
OTHER_KEY = {**SHOP, "encoding_aes_key": "A" * 43}
OTHER_APP = {**SHOP, "appid": "wx0000000000000000"}
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + "]><xml><Encrypt>&lol9;</Encrypt></xml>"
)


def _plain() -> dict[str, str]:
    return {"timestamp": "1", "nonce": "2", "signature": sha1_of_sorted(SHOP["token"], "1", "2")}


def _changed(name: str, value: str) -> dict[str, str]:
    return {**QUERY, name: value}


def _tampered() -> str:
    document = json.loads(BODY)
    text = document["Encrypt"]
    return json.dumps({**document, "Encrypt": text[:40] + ("A" if text[40] != "A" else "B") + text[41:]})


HOSTILE: dict[str, tuple[dict[str, str], bytes, int]] = {
    "no signature": ({}, BODY.encode(), 401),
    "a tampered body": (QUERY, _tampered().encode(), 401),
    "a false signature": (_changed("msg_signature", "0" * 40), BODY.encode(), 401),
    "a signature that is no ASCII": (_changed("msg_signature", "é" * 40), BODY.encode(), 401),
    "another timestamp": (_changed("timestamp", "1788009999"), BODY.encode(), 401),
    "another key": (signed(TEXT, OTHER_KEY)[0], signed(TEXT, OTHER_KEY)[1].encode(), 401),
    "another appid": (signed(TEXT, OTHER_APP)[0], signed(TEXT, OTHER_APP)[1].encode(), 401),
    "a truncated body": (QUERY, BODY[:-20].encode(), 400),
    "an empty body": (QUERY, b"", 400),
    "not UTF-8": (QUERY, b'{"Encrypt": "\xff\xfe\xff"}', 401),
    "an XML bomb": (QUERY, BOMB.encode(), 400),
    "an XML bomb, plain": (_plain(), BOMB.encode(), 400),
    "deep JSON": (QUERY, b'{"Encrypt":' * 50_000, 400),
    "too large": (QUERY, b'{"Encrypt": "' + b"A" * (1024 * 1024) + b'"}', 413),
    "a gzip bomb": (QUERY, b"0", 413),
}
BOMB_BYTES = 64 * 1024 * 1024


def _invalid(name: str) -> tuple[dict[str, str], bytes, int]:
    """Return a delivery and its status; the bomb is packed here, since every process of a run imports this file."""
    query, body, status = HOSTILE[name]
    return query, gzip.compress(body * BOMB_BYTES) if name == "a gzip bomb" else body, status


SAFE = {"an XML bomb, plain"}
"""Stored as a dead letter: the sender knows the token."""


@pytest.mark.parametrize("name", HOSTILE)
async def test_an_invalid_delivery_is_refused_and_stores_nothing(
    name: str, connect: Connect, client: httpx.AsyncClient, stored: Stored
) -> None:
    """The answer is a problem of the 4xx, nothing is stored, and the connection counts the refusal."""
    shop = await connect("wechat_shop", SHOP)
    query, body, status = _invalid(name)
    headers = {"Content-Encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {}
    answer = await client.post(path_of(shop), params=query, content=body, headers=headers)
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    left = await stored()
    assert (name in SAFE) == left.pop("dead_letters")
    assert 0 == sum(left.values())
    if status != 413:
        assert 1 == (await client.get(f"/v1/connections/{shop['id']}")).json()["counts"]["refused"]


async def test_a_replay_changes_nothing(connect: Connect, client: httpx.AsyncClient, stored: Stored) -> None:
    """Repeated bytes are acknowledged, since the platform itself repeats them, and store no second row."""
    shop = await connect("wechat_shop", SHOP)
    left = []
    for _ in range(2):
        assert "success" == (await client.post(path_of(shop), params=QUERY, content=BODY)).text
        left.append((await stored())["deliveries"])
    assert [1, 1] == left


@pytest.mark.parametrize("options", [{}, {"require_encryption": True}], ids=["a key is set", "encryption is required"])
async def test_a_plain_push_is_refused_where_a_key_is_set(
    options: dict[str, bool], connect: Connect, client: httpx.AsyncClient, stored: Stored
) -> None:
    """With an AES key a plain push is refused although its signature is right; without one it is taken."""
    strict = await connect("wechat_shop", SHOP, **options)
    assert 401 == (await client.post(path_of(strict), params=_plain(), content=TEXT)).status_code
    assert 0 == sum((await stored()).values())
    lenient = await connect("wechat_shop", {"token": SHOP["token"]})
    assert "success" == (await client.post(path_of(lenient), params=_plain(), content=TEXT)).text


@pytest.mark.parametrize("path", ["/v1/webhooks/no-id", "/v1/webhooks/%00", "/v1/webhooks/0192f1a0-b3c4-7d06-8000-5f5e1a2b3c4d"])
async def test_a_url_of_no_connection_is_not_found(path: str, client: httpx.AsyncClient) -> None:
    """Any path without a connection's id returns 404, for both methods."""
    assert (404, 404) == ((await client.post(path, content="{}")).status_code, (await client.get(path)).status_code)


async def test_a_disabled_connection_accepts_nothing(connect: Connect, client: httpx.AsyncClient) -> None:
    """A disabled connection returns 404 immediately."""
    shop = await connect("wechat_shop", SHOP)
    assert 200 == (await client.post(path_of(shop), params=QUERY, content=BODY)).status_code
    await client.patch(f"/v1/connections/{shop['id']}", json={"enabled": False})
    assert 404 == (await client.post(path_of(shop), params=QUERY, content=BODY)).status_code


@pytest.mark.parametrize(
    ("header", "status"),
    [("garbage", 401), ("v1,a,b", 401), ("v1,", 401), ("v2,abc v1a,abc", 401), ("", 401), ("v1," + "A" * 44, 401)],
)
async def test_a_malformed_signature_header_is_a_401(
    header: str, status: int, connect: Connect, client: httpx.AsyncClient, stored: Stored
) -> None:
    """Signature headers that break other libraries are refused, not an error of the server."""
    hook = await connect("standard_webhooks", {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
    headers = {"webhook-id": "m1", "webhook-timestamp": "1795408965", "webhook-signature": header}
    assert status == (await client.post(path_of(hook), content="{}", headers=headers)).status_code
    assert 0 == sum((await stored()).values())


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Everything that is logged at debug level."""
    root = logging.getLogger()
    level, before = root.level, structlog.get_config()
    configure_logging("debug", "json")
    seen: list[str] = []

    def read() -> str:
        captured = capsys.readouterr()
        seen.append(captured.err + captured.out)
        return "".join(seen)

    yield read
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, logs._StderrHandler)]
    root.setLevel(level)
    structlog.configure(**before)


@pytest.mark.usefixtures("brief_pauses", "working")
async def test_no_secret_and_no_person_reaches_a_log_or_a_table_in_clear(
    lines: Callable[[], str], connect: Connect, client: httpx.AsyncClient, wechat: FakeWechat, service: Any
) -> None:
    """Good, false and failing deliveries at debug level: no secret, token, URL token or person's id is written anywhere."""
    wechat.troubles.extend(["500", "500", "500", "busy"])
    shop = await connect("wechat_shop", SHOP, api_base=wechat.base)
    spy = await connect("wechat_spy")
    forwarded = {
        "live_info": {"live_id": "1"},
        "events": [{"decoded_type": "strange", "decoded_openid": "o9hHnPERSON", "seq": 1}],
    }
    await client.post(path_of(spy), json=forwarded)
    await client.post(path_of(spy) + "x", json=forwarded)
    for query, body, _ in map(_invalid, HOSTILE):
        await client.post(path_of(shop), params=query, content=body)
    await client.post(path_of(shop), params=QUERY, content=BODY)
    await client.post(f"/v1/connections/{shop['id']}/test")

    async def gave_up() -> bool:
        return wechat.calls["order_get"] > 5 and not wechat.troubles

    await until(gave_up, "the pulls", 60)
    await asyncio.sleep(0.2)
    hidden = [*SHOP.values(), "OPENID_1", "o9hHnPERSON", "T0KEN", path_of(spy).rsplit("/", 1)[1], QUERY["msg_signature"]]
    text = lines()
    assert "/v1/webhooks/{connection}" in text
    assert [] == [secret for secret in hidden if secret in text]
    assert [] == [secret for secret in hidden if secret in (await client.get("/metrics")).text]
    dead_letters = (await client.get("/v1/dead-letters")).text
    assert [] == [secret for secret in hidden if secret in dead_letters]
    shown = (await client.get(f"/v1/connections/{shop['id']}")).text
    assert [] == [secret for secret in SHOP.values() if secret in shown]
    async with service.database.acquire() as connection:
        for table in ("connections", "deliveries", "platform_tokens", "pgqueuer", "pgqueuer_log", "dead_letters", "sealed_keys"):
            rows = str([tuple(row) for row in await connection.fetch(f"SELECT * FROM {table}")])
            assert [] == [secret for secret in hidden if secret in rows], table


async def test_the_content_of_a_dead_letter_hides_personal_data(connect: Connect, client: httpx.AsyncClient) -> None:
    """A message that could not be parsed may hold personal data, so only its field names are shown."""
    spy = await connect("wechat_spy")
    event = {"decoded_type": "strange", "decoded_openid": "o9hHnPERSON", "content": "words", "seq": 1}
    await client.post(path_of(spy), json={"live_info": {"live_id": "1"}, "events": [event]})
    dead_letter = (await client.get("/v1/dead-letters")).json()["dead_letters"][0]
    opened = await client.get(f"/v1/dead-letters/{dead_letter['id']}")
    assert f"connection:{spy['id']}" == opened.json()["origin"]
    (shown,) = opened.json()["event"]["events"]
    assert {"decoded_type", "decoded_openid", "content", "seq"} == shown.keys()
    assert "o9hHnPERSON" not in opened.text
    assert "words" not in opened.text
    assert "strange" in opened.text
