"""Receivers on loopback, real HTTP servers in a thread: bots with their formats, limits and error codes, and a signed webhook."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, get_args

from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.channels.kinds.registry import KINDS as REGISTERED
from app.storage.channels.channel_outbox import ChannelEvent

SIGNING = "whsec_" + base64.b64encode(bytes(range(32))).decode()
FEISHU_SECRET, DINGTALK_SECRET = "feishu-secret", "SEC0123456789abcdef"
LINE_TOKEN, LINE_TO = "line-channel-token", "C" + "0123456789abcdef" * 2
KEY = "693a91f6-7abc-4bc4-97a0-0ec2sifa5aaa"
KEYWORD = "直播"


@dataclass
class FakeBots:
    """One server with every receiver."""

    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Kind and body of each accepted message, in order."""
    ids: list[str] = field(default_factory=list)
    """The id of each accepted message, of receivers that get one."""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests by kind, accepted or not."""
    troubles: deque[str] = field(default_factory=deque)
    """What happens to the next requests: 500, 429, 410, redirect, limit, drop, html."""
    per_minute: int | None = None
    """A limit of each bot; more are refused with its own code."""
    moments: list[float] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    """Requests are answered only once it is set."""
    port: int = 0

    def __post_init__(self) -> None:
        """Answer at once."""
        self.gate.set()

    @property
    def base(self) -> str:
        """The server's base URL."""
        return f"http://127.0.0.1:{self.port}"

    def texts(self, kind: str) -> list[str]:
        """Return the texts that a kind of receiver got."""
        return [text_in(found, body) for found, body in self.received if found == kind]

    async def _trouble(self, kind: str, limit: Response) -> Response | None:
        self.requests[kind] += 1
        await asyncio.to_thread(self.gate.wait, 20)
        now = time.monotonic()
        self.moments.append(now)
        if self.per_minute is not None and sum(moment > now - 60 for moment in self.moments) > self.per_minute:
            return limit
        trouble = self.troubles.popleft() if self.troubles else None
        known = {
            None: None,
            "limit": limit,
            "redirect": RedirectResponse(f"{self.base}/elsewhere", 302),
            "html": PlainTextResponse("<html>"),
            "huge": PlainTextResponse("x" * 1_000_000),
        }
        if trouble in known:
            return known[trouble]
        status, _, wait = str(trouble).partition(" ")
        return PlainTextResponse("trouble", int(status), headers={"Retry-After": wait} if wait else {})

    async def wecom(self, request: Request) -> Response:
        """A WeCom group bot."""
        body = await request.json()
        if (
            found := await self._trouble("wecom", JSONResponse({"errcode": 45009, "errmsg": "api freq out of limit"}))
        ) is not None:
            return found
        if request.query_params.get("key") != KEY:
            return JSONResponse({"errcode": 93000, "errmsg": "invalid webhook url, hint: [1]"})
        if body["msgtype"] != "markdown" or not 0 < len(body["markdown"]["content"].encode()) <= 4096:
            return JSONResponse({"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"})
        self.received.append(("wecom", body))
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    async def feishu(self, request: Request) -> Response:
        """A Feishu bot with a signature and a keyword."""
        raw = await request.body()
        body = json.loads(raw)
        if (found := await self._trouble("feishu", JSONResponse({"code": 11232, "msg": "frequency limited"}))) is not None:
            return found
        key = f"{body.get('timestamp')}\n{FEISHU_SECRET}".encode()
        if body.get("sign") != base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode():
            return JSONResponse({"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"})
        if KEYWORD not in text_in("feishu", body):
            return JSONResponse({"code": 19024, "msg": "Key Words Not Found"})
        if len(raw) > 20 * 1024:
            return JSONResponse({"code": 9499, "msg": "Bad Request"})
        self.received.append(("feishu", body))
        return JSONResponse({"code": 0, "msg": "success", "data": {}, "StatusCode": 0})

    async def dingtalk(self, request: Request) -> Response:
        """A DingTalk bot with a signature and a keyword."""
        body = await request.json()
        if (found := await self._trouble("dingtalk", JSONResponse({"errcode": 130101, "errmsg": "send too fast"}))) is not None:
            return found
        signed = f"{request.query_params.get('timestamp')}\n{DINGTALK_SECRET}".encode()
        sign = base64.b64encode(hmac.new(DINGTALK_SECRET.encode(), signed, hashlib.sha256).digest()).decode()
        if request.query_params.get("access_token") != KEY or request.query_params.get("sign") != sign:
            return JSONResponse({"errcode": 310000, "errmsg": "sign not match"})
        if KEYWORD not in text_in("dingtalk", body):
            return JSONResponse({"errcode": 310000, "errmsg": "keywords not in content"})
        if len(body["markdown"]["text"].encode()) > 20_000:
            return JSONResponse({"errcode": 460101, "errmsg": "message too long"})
        self.received.append(("dingtalk", body))
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    async def slack(self, request: Request) -> Response:
        """An incoming webhook of Slack."""
        body = await request.json()
        if (
            found := await self._trouble("slack", PlainTextResponse("rate_limited", 429, headers={"Retry-After": "30"}))
        ) is not None:
            return found
        if request.path_params["token"] != KEY:
            return PlainTextResponse("no_service", 404)
        self.received.append(("slack", body))
        return PlainTextResponse("ok")

    async def line(self, request: Request) -> Response:
        """LINE's push messages; a retry key is accepted once."""
        body = await request.json()
        if (found := await self._trouble("line", JSONResponse({"message": "limit"}, 429))) is not None:
            return found
        if request.headers.get("authorization") != f"Bearer {LINE_TOKEN}":
            return JSONResponse({"message": "Authentication failed"}, 401)
        key = request.headers["x-line-retry-key"]
        if key in self.ids:
            return JSONResponse({"message": "The retry key is already accepted"}, 409)
        if body["to"] != LINE_TO or len(body["messages"][0]["text"].encode("utf-16-le")) > 10_000:
            return JSONResponse({"message": "The request body has 1 error(s)"}, 400)
        self.ids.append(key)
        self.received.append(("line", body))
        return JSONResponse({"sentMessages": [{"id": "1"}]})

    async def webhook(self, request: Request) -> Response:
        """A program that verifies Standard Webhooks by their library."""
        raw = await request.body()
        if (found := await self._trouble("webhook", PlainTextResponse("", 429))) is not None:
            return found
        try:
            Webhook(SIGNING).verify(raw, dict(request.headers))
        except WebhookVerificationError:
            return PlainTextResponse("not authentic", 401)
        self.ids.append(request.headers["webhook-id"])
        self.received.append(("webhook", json.loads(raw)))
        return PlainTextResponse("")

    async def elsewhere(self, request: Request) -> Response:
        """Where a redirect leads; no request may come here."""
        del request
        self.requests["elsewhere"] += 1
        return PlainTextResponse("")

    def app(self) -> Starlette:
        """Return the server."""
        routes = {
            "/cgi-bin/webhook/send": self.wecom,
            "/open-apis/bot/v2/hook/{token}": self.feishu,
            "/robot/send": self.dingtalk,
            "/services/T0/B0/{token}": self.slack,
            "/v2/bot/message/push": self.line,
            "/hook": self.webhook,
        }
        posts = [Route(path, route, methods=["POST"]) for path, route in routes.items()]
        return Starlette(routes=[*posts, Route("/elsewhere", self.elsewhere, methods=["GET", "POST"])])


def text_in(kind: str, body: dict[str, Any]) -> str:
    """Return the text of a message."""
    if kind == "wecom":
        return str(body["markdown"]["content"])
    if kind == "feishu":
        post = body["content"]["post"]["zh_cn"]
        return "\n".join([post["title"], *(part["text"] for line in post["content"] for part in line)])
    if kind == "dingtalk":
        return str(body["markdown"]["text"])
    if kind == "line":
        return str(body["messages"][0]["text"])
    return str(body["text"] if kind == "slack" else body["data"]["text"])


def form_of(kind: str, base: str, **fields: Any) -> dict[str, Any]:
    """Return the request that creates a channel of a kind at the fake server."""
    secrets: dict[str, dict[str, str]] = {
        "wecom": {"key": KEY},
        "feishu": {"token": KEY, "secret": FEISHU_SECRET},
        "dingtalk": {"access_token": KEY, "secret": DINGTALK_SECRET},
        "slack": {"url": f"https://hooks.slack.com/services/T0/B0/{KEY}"},
        "line": {"token": LINE_TOKEN, "to": LINE_TO},
        "webhook": {"url": f"{base}/hook", "secret": SIGNING},
    }
    options: dict[str, Any] = {} if kind == "webhook" else {"api_base": base}
    if kind in {"feishu", "dingtalk"}:
        options["keyword"] = KEYWORD
    form = {"name": f"test {kind}", "kind": kind, "secrets": secrets[kind], "options": options, "lang": "en", "events": EVENTS}
    return form | fields


EVENTS = list(get_args(ChannelEvent))
KINDS = tuple(REGISTERED)
