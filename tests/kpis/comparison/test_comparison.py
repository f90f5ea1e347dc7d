"""Sessions beside each other, and a brand's history, over HTTP."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.api.figures.comparison import ComparisonDocument, HistoryDocument
from app.catalogue.callers import key_store
from app.kpis.evaluation.metrics import METRICS
from tests.conftest import KeyMaker
from tests.kpis.event_builders import NewSession, Read, Send, paid
from tests.kpis.queries import queries_sent

SLUGS = [metric.slug for metric in METRICS]
DAY = 86_400


async def show(new_session: NewSession, send: Send, day: int, *buyers: int, **fields: Any) -> str:
    """Play a show of an hour on a day, in which each buyer spends so much; it has twice as many viewers as buyers."""
    room = f"room-{day}-{uuid4().hex[:6]}"
    session = await new_session(streams=[{"platform": "wechat", "room": room}], **fields)
    begin = day * DAY
    orders = [paid(begin + 60 + n, f"{room}-{n}", f"b{n}", ("a", 1, f"{spent}.00")) for n, spent in enumerate(buyers)]
    for _, _, data in orders:
        data["currency"] = fields.get("currency", "CNY")
        if data["currency"] == "JPY":
            data["amount"] = data["amount"].removesuffix(".00")
            data["lines"][0]["amount"] = data["amount"]
    await send(
        f"wechat:{room}",
        ("session.started", begin, {}),
        ("audience.sampled", begin + 60, {"concurrent": len(buyers), "viewers_total": 2 * len(buyers)}),
        ("product.sampled", begin + 90, {"product": "a", "clicks_total": 10 * len(buyers)}),
        *orders,
        ("session.ended", begin + 3600, {}),
    )
    return session


def value_of(document: dict[str, Any], slug: str, member: str) -> list[Any]:
    """Return a member of a KPI for each session."""
    return [cell[member] for cell in document["kpis"][slug]["values"]]


async def test_a_comparison_has_the_figures_of_the_kpis(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """Every slug, value and basis as `/kpis` has them, in the order asked for; each session once."""
    sessions = [await show(new_session, send, 1, 100, 200), await show(new_session, send, 0, 50, 60, 70)]
    answer = await client.get("/v1/comparison", params={"sessions": ",".join([*sessions, sessions[0]])})
    assert 200 == answer.status_code, answer.text
    ComparisonDocument.model_validate_json(answer.content)
    document = answer.json()
    assert sessions == [one["session"] for one in document["sessions"]]
    assert SLUGS == list(document["kpis"])
    for place, session in enumerate(sessions):
        kpis = (await read(session, "kpis"))["kpis"]
        for slug in SLUGS:
            cell = document["kpis"][slug]["values"][place]
            assert (session, kpis[slug]["value"], kpis[slug]["basis"]) == (cell["session"], cell["value"], cell["basis"])
    assert ["0.00", "-120.00"] == value_of(document, "gmv", "difference")
    assert [0, -0.4] == value_of(document, "gmv", "relative_difference")
    assert ["240.00", "240.00"] == value_of(document, "gmv", "median")
    assert [75, 25] == value_of(document, "gmv", "percentile")
    assert [0, 2] == value_of(document, "viewers", "difference")
    assert [20, 30] == value_of(document, "product_clicks", "value")


async def test_money_is_compared_within_one_currency(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> None:
    """Yen and yuan stand beside each other without a difference; people are people everywhere."""
    sessions = [
        await show(new_session, send, 0, 100),
        await show(new_session, send, 1, 3000, 4000, currency="JPY"),
        await show(new_session, send, 2, 50, 60, 70),
    ]
    document = (await client.get("/v1/comparison", params={"sessions": ",".join(sessions)})).json()
    assert ["100.00", "7000", "180.00"] == value_of(document, "gmv", "value")
    assert ["0.00", None, "80.00"] == value_of(document, "gmv", "difference")
    assert ["140.00", "7000", "140.00"] == value_of(document, "gmv", "median")
    assert [25, 50, 75] == value_of(document, "gmv", "percentile")
    assert [0, 1, 2] == value_of(document, "buyers", "difference")
    assert [2, 2, 2] == value_of(document, "buyers", "median")


async def test_what_cannot_be_compared_is_refused(
    client: httpx.AsyncClient, keys: KeyMaker, new_session: NewSession, send: Send
) -> None:
    """Too few, too many, unknown, no id, another brand's."""
    mine, other = await show(new_session, send, 0, 1), await show(new_session, send, 1, 1, brand="other")
    many = ",".join(str(uuid4()) for _ in range(21))
    for sessions, status in ((mine, 422), (f"{mine},{mine},", 422), (many, 422), (f"{mine},{uuid4()}", 404), (f"{mine},x", 404)):
        assert status == (await client.get("/v1/comparison", params={"sessions": sessions})).status_code, sessions
    brand = (await client.get("/v1/brands/maison-k")).json()["id"]
    bound = await keys("viewer", brand)
    assert 404 == (await client.get("/v1/comparison", params={"sessions": f"{mine},{other}"}, headers=bound)).status_code
    assert 404 == (await client.get("/v1/brands/other/history", headers=bound)).status_code
    assert 200 == (await client.get("/v1/brands/maison-k/history", headers=bound)).status_code
    foreign = await client.get("/v1/brands/maison-k/history", params={"session": other})
    assert 404 == foreign.status_code
    assert 200 == (await client.get("/v1/comparison", params={"sessions": f"{mine},{other}"})).status_code


async def test_a_history_measures_each_session_against_those_before_it(
    client: httpx.AsyncClient, new_session: NewSession, send: Send
) -> None:
    """In order of time whenever they were created; rehearsals and shows that have not begun are left out."""
    third = await show(new_session, send, 3, 300)
    first = await show(new_session, send, 1, 100)
    yen = await show(new_session, send, 0, 9000, currency="JPY")
    second = await show(new_session, send, 2, 200)
    rehearsal = await show(new_session, send, 2, 5, kind="rehearsal")
    await new_session(streams=[], scheduled_at="2030-01-01T00:00:00Z")
    answer = await client.get("/v1/brands/maison-k/history")
    HistoryDocument.model_validate_json(answer.content)
    sessions = answer.json()["sessions"]
    assert [yen, first, second, third] == [one["session"] for one in sessions]
    spent = [one["kpis"]["spend_per_buyer"] for one in sessions]
    assert ["9000", "100.00", "200.00", "300.00"] == [one["value"] for one in spent]
    assert [None, None, "100.00", "150.00"] == [one["median"] for one in spent]
    assert [None, None, 100, 100] == [one["percentile"] for one in spent]
    assert [0, 0, 1, 2] == [one["earlier"] for one in spent]
    assert [0, 1, 2, 3] == [one["kpis"]["buyers"]["earlier"] for one in sessions]
    last = (await client.get("/v1/brands/maison-k/history", params={"session": second, "limit": 1})).json()["sessions"]
    assert [sessions[2]] == last
    tests = (await client.get("/v1/brands/maison-k/history", params={"kind": "rehearsal"})).json()["sessions"]
    assert [rehearsal] == [one["session"] for one in tests]


async def test_a_running_session_is_compared_as_its_kpis_are(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """Two platforms on air: its end so far, and its peak, need rows that ended sessions do not."""
    ended = await show(new_session, send, 0, 1)
    live = await new_session(streams=[{"platform": "wechat", "room": "w"}, {"platform": "weibo", "room": "v"}])
    for room, viewers in (("wechat:w", 30), ("weibo:v", 12)):
        sample = ("audience.sampled", 65, {"concurrent": viewers, "viewers_total": 99})
        await send(room, ("session.started", 0, {}), sample, ("like.sent", 130, {"count": 2}))
    document = (await client.get("/v1/comparison", params={"sessions": f"{ended},{live}"})).json()
    kpis = await read(live, "kpis")
    assert kpis["duration_seconds"] == document["sessions"][1]["duration_seconds"]
    assert "live" == document["sessions"][1]["status"]
    for slug in SLUGS:
        assert kpis["kpis"][slug]["value"] == value_of(document, slug, "value")[1], slug


async def test_more_sessions_take_no_more_queries(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two, five or a whole history: the same number."""
    # On a slow machine the key would be looked up again in between.
    monkeypatch.setattr(key_store, "TRUSTED_SECONDS", 3600.0)
    sessions = [await show(new_session, send, day, 10 + day) for day in range(5)]
    counts = []
    for path, params in (
        ("/v1/comparison", {"sessions": ",".join(sessions[:2])}),
        ("/v1/comparison", {"sessions": ",".join(sessions)}),
        ("/v1/brands/maison-k/history", {"limit": "1"}),
        ("/v1/brands/maison-k/history", {"limit": "50"}),
    ):
        await client.get(path, params=params)
        with queries_sent(monkeypatch) as sent:
            assert 200 == (await client.get(path, params=params)).status_code
        counts.append(len(sent))
    assert 4 <= counts[0] == counts[1] <= 8
    assert 4 <= counts[2] == counts[3] <= 10
