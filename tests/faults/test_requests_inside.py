"""A connection's `api_base` leads to no address inside, and what a host answers is repeated nowhere."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Front, eventually, front, settings_for
from tests.faults.slow_http import SlowHttp
from tests.platforms.conftest import SHOP, path_of, signed
from tests.platforms.fake_wechat import push

INSIDE = (
    "127.0.0.1:{}",
    "localhost:{}",
    "2130706433:{}",
    "0x7f.1:{}",
    "[::ffff:127.0.0.1]:{}",
    "0.0.0.0:{}",
    "169.254.169.254",
    "[fd00::1]",
    "168.63.129.16",
)
MARK = "s3cret-of-another-machine"


async def _shop(one: Front, base: str) -> Any:
    form = {"kind": "wechat_shop", "name": "shop", "secrets": SHOP, "options": {"api_base": base}}
    return await one.client.post("/v1/connections", json=form)


async def test_no_request_reaches_an_address_inside(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spelled address is refused when it is saved, a name when it is called; a saved one does not prevent other changes."""
    async with SlowHttp().running() as inside, front(settings_for(database_url, tmp_path, api_base_allow="")) as one:
        inside.answer = b'{"access_token": "T", "expires_in": 7200}'
        port = inside.base.rpartition(":")[2]
        named = (await _shop(one, f"http://inside.example:{port}/api")).json()
        url = f"/v1/connections/{named['id']}"
        for host in INSIDE:
            base = f"http://{host.format(port)}"
            for answer in (await _shop(one, base), await one.client.patch(url, json={"options": {"api_base": base}})):
                assert (422, ["/options/api_base"]) == (answer.status_code, [e["pointer"] for e in answer.json()["errors"]]), base
        loop, resolver = asyncio.get_running_loop(), asyncio.get_running_loop().getaddrinfo

        async def getaddrinfo(host: Any, *place: Any, **more: Any) -> Any:
            if host == "inside.example":
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]
            return await resolver(host, *place, **more)

        monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
        result = (await one.client.post(f"{url}/test")).json()
        assert not result["ok"]
        assert "TALLYLIGHT_API_BASE_ALLOW" in result["checks"][-1]["detail"]
        assert "127." not in str(result)
        async with one.service.database.acquire() as connection:
            stored = f'{{"api_base": "{inside.base}"}}'
            await connection.execute("UPDATE connections SET options = $1::jsonb WHERE id = $2", stored, named["id"])
        assert 200 == (await one.client.patch(url, json={"name": "another name"})).status_code
        assert "TALLYLIGHT_API_BASE_ALLOW" in (await one.client.post(f"{url}/test")).text
        assert 0 == inside.requests


ANSWERS = {
    "a message": json.dumps({"errcode": 40164, "errmsg": f"invalid ip {MARK}"}),
    "an unknown code": json.dumps({"errcode": 12345, "errmsg": MARK}),
    "a code as a text": json.dumps({"errcode": MARK, "errmsg": MARK}),
    "a code of 5000 digits": '{"errcode": "' + "7" * 5000 + f'", "errmsg": "{MARK}"}}',
    "no JSON": f"<html>{MARK}</html>",
    "an odd token": json.dumps({"access_token": f"{MARK}\u2028", "expires_in": 7200}),
}


async def test_what_a_host_answers_is_not_repeated(database_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither `/test` nor `last_error` nor the log quotes an answer or a secret; the code and our own words are enough."""
    async with SlowHttp().running() as host, front(settings_for(database_url, tmp_path)) as one:
        shop = (await _shop(one, host.base)).json()
        told = {}
        for name, answer in ANSWERS.items():
            host.answer = answer.encode()
            found = await one.client.post(f"/v1/connections/{shop['id']}/test")
            assert (200, False) == (found.status_code, found.json()["ok"]), name
            told[name] = found.json()["checks"][-1]["detail"]
        assert "WeChat answered 40164: this server's address is not in the list" in told["a message"]
        assert "WeChat answered 12345" == told["an unknown code"]
        assert {"WeChat answered -2"} == {told["a code as a text"], told["a code of 5000 digits"]}
        host.answer = json.dumps({"access_token": MARK, "expires_in": 10**11}).encode()
        told["a token"] = (await one.client.post(f"/v1/connections/{shop['id']}/test")).text
        assert "a token for 7200 s" in told["a token"]
        host.answer = ANSWERS["a message"].encode()
        query, body = signed(push("1"))
        async with one.service.platforms.working():
            assert 200 == (await one.client.post(path_of(shop), params=query, content=body)).status_code

            async def failed() -> Any:
                return "order_get: WeChat answered 40164" in str((await one.client.get(f"/v1/connections/{shop['id']}")).json())

            await eventually(failed, "the pull fails")
        everything = str(told) + (await one.client.get("/v1/connections")).text + "".join(capfd.readouterr())
        assert not [text for text in (MARK, *SHOP.values()) if text in everything and text != SHOP["appid"]]


async def test_an_answer_that_is_too_large_ends_the_call(database_url: str, tmp_path: Path) -> None:
    """60 MB are not read: the test says so, and the connection is closed."""
    async with SlowHttp().running() as host, front(settings_for(database_url, tmp_path)) as one:
        host.answer = b'"' + b"x" * 60_000_000 + b'"'
        shop = (await _shop(one, host.base)).json()
        result = (await one.client.post(f"/v1/connections/{shop['id']}/test")).json()
        assert "the answer is too large" == result["checks"][-1]["detail"]
        assert 1 == host.requests
