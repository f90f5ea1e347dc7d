"""Warnings of a session of which more was refunded than paid."""

from tests.kpis.event_builders import NewSession, Read, Send, paid


async def test_more_money_cannot_come_back_than_was_paid(new_session: NewSession, send: Send, read: Read) -> None:
    """Neither in total nor by orders; what equals it is no contradiction."""
    session = await new_session()
    await send(
        "wechat:room", paid(0, "o1", "b1", ("knit", 1, "100.00")), ("order.refunded", 60, {"order": "o1", "amount": "100.00"})
    )
    assert [] == (await read(session, "kpis"))["warnings"]
    await send("wechat:room", ("order.refunded", 90, {"order": "o2", "refunded_total": "20.00"}))
    warnings = {one["code"]: one for one in (await read(session, "kpis", lang="en"))["warnings"]}
    assert {"refunds_exceed_gmv": {"refund_amount": "120.00", "gmv": "100.00"},
            "refunded_orders_exceed_orders": {"refunded_orders": 2, "orders": 1}} == {
        code: one["figures"] for code, one in warnings.items()
    }  # fmt: skip
    assert "More was refunded (CN¥120) than was paid (CN¥100)." == warnings["refunds_exceed_gmv"]["message"]
