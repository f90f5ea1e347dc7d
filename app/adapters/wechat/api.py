"""The calls of WeChat's API that we make, and how to read the answers.

In: arguments; or the JSON of an answer. Out: a `Call` for an HTTP client; or typed values, or a `WechatError`. Never here:
HTTP, tokens kept, retries.

Source: WeChat API pages (stable_token, channels/ec/order, aftersale, product/stock, livedashboard, finderlive). The host is
the client's (`options.api_base`), by default `API_BASE`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.adapters.error_codes import WECHAT, code_of, sentence
from app.adapters.parsing import as_list, as_map, first, identifier, integer, is_set

API_BASE = "https://api.weixin.qq.com"
MAX_PAGE = 100
_MAX_BY_NUMBER = 10_000
"""Entries of an account that can be listed by the number of the page."""

_MAX_TOKEN, _MAX_TOKEN_SECONDS = 4096, 7200

TOKEN_ERRORS = frozenset((40001, 40014, 41001, 42001))
"""The access token is missing, wrong or expired: get another (a forced refresh only if the cached one is refused)."""
QUOTA_ERRORS = frozenset((45009, 45011))
"""The day's or the minute's quota is used up: wait, do not retry at once."""
BUSY_ERRORS = frozenset((-1,))
"""The platform is busy: retry with backoff."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `api_base + path`, the query and the JSON body."""

    method: str
    path: str
    # Both may hold a token or a secret.
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, object] | None = field(default=None, repr=False)


class WechatError(Exception):
    """The API answered with an error code."""

    def __init__(self, errcode: int, words: str | None = None) -> None:
        super().__init__(sentence("WeChat", errcode, words or WECHAT.get(errcode)))
        self.errcode = errcode


class TokenRefused(WechatError):
    """The access token is no longer taken."""


class QuotaExceeded(WechatError):
    """A quota is used up."""


class Busy(WechatError):
    """The platform asks to try again."""


class Unreadable(WechatError):
    """The answer has no error code and lacks what was asked for."""

    def __init__(self, what: str) -> None:
        super().__init__(0, f"no {what} in the answer")


def checked(answer: object) -> Mapping[str, object]:
    """Return an answer without error; `errcode` may be absent, a number, or a text.

    Raises:
        TokenRefused, QuotaExceeded, Busy: as its code says.
        WechatError: any other code.
    """
    found = as_map(answer)
    code = code_of(found.get("errcode"))
    if code == 0:
        return found
    kinds = ((TOKEN_ERRORS, TokenRefused), (QUOTA_ERRORS, QuotaExceeded), (BUSY_ERRORS, Busy))
    raise next((error for codes, error in kinds if code in codes), WechatError)(code)


def _post(path: str, access_token: str, body: Mapping[str, object]) -> Call:
    return Call("POST", path, {"access_token": access_token}, body)


@dataclass(frozen=True, slots=True)
class Token:
    """A stable access token."""

    access_token: str = field(repr=False)
    expires_in: int
    """Seconds, at most 7200."""


def stable_token(appid: str, app_secret: str, *, force_refresh: bool = False) -> Call:
    """Ask for the stable token. A forced refresh is allowed 20 times a day, 30 s apart; a renewal begins 5 min before the end."""
    body = {"grant_type": "client_credential", "appid": appid, "secret": app_secret, "force_refresh": force_refresh}
    return Call("POST", "/cgi-bin/stable_token", {}, body)


def read_token(answer: object) -> Token:
    """Return the token of an answer. Raises: WechatError."""
    found = checked(answer)
    token, seconds = found.get("access_token"), integer(found.get("expires_in"))
    if not isinstance(token, str) or not 0 < len(token) <= _MAX_TOKEN or not token.isascii() or seconds is None:
        raise Unreadable("access_token")
    return Token(token, min(seconds, _MAX_TOKEN_SECONDS))


def order_get(access_token: str, order_id: str) -> Call:
    """Ask for an order."""
    return _post("/channels/ec/order/get", access_token, {"order_id": order_id})


def read_order_answer(answer: object) -> Mapping[str, object]:
    """Return `order` of an answer. Raises: WechatError."""
    order = as_map(checked(answer).get("order"))
    if not order:
        raise Unreadable("order")
    return order


@dataclass(frozen=True, slots=True)
class Page:
    """A page of ids."""

    ids: tuple[str, ...]
    next_key: str
    has_more: bool
    unread: tuple[object, ...] = ()
    """Entries of the list that are no ids."""


def order_list(access_token: str, updated_from: datetime, updated_to: datetime, next_key: str = "") -> Call:
    """Ask for the orders that changed in a time range, at most 7 days wide."""
    times = {"start_time": int(updated_from.timestamp()), "end_time": int(updated_to.timestamp())}
    body = {"update_time_range": times, "page_size": MAX_PAGE, **({"next_key": next_key} if next_key else {})}
    return _post("/channels/ec/order/list/get", access_token, body)


def aftersale_list(access_token: str, updated_from: datetime, updated_to: datetime, next_key: str = "") -> Call:
    """Ask for the after-sales that changed in a time range, at most 24 hours wide."""
    times = {"begin_update_time": int(updated_from.timestamp()), "end_update_time": int(updated_to.timestamp())}
    return _post(
        "/channels/ec/aftersale/getaftersalelist", access_token, {**times, **({"next_key": next_key} if next_key else {})}
    )


def read_page(answer: object) -> Page:
    """Return a page of order or after-sale ids.

    Raises:
        WechatError: also if the answer is no page, or if there is more than the platform gives a key for.
    """
    found = checked(answer)
    listed = listed_in(found, "order_id_list", "after_sale_order_id_list")
    key, has_more = identifier(found.get("next_key")) or "", is_set(found.get("has_more"))
    if has_more and not key:
        raise Unreadable("next_key")
    ids = tuple(number for item in listed if (number := identifier(item)))
    return Page(ids, key, has_more, tuple(item for item in listed if not identifier(item)))


def listed_in(found: Mapping[str, object], *names: str) -> Sequence[object]:
    """Return the list of a page. One without entries may lack it, but then says whether there is more. Raises: Unreadable."""
    listed = first(found, *names)
    if listed is None and "has_more" not in found:
        raise Unreadable(" or ".join(names))
    return as_list(listed)


def aftersale_get(access_token: str, after_sale_order_id: str) -> Call:
    """Ask for an after-sale."""
    return _post("/channels/ec/aftersale/getaftersaleorder", access_token, {"after_sale_order_id": after_sale_order_id})


def read_aftersale_answer(answer: object) -> Mapping[str, object]:
    """Return the after-sale of an answer, in either of the documented shapes. Raises: WechatError."""
    found = checked(answer)
    aftersale = as_map(found.get("after_sale_order")) or (found if "after_sale_order_id" in found else {})
    if not aftersale:
        raise Unreadable("after_sale_order")
    return aftersale


def order_flow(access_token: str, order_id: str) -> Call:
    """Ask for the money of one order: what was settled, and the fees."""
    body = {"order_settle_state": 0, "order_id": order_id, "pagination_info": {"limit": 10, "offset": 0}}
    return _post("/channels/ec/funds/listorderflow", access_token, body)


def read_order_flow(answer: object, order_id: str) -> Mapping[str, object]:
    """Return the item of an order; empty if the answer has none. Raises: WechatError."""
    listed = checked(answer).get("data_list")
    if listed is None:
        raise Unreadable("data_list")
    return next((item for item in map(as_map, as_list(listed)) if identifier(item.get("order_id")) == order_id), {})


def funds_flow_list(access_token: str, begin: datetime, end: datetime, page: int, next_key: str = "") -> Call:
    """Ask for the account's entries of a time range; a day's entries appear after 16:00 of the next day in China."""
    times = {"start_time": int(begin.timestamp()), "end_time": int(end.timestamp())}
    body = {"page": page, "page_size": MAX_PAGE, **times, **({"next_key": next_key} if next_key else {})}
    return _post("/channels/ec/funds/getfundsflowlist", access_token, body)


def read_funds_page(answer: object, page: int, next_key: str = "") -> Page:
    """Return page number `page` of the account's entries, asked for with `next_key`.

    Beyond 10,000 entries the platform continues by its key only: there a key that stays the same would list one page for ever.

    Raises:
        WechatError: also if the answer is no page, if an id cannot be read, if a page without entries promises more, or if there
            is more than the platform gives a key for.
    """
    found = checked(answer)
    listed = listed_in(found, "flow_ids")
    ids = tuple(number for item in listed if (number := identifier(item)))
    if len(ids) < len(listed):
        raise Unreadable("flow_id")
    key, has_more = identifier(found.get("next_key")) or "", is_set(found.get("has_more"))
    if has_more and not ids:
        raise Unreadable("flow_ids")
    if has_more and page * MAX_PAGE >= _MAX_BY_NUMBER and key in ("", next_key):
        raise Unreadable("next_key")
    return Page(ids, key, has_more)


def funds_flow_get(access_token: str, flow_id: str) -> Call:
    """Ask for one entry of the account."""
    return _post("/channels/ec/funds/getfundsflowdetail", access_token, {"flow_id": flow_id})


def read_funds_flow(answer: object) -> Mapping[str, object]:
    """Return an entry. Raises: WechatError."""
    flow = as_map(checked(answer).get("funds_flow"))
    if not flow:
        raise Unreadable("funds_flow")
    return flow


def stock_get(access_token: str, product_id: str, sku_id: str) -> Call:
    """Ask for the stock of one variant."""
    return _post("/channels/ec/product/stock/get", access_token, {"product_id": product_id, "sku_id": sku_id})


def read_stock(answer: object) -> int:
    """Return the pieces left of one variant, all warehouses together. Raises: WechatError."""
    data = as_map(checked(answer).get("data"))
    stock = integer(first(data, "total_stock_num", "normal_stock_num"))
    if stock is None:
        raise Unreadable("stock")
    return stock


def live_data(access_token: str, export_id: str) -> Call:
    """Ask for the figures of a broadcast."""
    return _post("/channels/livedashboard/getlivedata", access_token, {"export_id": export_id})


def finished_broadcasts(access_token: str, ended_from: datetime, ended_to: datetime, last_buffer: str = "") -> Call:
    """Ask for the totals of the broadcasts that ended in a time range."""
    times = {"start_time": int(ended_from.timestamp()), "end_time": int(ended_to.timestamp())}
    return _post("/channels/finderlive/get_finder_live_data_list", access_token, {**times, "last_buffer": last_buffer})
