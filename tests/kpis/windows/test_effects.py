"""Effects: windows beside a coupon or a giveaway, which with the remainder add up to the session."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, strategies as st

from app.kpis.windows.effects import effect_of
from app.storage.kpis.marks import MarkRow
from tests.kpis.event_builders import NewSession, Read, Send, paid, tokyo

BEGIN = datetime(2021, 9, 25, 5, 0, tzinfo=UTC)
END = BEGIN + timedelta(hours=1)
_moments = st.integers(-1200, 4800).map(lambda second: BEGIN + timedelta(seconds=second))


@given(_moments, st.none() | _moments, st.booleans())
def test_the_windows_of_a_mark_touch_and_lie_in_the_broadcast(at: datetime, until: datetime | None, on_air: bool) -> None:
    """Before and after are as long as the mark where the broadcast leaves them the time; an end before the beginning is none."""
    mark = MarkRow(at, "mark", "coupon", None, until, "wechat")
    found = effect_of(mark, BEGIN, END, on_air=on_air, unstated=timedelta(minutes=10))
    stated = until if until is not None and until > at else at + timedelta(minutes=10)
    if found is None:
        assert stated <= BEGIN or at >= END
        return
    length = min(stated, END) - at
    assert (max(at, BEGIN), min(stated, END)) == found.during
    assert (found.before is None) == (at <= BEGIN)
    assert (found.after is None) == (stated >= END)
    if found.before:
        assert (max(BEGIN, at - length), at) == found.before
    if found.after:
        assert (stated, min(END, stated + length)) == found.after
    assert found.lasts == (on_air and stated > END)


def _sold(window: dict[str, Any] | None) -> tuple[Any, ...] | None:
    names = ("orders", "gmv", "refund_amount", "net_gmv", "gmv_per_minute")
    return None if window is None else tuple(window[name] for name in names)


async def test_windows_and_remainder_add_up_to_the_session(new_session: NewSession, send: Send, read: Read) -> None:
    """An order stands at its earliest payment to the microsecond; a refund is taken off where its order was paid."""
    session = await new_session()
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("audience.sampled", 590, {"concurrent": 100}),
        ("audience.sampled", 890, {"concurrent": 250}),
        ("mark.set", 600, {"label": "coupon", "text": "満減20", "until": tokyo("14:15:00")}),
        ("mark.set", 700, {"label": "note"}),
        paid(-5, "early", "b0", ("knit", 1, "1.01")),
        paid(300, "1", "b1", ("knit", 1, "100.00")),
        paid(599.999999, "2", "b2", ("knit", 1, "100.10")),
        paid(600, "3", "b3", ("knit", 2, "200.20")),
        ("order.refunded", 3000, {"order": "3", "amount": "200.20"}),
        paid(899, "4", "b4", ("knit", 1, "299.80")),
        paid(1000, "4", "b4", ("knit", 1, "299.80")),
        paid(900, "5", "b5", ("knit", 1, "0.03")),
        paid(1200, "6", "b6", ("knit", 1, "50.00")),
        ("order.refunded", 1300, {"order": "unknown", "amount": "7.00"}),
        ("session.ended", 3600, {}),
        paid(3600, "late", "b7", ("knit", 1, "9.00")),
    )
    document = await read(session, "effects")
    (one,) = document["effects"]
    assert ("coupon", "満減20", tokyo("14:10:00"), False, False) == (
        one["label"], one["text"], one["at"], one["lasts"], one["overlaps"],
    )  # fmt: skip
    assert (2, "200.10", "0.00", "200.10", "40.02") == _sold(one["before"])
    assert (2, "500.00", "200.20", "299.80", "100.00") == _sold(one["during"])
    assert (1, "0.03", "0.00", "0.03", "0.01") == _sold(one["after"])
    assert (tokyo("14:15:00"), tokyo("14:20:00")) == (one["after"]["from"], one["after"]["to"])
    assert (100, 250) == (one["during"]["viewers_at_start"], one["during"]["viewers_at_end"])
    assert {
        "orders": 3, "gmv": "60.01", "refund_amount": "7.00", "net_gmv": "53.01", "comments": None, "clicks": None,
    } == one["remainder"]  # fmt: skip
    kpis = (await read(session, "kpis"))["kpis"]
    for name, slug in (("gmv", "gmv"), ("refund_amount", "refund_amount"), ("net_gmv", "net_gmv")):
        parts = [Decimal(part[name]) for part in (one["before"], one["during"], one["after"], one["remainder"])]
        assert Decimal(kpis[slug]["value"]) == sum(parts) == Decimal(document["total"][name])


async def test_a_mark_without_an_end_lasts_as_long_as_asked(new_session: NewSession, send: Send, read: Read) -> None:
    """Ten minutes by default; while it lasts it has no window after it. Without orders nothing is said of money."""
    session = await new_session()
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("mark.set", 60, {"label": "giveaway"}),
        ("mark.set", 120, {"label": "coupon"}),
        ("session.ended", 600, {}),
    )
    first, second = (await read(session, "effects"))["effects"]
    assert (True, True, None) == (first["overlaps"], second["overlaps"], first["after"])
    assert (1, 9) == (first["before"]["minutes"], first["during"]["minutes"])
    assert (None, None, None, None, None) == _sold(first["during"])
    first, second = (await read(session, "effects", minutes=1))["effects"]
    assert (1, 1, 1, 1) == (
        first["during"]["minutes"],
        first["after"]["minutes"],
        second["before"]["minutes"],
        second["after"]["minutes"],
    )


async def test_each_window_says_who_was_there(new_session: NewSession, send: Send, read: Read) -> None:
    """The most viewers, comments and clicks: a minute belongs to the window in which it begins, and with the rest they add up."""
    session = await new_session()
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("audience.sampled", 310, {"concurrent": 100}),
        ("audience.sampled", 420, {"concurrent": 180}),
        ("audience.sampled", 660, {"concurrent": 400}),
        ("audience.sampled", 680, {"concurrent": 150}),
        ("audience.sampled", 1150, {"concurrent": 90}),
        ("mark.set", 600, {"label": "giveaway", "until": tokyo("14:15:00")}),
        *(("comment.posted", second, {"viewer": "a"}) for second in (30, 300, 599.9, 600, 601, 899, 900, 3000)),
        *(("product.clicked", second, {"product": "knit", "count": 2}) for second in (299, 620, 1199, 1200)),
        ("session.ended", 3600, {}),
        ("comment.posted", 3700, {"viewer": "a"}),
    )
    document = await read(session, "effects")
    (one,) = document["effects"]
    found = [
        tuple(one[name][figure] for figure in ("peak_viewers", "comments", "clicks")) for name in ("before", "during", "after")
    ]
    assert [(180, 2, 0), (400, 3, 2), (150, 1, 2)] == found
    assert [(3, 4), (9, 8)] == [(part["comments"], part["clicks"]) for part in (one["remainder"], document["total"])]


async def test_a_mark_outside_the_broadcast_has_no_windows(new_session: NewSession, send: Send, read: Read) -> None:
    """Nor one that was over before the start; one that ends before it begins lasts as long as one without an end."""
    session = await new_session()
    await send(
        "wechat:room",
        ("mark.set", -900, {"label": "coupon", "until": tokyo("13:50:00")}),
        ("session.started", 0, {}),
        ("mark.set", 3600, {"label": "coupon"}),
        ("mark.set", 9000, {"label": "giveaway"}),
        ("mark.set", 1200, {"label": "coupon", "until": tokyo("14:10:00")}),
        ("session.ended", 3600, {}),
    )
    (one,) = (await read(session, "effects"))["effects"]
    assert (tokyo("14:20:00"), 10, None) == (one["at"], one["during"]["minutes"], one["during"]["peak_viewers"])
