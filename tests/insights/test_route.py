"""The route: what it asks the database, and what it says of small, running and foreign sessions."""

import httpx
import pytest

from app.insights.reader import InsightSettings
from app.insights.topics import _jieba, _sudachi
from tests.conftest import KeyMaker
from tests.kpis.event_builders import Event, NewSession, Read, Send, paid
from tests.kpis.queries import queries_sent


def talk(people: int, *texts: str) -> list[Event]:
    """Return comments of so many people."""
    return [("comment.posted", 60 + n, {"viewer": f"v{n}", "text": texts[n % len(texts)]}) for n in range(people)]


async def test_a_session_without_evidence_has_no_insights(new_session: NewSession, read: Read) -> None:
    """It has not begun."""
    session = await new_session(streams=[])
    assert [] == (await read(session, "insights"))["insights"]


async def test_more_products_take_no_more_queries(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log itself is asked once, for a sample of comments, through an index of its own."""
    counts = []
    for products in (1, 30):
        session = await new_session(streams=[{"platform": "wechat", "room": f"r{products}"}])
        shown: list[Event] = [("product.showcased", 10 * n, {"product": f"p{n}"}) for n in range(products)]
        stock: list[Event] = [("stock.changed", 5 + 10 * n, {"product": f"p{n}", "stock": 0}) for n in range(products)]
        orders = [paid(600 + n, f"{products}-{n}", f"b{n}", (f"p{n}", 1, "1.00")) for n in range(products)]
        await send(f"wechat:r{products}", ("session.started", 0, {}), *shown, *stock, *orders, ("session.ended", 3600, {}))
        await client.get(f"/v1/sessions/{session}/insights")
        with queries_sent(monkeypatch) as sent:
            assert 200 == (await client.get(f"/v1/sessions/{session}/insights")).status_code
        counts.append(len(sent))
        assert 1 == sum("FROM events" in query for query in sent)
    # The second has a session before it, which is read in a handful of queries more, however many there are.
    assert 10 <= counts[0] <= counts[1] <= counts[0] + 6


@pytest.mark.parametrize("other", [100, 99])
async def test_orders_are_put_together_by_source_if_two_are_compared(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read, monkeypatch: pytest.MonkeyPatch, other: int
) -> None:
    """The figures are those of the sources; with a second source of too few arrivals no order is read for them."""
    session = await new_session(streams=[{"platform": "wechat", "room": f"o{other}"}])
    ads = [("viewer.entered", n, {"viewer": f"a{n}", "source": "ads", "paid": True}) for n in range(100)]
    fans = [("viewer.entered", n, {"viewer": f"f{n}", "source": "fans"}) for n in range(other)]
    await send(f"wechat:o{other}", ("session.started", 0, {}), *ads, *fans)
    orders = [paid(600 + n, f"{other}-{n}", f"a{n}", ("knit", 1, "3.00")) for n in range(10)]
    await send(f"wechat:o{other}", *orders, ("session.ended", 3600, {}))
    with queries_sent(monkeypatch) as sent:
        insights = (await client.get(f"/v1/sessions/{session}/insights")).json()["insights"]
    assert (other == 100) == any("buyer_arrival" in query for query in sent)
    found = [one["figures"] for one in insights if one["code"] == "source_pays"]
    assert (other == 100) == bool(found)
    best = (await read(session, "sources"))["sources"][0]
    for figures in found:
        assert (
            (best["source"], best["gmv"], best["orders"])
            == (figures["source"], figures["gmv"], figures["orders"])
            == ("ads", "30.00", 10)
        )


async def test_comments_are_read_where_their_text_is_kept(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """Aliases of the catalogue are the product's too; the answer holds no pseudonym."""
    session = await new_session(lineup=[{"product": "knit-01", "name": "ニット"}])
    product = (await client.get("/v1/products", params={"brand": "maison-k"})).json()["products"][0]["id"]
    assert (await client.put(f"/v1/products/{product}/aliases/毛衣")).is_success
    await send(
        "wechat:room", ("session.started", 0, {}), *talk(40, "ニットかわいい", "毛衣多少钱", "160能穿吗", "what about size")
    )
    (one,) = [found for found in (await read(session, "insights"))["insights"] if "comment_topics" == found["code"]]
    assert {"kind": "product", "term": "knit-01", "people": 20} == one["figures"]["topics"][0]
    assert (40, 40, False) == tuple(one["figures"][name] for name in ("comments", "people", "sampled"))
    assert {("height", "160"), ("theme", "price"), ("theme", "size")} < {
        (topic["kind"], topic["term"]) for topic in one["figures"]["topics"]
    }
    log = (await client.get("/v1/events", params={"session": session, "type": "live.comment.posted"})).json()
    assert not any(event["data"]["viewer"] in str(one) for event in log["events"])


async def test_without_kept_texts_no_comment_is_asked_for_and_no_dictionary_loaded(
    client: httpx.AsyncClient,
    new_session: NewSession,
    send: Send,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where texts of an earlier setting still lie there."""
    session = await new_session()
    await send("wechat:room", ("session.started", 0, {}), *talk(40, "ニットかわいい", "毛衣多少钱"))
    _jieba.cache_clear()
    _sudachi.cache_clear()
    monkeypatch.setattr(
        "app.api.figures.insights.insight_settings", lambda settings: InsightSettings(settings.slow_response_seconds, False)
    )
    with queries_sent(monkeypatch) as sent:
        found = (await client.get(f"/v1/sessions/{session}/insights")).json()["insights"]
    assert not [one for one in found if "comment_topics" == one["code"]]
    assert not any("FROM events" in query for query in sent)
    assert (0, 0) == (_jieba.cache_info().currsize, _sudachi.cache_info().currsize)


async def test_another_brands_session_is_not_there(client: httpx.AsyncClient, keys: KeyMaker, new_session: NewSession) -> None:
    """As for every route below a session."""
    session = await new_session()
    mine = (await client.post("/v1/brands", json={"slug": "mine", "name": "Mine"})).json()["id"]
    answer = await client.get(f"/v1/sessions/{session}/insights", headers=await keys("operator", mine))
    assert 404 == answer.status_code


async def test_a_running_session_is_told_what_will_still_hold(new_session: NewSession, send: Send, read: Read) -> None:
    """A sell-out that is still clicked is said at once; halves and history wait for the end."""
    session = await new_session(lineup=[{"product": "a", "name": "A", "stock": 5}])
    arrivals: list[Event] = [("viewer.entered", n, {"viewer": f"v{n}"}) for n in range(200)]
    clicks: list[Event] = [("product.clicked", 300 + n, {"product": "a", "viewer": "v1"}) for n in range(12)]
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        *arrivals,
        ("product.clicked", 100, {"product": "a"}),
        paid(105, "o", "b", ("a", 5, "50.00")),
        ("stock.changed", 110, {"product": "a", "stock": 0}),
        *clicks,
    )
    insights = (await read(session, "insights"))["insights"]
    assert ["stock_out_missed_demand"] == [one["code"] for one in insights]
    assert {"clicks_after": 12, "missed_gmv_estimate": "120.00"}.items() <= insights[0]["figures"].items()
    await send("wechat:room", ("session.ended", 3600, {}))
    assert "audience_over_time" in {one["code"] for one in (await read(session, "insights"))["insights"]}
