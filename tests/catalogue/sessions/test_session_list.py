"""The list of sessions: pages, filters, status and the KPIs that it shows."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, strategies as st

from app.kpis.reading.status import is_on_air
from app.service import Service
from app.storage.kpis.reads import Broadcast
from app.storage.kpis.session_status import SessionStatus
from app.storage.queries import queries
from tests.properties import examples

KeyFor = Callable[..., Awaitable[dict[str, str]]]
NewSession = Callable[..., Awaitable[dict[str, Any]]]
Send = Callable[..., Coroutine[Any, Any, None]]

AT = "2021-09-25T14:30:00+09:00"
NOTHING = {"viewers": None, "buyers": None, "orders": None, "units_sold": None, "gmv": None}


def entered(viewer: str) -> tuple[str, str, dict[str, Any]]:
    """Return an event."""
    return ("viewer.entered", AT, {"viewer": viewer})


def paid(order: str, buyer: str, amount: str, quantity: int) -> tuple[str, str, dict[str, Any]]:
    """Return an event."""
    lines = [{"product": "knit-01", "quantity": quantity, "amount": amount}]
    return (
        "order.paid",
        AT,
        {"order": order, "buyer": buyer, "currency": "CNY", "amount": amount, "lines": lines},
    )


async def titles(client: httpx.AsyncClient, **params: Any) -> list[str]:
    """Return the titles of the sessions that a filter lets through."""
    answer = await client.get("/v1/sessions", params=params)
    assert 200 == answer.status_code, answer.text
    return [session["title"] for session in answer.json()["sessions"]]


async def test_the_newest_session_comes_first_page_by_page(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Every session once, also while new ones are added at the top."""
    for n in range(7):
        await new_session(title=f"s{n}")
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    while True:
        page = (await client.get("/v1/sessions", params=params)).json()
        seen += [session["title"] for session in page["sessions"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
        await new_session(title="later")
    assert [f"s{n}" for n in reversed(range(7))] == seen


async def test_a_session_says_whether_it_has_its_summary(
    client: httpx.AsyncClient, new_session: NewSession, key_for: KeyFor
) -> None:
    """An observation is none; a viewer of the brand does not learn it."""
    session = await new_session()

    async def summarized(headers: dict[str, str] | None = None) -> Any:
        return (await client.get("/v1/sessions", headers=headers)).json()["sessions"][0]["summarized"]

    for kind, expected in (("observation", False), ("summary", True)):
        note = {"section": "live", "kind": kind, "text": "t"}
        assert 201 == (await client.post(f"/v1/sessions/{session['id']}/notes", json=note)).status_code
        assert expected is await summarized()
    assert None is await summarized(await key_for("viewer", session["brand"]))


async def test_filters_narrow_the_list(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> None:
    """Each alone, and all together; the window is half-open and applies to the actual start before the planned one."""
    await new_session(title="Autumn 100%", host="小林", streams=[{"platform": "wechat", "room": "1"}])
    await new_session("other-brand", title="Winter", kind="rehearsal", scheduled_at="2021-12-01T10:00:00+09:00")
    await send("wechat:1", ("session.started", "2021-09-25T05:00:00Z", {}))
    assert ["Winter", "Autumn 100%"] == await titles(client)
    assert ["Autumn 100%"] == await titles(client, brand="maison-k")
    assert ["Winter"] == await titles(client, kind="rehearsal")
    assert ["Autumn 100%"] == await titles(client, platform="wechat")
    assert [] == await titles(client, platform="weibo")
    assert ["Autumn 100%"] == await titles(client, status="live")
    assert ["Winter"] == await titles(client, status="scheduled")
    assert [] == await titles(client, status="provisional")
    assert [] == await titles(client, status="final")
    assert ["Autumn 100%"] == await titles(client, q="autumn 100%")
    assert ["Autumn 100%"] == await titles(client, q="小林")
    assert [] == await titles(client, q="1_0%")
    start = {"from": "2021-09-25T14:00:00+09:00"}
    assert ["Autumn 100%"] == await titles(client, **start, to="2021-09-25T14:00:01+09:00")
    assert [] == await titles(client, to="2021-09-25T14:00:00+09:00")
    assert ["Winter"] == await titles(client, **{"from": "2021-12-01T01:00:00Z"}, to="2022-01-01T00:00:00Z")
    assert [] == await titles(client, brand="maison-k", kind="rehearsal")
    await send("wechat:1", ("session.ended", "2021-09-25T07:00:00Z", {}))
    assert ["Autumn 100%"] == await titles(client, status="provisional")
    assert [] == await titles(client, status="live")


@pytest.mark.parametrize(
    "wrong", [{"status": "dead"}, {"from": "2021-09-25"}, {"limit": 0}, {"limit": 201}, {"cursor": "x"}, {"q": "a\0"}]
)
async def test_a_wrong_filter_is_a_422(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    """Named, not ignored."""
    answer = await client.get("/v1/sessions", params=wrong)
    assert (422, 1) == (answer.status_code, len(answer.json()["errors"]))


async def test_each_session_shows_its_figures(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> None:
    """Counted figures of one session beside another that has none: absent is null, not 0."""
    await new_session(title="empty")
    busy = await new_session(title="busy", streams=[{"platform": "wechat", "room": "1"}])
    await send("wechat:1", *map(entered, "abcab"), paid("1", "a", "10.50", 2), paid("2", "a", "1", 1))
    shown = {s["title"]: s for s in (await client.get("/v1/sessions")).json()["sessions"]}
    assert NOTHING == shown["empty"]["kpis"]
    assert {"viewers": 3, "buyers": 1, "orders": 2, "units_sold": 3, "gmv": "11.50"} == shown["busy"]["kpis"]
    assert (["wechat"], []) == (shown["busy"]["platforms"], shown["empty"]["platforms"])
    assert busy["id"] == shown["busy"]["id"]


async def test_what_platforms_report_stands_in_where_nothing_was_counted(
    client: httpx.AsyncClient, new_session: NewSession, send: Send
) -> None:
    """Of the audience the report wins, of commerce the ledger, platform by platform; the platforms add up."""
    await new_session(streams=[{"platform": "wechat", "room": "1"}, {"platform": "weibo", "room": "2"}])
    reported = {"viewers_total": 100, "orders_total": 9, "buyers_total": 8, "units_total": 12, "gmv_total": "900.00"}
    await send("wechat:1", entered("a"), paid("1", "a", "10.00", 2), ("audience.sampled", AT, reported))
    await send("weibo:2", ("audience.sampled", AT, reported))
    (shown,) = (await client.get("/v1/sessions")).json()["sessions"]
    expected = {"viewers": 200, "buyers": 1 + 8, "orders": 1 + 9, "units_sold": 2 + 12, "gmv": "910.00"}
    assert expected == shown["kpis"]


async def test_the_list_and_the_kpis_say_the_same(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> None:
    """The summary of a list is what /kpis answers, in value and in status."""
    made = await new_session(streams=[{"platform": "wechat", "room": "1"}, {"platform": "weibo", "room": "2"}])
    await send("wechat:1", ("session.started", AT, {}), entered("a"), entered("b"), paid("1", "a", "10.00", 2))
    await send("weibo:2", ("audience.sampled", AT, {"viewers_total": 40, "gmv_total": "5.00"}))
    (shown,) = (await client.get("/v1/sessions")).json()["sessions"]
    kpis = (await client.get(f"/v1/sessions/{made['id']}/kpis")).json()
    assert kpis["status"] == shown["status"]
    assert {slug: kpis["kpis"][slug]["value"] for slug in shown["kpis"]} == shown["kpis"]


async def test_a_bound_key_lists_its_own_brand(client: httpx.AsyncClient, key_for: KeyFor, new_session: NewSession) -> None:
    """Also when it asks for another one."""
    await new_session("theirs", title="theirs")
    await new_session("own", title="own")
    own = await key_for("viewer", "own")
    listed = (await client.get("/v1/sessions", headers=own)).json()["sessions"]
    assert ["own"] == [session["title"] for session in listed]
    for status in SessionStatus:
        params = {"brand": "theirs", "status": status}
        assert [] == (await client.get("/v1/sessions", params=params, headers=own)).json()["sessions"]


_SAID = st.lists(
    st.tuples(st.sampled_from(["wechat", "weibo"]), st.sampled_from(["", "1", "2"]), st.booleans()),
    max_size=6,
    unique_by=lambda said: said[:2],
)


@examples(20)
@given(said=_SAID, order=st.permutations(range(6)))
async def test_sql_and_python_agree_on_what_is_live(
    service: Service, new_session: NewSession, said: list[tuple[str, str, bool]], order: list[int]
) -> None:
    """The rule is written twice, for one session (kpis/reading/status.py) and for a filter over all (catalogue.sql): the same rule."""
    session = UUID((await new_session())["id"])
    began = datetime(2021, 9, 25, tzinfo=UTC)
    broadcasts = [Broadcast(*one, began + timedelta(seconds=place)) for one, place in zip(said, order, strict=False)]
    async with service.database.acquire() as connection:
        await connection.execute("UPDATE sessions SET started_at = $2 WHERE id = $1", session, began)
        for platform, room, on, at in broadcasts:
            await connection.execute(
                "INSERT INTO gauges (session_id, grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest) "
                "VALUES ($1, 0, $2, '1970-01-01Z', $3, '', 'broadcast', $4, $5, '', $4)",
                session, room, platform, int(on), at,
            )  # fmt: skip
        rows = await connection.fetch(queries("catalogue/catalogue")["on_air"], [session], None)
    assert is_on_air(broadcasts) == bool(rows)
