"""Sessions over HTTP: created with all that was planned, read, changed."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from uuid import UUID

import httpx
import pytest

KeyFor = Callable[..., Awaitable[dict[str, str]]]
NewSession = Callable[..., Awaitable[dict[str, Any]]]
Send = Callable[..., Coroutine[Any, Any, None]]
Event = tuple[str, str, dict[str, Any]]

PLAN: dict[str, Any] = {
    "title": "秋の新作ライブ",
    "brand": "maison-k",
    "host": "小林",
    "kind": "live",
    "currency": "CNY",
    "scheduled_at": "2021-09-25T14:00:00+09:00",
    "streams": [{"platform": "wechat", "room": "export/UzFf"}, {"platform": "weibo", "room": "1022:2321"}],
    "lineup": [
        {"product": "knit-01", "name": "ニット", "live_price": "1099.00", "stock": 60},
        {"product": "pants-01", "live_price": "899.5"},
        {"product": "skirt-01"},
    ],
    "promotions": [{"url": "https://weibo.com/tv/1", "kind": "video", "platform": "weibo", "title": "予告"}],
}
STARTED: Event = ("session.started", "2021-09-25T14:00:03+09:00", {})
ENDED: Event = ("session.ended", "2021-09-25T16:24:03+09:00", {})


async def test_a_session_is_created_whole(client: httpx.AsyncClient) -> None:
    """One request makes the brand, the products, the streams, the line-up and the promotions."""
    answer = await client.post("/v1/sessions", json=PLAN)
    assert 201 == answer.status_code, answer.text
    made = answer.json()
    assert 7 == UUID(made["id"]).version
    assert f"/v1/sessions/{made['id']}" == answer.headers["Location"]
    assert made == (await client.get(answer.headers["Location"])).json()
    assert {
        "title": "秋の新作ライブ",
        "brand": "maison-k",
        "host": "小林",
        "kind": "live",
        "currency": "CNY",
        "time_zone": "Asia/Tokyo",
        "status": "scheduled",
        "scheduled_at": "2021-09-25T05:00:00Z",
        "started_at": None,
        "ended_at": None,
    }.items() <= made.items()
    assert PLAN["streams"] == [{k: s[k] for k in ("platform", "room")} for s in made["streams"]]
    assert [("knit-01", "ニット", "1099.00", 60), ("pants-01", None, "899.50", None), ("skirt-01", None, None, None)] == [
        (item["product"], item["name"], item["live_price"], item["stock"]) for item in made["lineup"]
    ]
    assert [PLAN["promotions"][0] | {"published_at": None}] == [
        {name: value for name, value in promotion.items() if name not in {"id", "created_at"}} for promotion in made["promotions"]
    ]
    products = (await client.get("/v1/products", params={"brand": "maison-k"})).json()["products"]
    assert ["knit-01", "pants-01", "skirt-01"] == [product["code"] for product in products]


async def test_a_title_and_a_currency_are_enough(new_session: NewSession) -> None:
    """What is absent is null or empty, not guessed."""
    made = await new_session()
    assert {"host": None, "kind": "live", "scheduled_at": None, "streams": [], "lineup": [], "promotions": []}.items() <= (
        made.items()
    )


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"currency": "XXQ"}, "/currency"),
        ({"currency": None}, "/currency"),
        ({"time_zone": "Asia/Edo"}, "/time_zone"),
        ({"time_zone": "../etc"}, "/time_zone"),
        ({"kind": "party"}, "/kind"),
        ({"title": ""}, "/title"),
        ({"title": "a\0b"}, "/title"),
        ({"tittle": "x"}, "/tittle"),
        ({"scheduled_at": "2021-09-25T14:00:00"}, "/scheduled_at"),
        ({"scheduled_at": "9999-12-31T23:59:59-12:00"}, "/scheduled_at"),
        ({"brand": "Maison K"}, "/brand"),
        ({"brand": None}, "/brand"),
        ({"streams": [{"platform": "We Chat", "room": "1"}]}, "/streams/0/platform"),
        ({"streams": [{"platform": "wechat", "room": "1"}] * 2}, "/streams/1"),
        ({"lineup": [{"product": "a"}, {"product": "a"}]}, "/lineup/1/product"),
        ({"lineup": [{"product": "a", "live_price": "1.005"}]}, "/lineup/0/live_price"),
        ({"lineup": [{"product": "a", "live_price": 10.5}]}, "/lineup/0/live_price"),
        ({"lineup": [{"product": "a", "stock": -1}]}, "/lineup/0/stock"),
        ({"promotions": [{"kind": "video", "url": "ftp://x"}]}, "/promotions/0/url"),
        ({"promotions": [{"kind": "video", "url": "https://x"}] * 2}, "/promotions/1/url"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_stored(
    client: httpx.AsyncClient, wrong: dict[str, Any], pointer: str
) -> None:
    """A refused session leaves no brand, no product and no half of itself behind."""
    answer = await client.post("/v1/sessions", json={"title": "t", "brand": "b", "currency": "CNY"} | wrong)
    assert (422, [pointer]) == (answer.status_code, [error["pointer"] for error in answer.json()["errors"]])
    for path, name in (("/v1/sessions", "sessions"), ("/v1/products", "products"), ("/v1/brands", "brands")):
        assert [] == (await client.get(path)).json()[name]


async def test_amounts_have_the_digits_of_the_sessions_currency(new_session: NewSession) -> None:
    """Yen have no decimals, dinars have three."""
    yen = await new_session(currency="JPY", lineup=[{"product": "a", "live_price": "15800"}])
    dinar = await new_session(currency="KWD", lineup=[{"product": "a", "live_price": "1.5"}])
    assert ["15800", "1.500"] == [session["lineup"][0]["live_price"] for session in (yen, dinar)]


async def test_a_session_is_changed_field_by_field(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """What is absent stays, null takes away, and what must be there cannot be taken away."""
    made = await new_session(host="小林", scheduled_at="2021-09-25T14:00:00+09:00")
    path = f"/v1/sessions/{made['id']}"
    changed = await client.patch(path, json={"title": "冬", "host": None, "kind": "rehearsal", "time_zone": "Asia/Shanghai"})
    expected = made | {"title": "冬", "host": None, "kind": "rehearsal", "time_zone": "Asia/Shanghai"}
    assert (200, expected) == (changed.status_code, changed.json())
    assert (200, expected) == ((await client.patch(path, json={})).status_code, (await client.get(path)).json())
    for wrong in ({"title": None}, {"kind": None}, {"currency": "QQQ"}, {"brand": "other"}, {"started_at": None}):
        assert 422 == (await client.patch(path, json=wrong)).status_code, wrong


async def test_the_currency_is_fixed_once_amounts_are_in_it(
    client: httpx.AsyncClient, new_session: NewSession, send: Send
) -> None:
    """Prices and events would silently mean other money."""
    empty, priced, busy = (
        await new_session(),
        await new_session(lineup=[{"product": "a", "live_price": "1"}]),
        await new_session(),
    )
    await send(busy["id"], STARTED)
    wanted = {"currency": "JPY"}
    answers = [await client.patch(f"/v1/sessions/{s['id']}", json=wanted) for s in (empty, priced, busy)]
    assert [200, 409, 409] == [answer.status_code for answer in answers]
    assert "JPY" == answers[0].json()["currency"]
    same = await client.patch(f"/v1/sessions/{busy['id']}", json={"currency": "CNY", "title": "t"})
    assert (200, "t") == (same.status_code, same.json()["title"])


async def test_status_follows_the_broadcast(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> None:
    """Scheduled, live while one room is on air, provisional after the last one ended."""
    made = await new_session(streams=PLAN["streams"])
    path = f"/v1/sessions/{made['id']}"

    async def status() -> str:
        (listed,) = (await client.get("/v1/sessions")).json()["sessions"]
        shown = (await client.get(path)).json()["status"]
        assert shown == listed["status"] == (await client.patch(path, json={})).json()["status"]
        return str(shown)

    assert "scheduled" == await status()
    await send("wechat:export/UzFf", STARTED)
    await send("weibo:1022:2321", STARTED)
    assert "live" == await status()
    await send("wechat:export/UzFf", ENDED)
    assert "live" == await status()
    await send("weibo:1022:2321", ENDED)
    assert "provisional" == await status()
    whole = (await client.get(path)).json()
    assert ("2021-09-25T05:00:03Z", "2021-09-25T07:24:03Z") == (whole["started_at"], whole["ended_at"])


@pytest.mark.parametrize("unknown", ["0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d", "nonsense", "%00"])
async def test_what_does_not_exist_is_not_found(client: httpx.AsyncClient, unknown: str) -> None:
    """Also text that cannot be an id."""
    path = f"/v1/sessions/{unknown}"
    answers = [await client.get(path), await client.patch(path, json={}), await client.delete(path)]
    assert [404, 404, 404] == [answer.status_code for answer in answers]


async def test_a_key_of_another_brand_gets_404(client: httpx.AsyncClient, key_for: KeyFor, new_session: NewSession) -> None:
    """For every route below the session, reading and writing; and nothing changes."""
    made = await new_session("theirs", **{k: PLAN[k] for k in ("streams", "lineup", "promotions")})
    note = {"section": "live", "kind": "summary", "text": "x"}
    path = f"/v1/sessions/{made['id']}"
    noted = (await client.post(f"{path}/notes", json=note)).json()
    promotion = made["promotions"][0]["id"]
    own = await key_for("operator", "own")
    requests: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PATCH", "", {"title": "mine"}),
        ("DELETE", "", None),
        ("GET", "/streams", None),
        ("POST", "/streams", {"platform": "wechat", "room": "new"}),
        ("DELETE", "/streams/wechat/export/UzFf", None),
        ("GET", "/lineup", None),
        ("PUT", "/lineup", {"lineup": []}),
        ("POST", "/lineup", {"product": "new"}),
        ("PATCH", "/lineup/knit-01", {"stock": 1}),
        ("DELETE", "/lineup/knit-01", None),
        ("GET", "/promotions", None),
        ("POST", "/promotions", {"kind": "video"}),
        ("GET", f"/promotions/{promotion}", None),
        ("PATCH", f"/promotions/{promotion}", {"title": "mine"}),
        ("DELETE", f"/promotions/{promotion}", None),
        ("GET", "/notes", None),
        ("POST", "/notes", note),
        ("GET", f"/notes/{noted['id']}", None),
        ("PATCH", f"/notes/{noted['id']}", {"text": "mine"}),
        ("DELETE", f"/notes/{noted['id']}", None),
    ]
    for method, below, body in requests:
        answer = await client.request(method, path + below, json=body, headers=own)
        assert 404 == answer.status_code, (method, below, answer.text)
    mine = await client.post("/v1/sessions", json=PLAN | {"brand": "theirs"}, headers=own)
    assert 404 == mine.status_code
    assert made == (await client.get(path)).json()
    assert [noted] == (await client.get(f"{path}/notes")).json()["notes"]


async def test_a_bound_key_creates_sessions_of_its_brand(client: httpx.AsyncClient, key_for: KeyFor) -> None:
    """It need not name the brand."""
    own = await key_for("operator", "own")
    made = await client.post("/v1/sessions", json={"title": "t", "currency": "CNY"}, headers=own)
    assert (201, "own") == (made.status_code, made.json()["brand"])
