"""A WeChat API on loopback, a real HTTP server in a thread: orders, after-sales, live dashboard, Weibo's counts and pull stream.

Its tokens expire, its quotas run out, and it can be slow, down or silent, as a test sets it.
"""

import asyncio
import json
import threading
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

SECRET = "app-secret-1"


@dataclass
class FakeWechat:
    """The platform's data and behaviour."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    aftersales: dict[str, dict[str, Any]] = field(default_factory=dict)
    flows: dict[str, dict[str, Any]] = field(default_factory=dict)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """flow_id → entry of the account."""
    entries_per_page: int = 100
    entries_by_number: int = 10_000
    """Entries that are listed by the number of the page; the next ones need the key of the page before."""
    list_troubles: deque[str] = field(default_factory=deque)
    """Errors of the next lists of entries: none, quota, expired."""
    listed_pages: list[tuple[int, int]] = field(default_factory=list)
    """Start of the range and number of each page of entries that was returned."""
    lives: dict[str, dict[str, Any]] = field(default_factory=dict)
    """export_id → the blocks of getlivedata."""
    listed: list[str] = field(default_factory=list)
    """The orders that order/list/get returns."""
    lists_aftersales: bool = False
    """Whether the shop may list after-sales."""
    counts: dict[str, dict[str, Any]] = field(default_factory=dict)
    stocks: dict[str, int] = field(default_factory=dict)
    stream: list[bytes] = field(default_factory=list)
    """Pieces that one call of the pull stream sends before it ends."""
    token_life: float = 7200
    """Seconds for which a token is accepted, whatever expires_in says."""
    expires_in: int = 7200
    troubles: deque[str] = field(default_factory=deque)
    """Errors of the next calls, except for tokens: quota, busy, 500, html, empty, slow, drop."""
    slow_seconds: float = 1.0
    calls: Counter[str] = field(default_factory=Counter)
    tokens: dict[str, float] = field(default_factory=dict)
    refused_tokens: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    """order/get and getfundsflowdetail answer only once it is set."""
    port: int = 0

    def __post_init__(self) -> None:
        """Let order/get answer."""
        self.gate.set()

    @property
    def base(self) -> str:
        """The server's base URL."""
        return f"http://127.0.0.1:{self.port}"

    # --- routes ----------------------------------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        """Return a stable token: the same one until it expires."""
        self.calls["token"] += 1
        body = await request.json()
        if body["secret"] != SECRET:
            return JSONResponse({"errcode": 40125, "errmsg": "invalid appsecret"})
        now = time.monotonic()
        alive = [token for token, until in self.tokens.items() if until > now]
        if body.get("force_refresh") or not alive:
            self.tokens.clear()
            self.tokens[f"T0KEN-{self.calls['token']}"] = now + self.token_life
        token = next(iter(self.tokens))
        return JSONResponse({"access_token": token, "expires_in": self.expires_in})

    async def _trouble(self, request: Request) -> Response | None:
        if self.tokens.get(request.query_params["access_token"], 0) <= time.monotonic():
            self.refused_tokens += 1
            return JSONResponse({"errcode": 42001, "errmsg": "access_token expired"})
        trouble = self.troubles.popleft() if self.troubles else ""
        if trouble == "slow":
            await asyncio.sleep(self.slow_seconds)
        answers: dict[str, Response] = {
            "quota": JSONResponse({"errcode": 45009, "errmsg": "reach max api daily quota limit"}),
            "busy": JSONResponse({"errcode": -1, "errmsg": "system error"}),
            "500": Response("oops", 500),
            "empty": Response(b"", 200),
            "html": Response("<html>maintenance</html>", 200),
        }
        return answers.get(trouble)

    async def order_get(self, request: Request) -> Response:
        """Return an order."""
        self.calls["order_get"] += 1
        while not self.gate.is_set():  # noqa: ASYNC110 - it is set by another thread
            await asyncio.sleep(0.02)
        if (trouble := await self._trouble(request)) is not None:
            return trouble
        found = self.orders.get((await request.json())["order_id"])
        answer = {"errcode": 0, "order": found} if found else {"errcode": 10020052, "errmsg": "no such order"}
        return JSONResponse(answer)

    async def order_list(self, request: Request) -> Response:
        """Return the changed orders, two per page."""
        self.calls["order_list"] += 1
        if (trouble := await self._trouble(request)) is not None:
            return trouble
        body = await request.json()
        start = int(body.get("next_key") or 0)
        page = self.listed[start : start + 2]
        more = start + 2 < len(self.listed)
        return JSONResponse({"errcode": 0, "order_id_list": page, "has_more": more, "next_key": str(start + 2) if more else ""})

    async def aftersale_list(self, request: Request) -> Response:
        """Return an empty list, or refuse it to a shop that has no permission for it."""
        self.calls["aftersale_list"] += 1
        allowed = {"errcode": 0, "after_sale_order_id_list": [], "has_more": False}
        return JSONResponse(allowed if self.lists_aftersales else {"errcode": 48001, "errmsg": "api unauthorized"})

    async def aftersale_get(self, request: Request) -> Response:
        """Return an after-sale."""
        self.calls["aftersale_get"] += 1
        if (trouble := await self._trouble(request)) is not None:
            return trouble
        return JSONResponse({"errcode": 0, "after_sale_order": self.aftersales[(await request.json())["after_sale_order_id"]]})

    async def order_flow(self, request: Request) -> Response:
        """Return the money of an order."""
        self.calls["order_flow"] += 1
        flow = self.flows.get((await request.json())["order_id"])
        return await self._trouble(request) or JSONResponse({"errcode": 0, "data_list": [flow] if flow else []})

    async def funds_list(self, request: Request) -> Response:
        """Return the ids of the entries of a time range, by page."""
        self.calls["funds_list"] += 1
        body, size = await request.json(), self.entries_per_page
        if self.tokens.get(request.query_params["access_token"], 0) <= time.monotonic():
            return JSONResponse({"errcode": 42001, "errmsg": "access_token expired"})
        trouble = self.list_troubles.popleft() if self.list_troubles else "none"
        if trouble == "quota":
            return JSONResponse({"errcode": 45009, "errmsg": "reach max api daily quota limit"})
        start = (body["page"] - 1) * size
        if trouble == "expired" or (start >= self.entries_by_number and body.get("next_key") != f"after-{start}"):
            return JSONResponse({"errcode": 10022003, "errmsg": "invalid next_key"})
        self.listed_pages.append((body["start_time"], body["page"]))
        days = range(body["start_time"], body["end_time"])
        ids = sorted(number for number, entry in self.entries.items() if entry["bookkeeping_time"] in days)
        more = start + size < len(ids)
        key = f"after-{start + size}" if more else ""
        return JSONResponse({"errcode": 0, "flow_ids": ids[start : start + size], "has_more": more, "next_key": key})

    async def funds_get(self, request: Request) -> Response:
        """Return an entry of the account."""
        self.calls["funds_get"] += 1
        while not self.gate.is_set():  # noqa: ASYNC110 - it is set by another thread
            await asyncio.sleep(0.02)
        entry = self.entries[(await request.json())["flow_id"]]
        return await self._trouble(request) or JSONResponse({"errcode": 0, "funds_flow": entry})

    async def stock_get(self, request: Request) -> Response:
        """Return the stock of a variant."""
        self.calls["stock_get"] += 1
        stock = self.stocks[str((await request.json())["product_id"])]
        return await self._trouble(request) or JSONResponse({"errcode": "0", "data": {"total_stock_num": stock}})

    async def live_list(self, request: Request) -> Response:
        """Return today's broadcasts."""
        self.calls["live_list"] += 1
        items = [{"export_id": name, "create_time": int(time.time())} for name in self.lives]
        return await self._trouble(request) or JSONResponse({"errcode": 0, "live_items": items, "has_more": False})

    async def live_data(self, request: Request) -> Response:
        """Return the figures of a broadcast."""
        self.calls["live_data"] += 1
        blocks = self.lives.get((await request.json())["export_id"])
        answer = {"errcode": 0, **blocks} if blocks else {"errcode": 10021001, "errmsg": "no such live"}
        return await self._trouble(request) or JSONResponse(answer)

    async def weibo_counts(self, request: Request) -> Response:
        """Return the counts of posts."""
        self.calls["weibo_counts"] += 1
        if request.query_params["access_token"] != "WB-T0KEN":
            return JSONResponse({"error_code": 21332, "error": "invalid_access_token"}, 400)
        return JSONResponse([self.counts[post] for post in request.query_params["ids"].split(",") if post in self.counts])

    async def weibo_stream(self, request: Request) -> Response:
        """Send the prepared pieces and end, as the platform's stream breaks at times."""
        self.calls["weibo_stream"] += 1

        async def pieces() -> AsyncIterator[bytes]:
            for piece in self.stream:
                yield piece
                await asyncio.sleep(0.01)

        return StreamingResponse(pieces())

    def app(self) -> Starlette:
        """Return the server's application."""
        routes = {
            "/cgi-bin/stable_token": self.token,
            "/channels/ec/order/get": self.order_get,
            "/channels/ec/order/list/get": self.order_list,
            "/channels/ec/aftersale/getaftersalelist": self.aftersale_list,
            "/channels/ec/aftersale/getaftersaleorder": self.aftersale_get,
            "/channels/ec/funds/listorderflow": self.order_flow,
            "/channels/ec/funds/getfundsflowlist": self.funds_list,
            "/channels/ec/funds/getfundsflowdetail": self.funds_get,
            "/channels/ec/product/stock/get": self.stock_get,
            "/channels/livedashboard/getlivelist": self.live_list,
            "/channels/livedashboard/getlivedata": self.live_data,
            "/2/media_statuses/count_sp/biz.json": self.weibo_counts,
            "/2/liveim/message/pull.stream": self.weibo_stream,
        }
        return Starlette(routes=[Route(path, call, methods=["GET", "POST"]) for path, call in routes.items()])


def order(
    number: str, room: str | None, *, paid: int = 109_900, status: int = 20, at: int = 1_788_000_000, **more: Any
) -> dict[str, Any]:
    """Return an order as the platform's API returns it; `paid` in fen."""
    ext = {"live_id": room, "order_scene": 2} if room else {"order_scene": 1}
    return {
        "order_id": number,
        "status": status,
        "create_time": at,
        "update_time": at + 60,
        "openid": f"OPENID_{number}",
        "order_detail": {
            "product_infos": [{"product_id": "knit-01", "sku_id": "1", "sku_cnt": 1, "sale_price": paid, "real_price": paid}],
            "pay_info": {"pay_time": at + 5},
            "price_info": {"order_price": paid, "freight": 0},
            "ext_info": ext,
        },
        **more,
    }


def entry(number: str, at: int, order_id: str | None = None) -> dict[str, Any]:
    """Return an entry of the account as the platform's API returns it: 12.34 in, for an order, or out, as a withdrawal."""
    related = {"related_type": 1, "order_id": order_id} if order_id else {"related_type": 3, "withdraw_id": "w1"}
    return {
        "flow_id": number,
        "funds_type": 1 if order_id else 5,
        "flow_type": 1 if order_id else 2,
        "amount": 1234,
        "balance": 99_999,
        "bookkeeping_time": at,
        "related_info_list": [related],
    }


def push(number: str, event: str = "channels_ec_order_pay", *, at: int = 1_788_000_010) -> str:
    """Return the text of a push about an order."""
    info: dict[str, Any] = {"order_id": number}
    if event == "channels_ec_order_pay":
        info["pay_time"] = at
    message = {
        "ToUserName": "gh_1",
        "FromUserName": "OPENID_1",
        "CreateTime": at,
        "MsgType": "event",
        "Event": event,
        "order_info": info,
    }
    return json.dumps(message)
