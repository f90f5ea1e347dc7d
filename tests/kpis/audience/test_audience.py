"""Arrivals by traffic source and fan level, over HTTP."""

from tests.kpis.event_builders import NewSession, Read, Send, at, tokyo


async def _session(new_session: NewSession, send: Send) -> str:
    session = await new_session()
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        *(("viewer.entered", 10, {"viewer": f"f{n}", "source": "fans", "fan_level": 4 + n % 2}) for n in range(6)),
        ("viewer.entered", 1199.9, {"viewer": "s", "source": "search", "fan_level": 1}),
        ("viewer.entered", 1200, {"viewer": "late", "source": "fans", "fan_level": 5}),
        ("viewer.entered", 1500, {"viewer": "f0", "source": "search", "fan_level": 1}),
        ("viewer.entered", 1600, {"viewer": "unknown"}),
        ("session.ended", 3600, {}),
    )
    return session


async def test_the_whole_session_counts_each_viewer_once(new_session: NewSession, send: Send, read: Read) -> None:
    """By where they first came from; unknown is null."""
    document = await read(await _session(new_session, send), "audience")
    assert (9, tokyo("14:00:00"), tokyo("15:00:00")) == (document["arrivals"], document["from"], document["to"])
    assert [
        {"source": "fans", "viewers": 7, "share": 0.777778},
        {"source": None, "viewers": 1, "share": 0.111111},
        {"source": "search", "viewers": 1, "share": 0.111111},
    ] == document["by_source"]
    assert [(5, 4), (4, 3), (1, 1), (None, 1)] == [(e["fan_level"], e["viewers"]) for e in document["by_fan_level"]]
    assert {"min_level": 4, "viewers": 7, "share": 0.777778} == document["core_fans"]


async def test_the_first_twenty_minutes_are_counted_to_the_second(new_session: NewSession, send: Send, read: Read) -> None:
    """The window is half-open."""
    session = await _session(new_session, send)
    document = await read(session, "audience", from_=at(0), to=at(1200))
    assert (7, {"min_level": 4, "viewers": 6, "share": 0.857143}) == (document["arrivals"], document["core_fans"])
    top = await read(session, "audience", from_=at(0), to=at(1200), min_level=5)
    assert {"min_level": 5, "viewers": 3, "share": 0.428571} == top["core_fans"]
    assert 2 == (await read(session, "audience", from_=at(1200)))["arrivals"]
    assert 0 == (await read(session, "audience", from_=at(60), to=at(60)))["arrivals"]


async def test_without_any_fan_level_core_fans_are_unknown(new_session: NewSession, send: Send, read: Read) -> None:
    """Unknown is null, not zero."""
    session = await new_session()
    await send("wechat:room", ("viewer.entered", 1, {"viewer": "a"}))
    document = await read(session, "audience")
    assert {"min_level": 4, "viewers": None, "share": None} == document["core_fans"]
