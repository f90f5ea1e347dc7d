"""After the show: what was paid within 24 hours and 7 days after the end, apart from the show's own."""

from decimal import Decimal

import httpx

from tests.kpis.event_builders import NewSession, Read, Send, paid, tokyo

HOUR, DAY = 3600, 86_400


async def _show(send: Send, room: str = "wechat:room") -> None:
    await send(
        room,
        ("session.started", 0, {}),
        paid(60, f"{room}-1", "b1", ("knit", 1, "100.00")),
        ("session.ended", HOUR, {}),
        paid(HOUR, f"{room}-2", "b2", ("knit", 1, "10.00")),
        paid(HOUR + DAY - 0.000001, f"{room}-3", "b3", ("knit", 1, "20.00")),
        paid(HOUR + DAY, f"{room}-4", "b4", ("knit", 1, "40.00")),
        paid(HOUR + 7 * DAY, f"{room}-5", "b5", ("knit", 1, "80.00")),
        ("order.refunded", HOUR + 30 * DAY, {"order": f"{room}-3", "amount": "5.50"}),
    )


async def test_orders_after_the_end_have_figures_of_their_own(new_session: NewSession, send: Send, read: Read) -> None:
    """GMV of the session stays the whole; a refund is taken off where its order was paid, however late it is."""
    session = await new_session()
    await _show(send)
    kpis = (await read(session, "kpis"))["kpis"]
    found = {slug: (cell["value"], cell["basis"]) for slug, cell in kpis.items() if slug.startswith("after_live_")}
    assert {
        "after_live_orders_24h": (2, "counted"), "after_live_gmv_24h": ("30.00", "counted"),
        "after_live_net_gmv_24h": ("24.50", "derived"), "after_live_orders_7d": (3, "counted"),
        "after_live_gmv_7d": ("70.00", "counted"), "after_live_net_gmv_7d": ("64.50", "derived"),
    } == found  # fmt: skip
    assert ("250.00", 5) == (kpis["gmv"]["value"], kpis["orders"]["value"])
    document = await read(session, "after-live")
    assert (tokyo("15:00:00"), True, True) == (
        document["ended_at"], document["within_24_hours"]["complete"], document["within_7_days"]["complete"],
    )  # fmt: skip
    assert ("100.00", "70.00", "80.00", "250.00") == tuple(
        document[name]["gmv"] for name in ("show", "within_7_days", "remainder", "total")
    )
    assert Decimal(kpis["net_gmv"]["value"]) == sum(
        Decimal(document[name]["net_gmv"]) for name in ("show", "within_7_days", "remainder")
    )


async def test_the_figures_follow_the_last_end(new_session: NewSession, send: Send, read: Read) -> None:
    """A show that goes on again has no end yet; a later end takes orders into the show, and later ones into the days after it."""
    session = await new_session()
    await _show(send)
    await send("wechat:room", ("session.started", HOUR + 60, {}))
    assert {None} == {
        cell["value"] for slug, cell in (await read(session, "kpis"))["kpis"].items() if slug.startswith("after_live_")
    }
    document = await read(session, "after-live")
    assert (None, None) == (document["ended_at"], document["show"]["gmv"])
    await send("wechat:room", ("session.ended", 2 * HOUR, {}))
    kpis = (await read(session, "kpis"))["kpis"]
    assert ("60.00", "140.00") == (kpis["after_live_gmv_24h"]["value"], kpis["after_live_gmv_7d"]["value"])


async def test_replay_views_are_the_platforms_own(new_session: NewSession, send: Send, read: Read) -> None:
    """The latest of each room; the rooms of a platform and the platforms add up."""
    session = await new_session(streams=[{"platform": name, "room": "room"} for name in ("wechat", "weibo")])
    await send("wechat:room", ("session.started", 0, {}), ("session.ended", HOUR, {}))
    assert {"value": None, "basis": "absent"} == (await read(session, "after-live"))["replay_views"]
    await send(
        "wechat:room",
        ("audience.sampled", 2 * DAY, {"replay_views_total": 900}),
        ("audience.sampled", DAY, {"replay_views_total": 400}),
    )
    await send("weibo:room", ("audience.sampled", DAY, {"replay_views_total": 50}))
    assert {"value": 950, "basis": "reported"} == (await read(session, "after-live"))["replay_views"]
    assert 950 == (await read(session, "kpis"))["kpis"]["replay_views"]["value"]


async def test_what_still_grows_is_compared_with_nothing(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> None:
    """Two complete sessions are compared; one that ended an hour ago is not."""
    sessions = [
        await new_session(streams=[{"platform": "wechat", "room": room}], time_zone="Asia/Tokyo") for room in ("a", "b", "now")
    ]
    await _show(send, "wechat:a")
    await _show(send, "wechat:b")
    # The third one ended, with an order after it, a moment ago by the clock of the server.
    ended = {"specversion": "1.0", "source": "/tests", "subject": "wechat:now"}
    order = paid(0, "n1", "b1", ("knit", 1, "1.00"))[2]
    for number, (kind, data) in enumerate((("session.started", {}), ("session.ended", {}), ("order.paid", order))):
        event = ended | {"id": f"now-{number}", "type": f"live.{kind}", "data": data}
        assert 200 == (await client.post("/v1/events", json=event)).status_code
    answer = await client.get("/v1/comparison", params={"sessions": ",".join(sessions)})
    cells = answer.json()["kpis"]["after_live_gmv_24h"]["values"]
    assert ["30.00", "30.00", "1.00"] == [cell["value"] for cell in cells]
    assert ["30.00", "30.00", None] == [cell["median"] for cell in cells]
    assert [50, 50, None] == [cell["percentile"] for cell in cells]
