"""One broadcast in several rooms of a platform: two accounts, or a signal that dropped and came back in a new room."""

from typing import Any

import pytest

from tests.kpis.event_builders import NewSession, Read, Send

ROOMS = [{"platform": "wechat", "room": "first"}, {"platform": "wechat", "room": "second"}]


def sampled(second: float, **figures: Any) -> tuple[str, float, dict[str, Any]]:
    """Return a sample of the audience."""
    return ("audience.sampled", second, figures)


@pytest.fixture
async def split(new_session: NewSession, send: Send) -> str:
    """A session whose signal drops after ten minutes and comes back in a second room."""
    session = await new_session(streams=ROOMS)
    await send(
        "wechat:first",
        ("session.started", 0, {}),
        sampled(540, concurrent=900, viewers_total=1000, likes_total=50, average_watch_seconds=60, gmv_total="100.00"),
        ("product.sampled", 550, {"product": "knit-01", "clicks_total": 30, "stock": 9}),
    )
    await send(
        "wechat:second",
        ("session.started", 630, {}),
        sampled(660, concurrent=700, viewers_total=500, likes_total=7, average_watch_seconds=30, gmv_total="23.00"),
        ("product.sampled", 670, {"product": "knit-01", "clicks_total": 12, "stock": 4}),
    )
    return session


async def test_the_rooms_totals_add_up(split: str, read: Read) -> None:
    """Viewers, likes, GMV and clicks are the sums; the average watch time weighs each room by its viewers."""
    document = await read(split, "kpis")
    assert list(document["by_platform"]) == ["wechat"]
    values = {slug: figure["value"] for slug, figure in document["kpis"].items()}
    assert 1500 == values["viewers"]
    assert 57 == values["likes"]
    assert "123.00" == values["gmv"]
    assert 50 == values["average_watch_seconds"]
    assert 42 == values["product_clicks"]
    (product,) = (await read(split, "products"))["products"]
    assert (42, 4) == (product["clicks"], product["stock"]), "clicks are each room's, the stock is the shop's"


async def test_viewers_of_a_lost_room_are_not_carried_on(split: str, send: Send, read: Read) -> None:
    """For five minutes both rooms' viewers count; then the one that fell silent has none."""
    assert 1600 == (await read(split, "kpis"))["kpis"]["concurrent_viewers"]["value"]
    await send("wechat:second", sampled(900, concurrent=800))
    document = await read(split, "kpis")
    assert 800 == document["kpis"]["concurrent_viewers"]["value"]
    assert 1600 == document["kpis"]["peak_concurrent_viewers"]["value"]
    series = (await read(split, "timeline", metrics="concurrent_viewers"))["series"]["concurrent_viewers"]
    assert [900, 1600, 800] == [series[minute] for minute in (9, 11, 15)]


async def test_a_room_that_ended_has_no_viewers(split: str, send: Send, read: Read) -> None:
    """A reported end takes effect at once."""
    await send("wechat:first", ("session.ended", 620, {}))
    assert 700 == (await read(split, "kpis"))["kpis"]["concurrent_viewers"]["value"]


async def test_the_sessions_own_total_speaks_for_all_rooms(split: str, send: Send, read: Read) -> None:
    """A total that is addressed to the session replaces the rooms', until a room says something later."""
    await send(split, sampled(700, viewers_total=1400))
    assert 1400 == (await read(split, "kpis"))["kpis"]["viewers"]["value"]
    await send("wechat:second", sampled(720, viewers_total=600))
    assert 1600 == (await read(split, "kpis"))["kpis"]["viewers"]["value"]
