from decimal import Decimal
from typing import Any

from hypothesis import given, strategies as st
from pydantic_core import to_json

from app.events.envelope import EVENTS
from app.simulate.generation.generator import generate
from app.simulate.scenario.scenario import Scenario
from tests.properties import examples
from tests.simulate.counting import acts_follow_entries, exits_follow_entries, hits_totals, of_type


@st.composite
def small_sheets(draw: st.DrawFn) -> dict[str, Any]:
    """Return sheets of small sessions without contradictions, edge cases included."""
    viewers = draw(st.integers(1, 60))
    buyers = draw(st.integers(0, min(viewers, 12)))
    products: list[dict[str, Any]] = []
    left = buyers
    for index in range(draw(st.integers(0, 4)) if buyers else 0):
        own = draw(st.integers(0, buyers))
        units = own + (draw(st.integers(0, 9)) if own else 0)
        gmv = draw(st.integers(0, 10**9)) if units else 0
        clicks = draw(st.one_of(st.none(), st.integers(0, 80)))
        products.append(
            {"name": f"p{index}", "buyers": own, "units": units, "gmv": str(Decimal(gmv).scaleb(-2)), "clicks": clicks}
        )
        left -= own
    extra = draw(st.integers(1 if left > 0 or not products else 0, 20)) if buyers else 0
    extra = max(extra, left) if left > 0 else extra
    units = sum(product["units"] for product in products) + extra
    gmv_total = sum((Decimal(product["gmv"]) for product in products), Decimal(0)) + (
        Decimal(draw(st.integers(0, 10**7))).scaleb(-2) if extra else 0
    )
    buyers = buyers if units else 0
    minutes_long = draw(st.integers(1, 45))
    return {
        "session": {"starts_at": "2024-02-28T23:30:00Z", "duration_seconds": minutes_long * 60 + draw(st.integers(0, 59))},
        "kpis": {
            "viewers": viewers,
            "buyers": buyers,
            "units_sold": units,
            "gmv": f"{gmv_total:f}",
            "orders": draw(st.integers(buyers, units)),
            "views": viewers + draw(st.integers(0, 30)),
            "comments": draw(st.integers(0, 20)),
            "new_followers": draw(st.integers(0, viewers)),
            "peak_concurrent_viewers": draw(st.one_of(st.none(), st.integers(1, viewers))),
            "average_watch_minutes": str(draw(st.integers(0, minutes_long * 100)) / Decimal(100)),
            "refunded_orders": draw(st.integers(0, buyers)),
        },
        "products": products if units else [],
        "platforms": draw(st.sampled_from([{"wechat": 1}, {"wechat": "0.7", "weibo": "0.3"}, {"a": 0, "b": 1, "c": 1}])),
    }


@examples(50)
@given(small_sheets(), st.integers(0, 2**32))
def test_any_sheet_without_contradictions_is_hit(sheet: dict[str, Any], seed: int) -> None:
    """For any totals, the events add up to them, are valid and sorted, and no viewer acts before entering."""
    scenario = Scenario.model_validate(sheet)
    events = generate(scenario, seed)
    hits_totals(scenario, events)
    EVENTS.validate_json(to_json(events))
    assert events == sorted(events, key=lambda event: event["time"])
    acts_follow_entries(events)
    exits_follow_entries(events)


def test_amounts_follow_the_currency() -> None:
    """A session in yen has no decimals."""
    sheet = {
        "session": {"starts_at": "2024-05-01T12:00:00+09:00", "currency": "JPY"},
        "kpis": {"viewers": 50, "buyers": 3, "units_sold": 7, "gmv": "10001"},
        "products": [{"name": "帽子", "buyers": 2, "units": 5, "gmv": "7001"}],
    }
    scenario = Scenario.model_validate(sheet)
    events = generate(scenario)
    hits_totals(scenario, events)
    assert all("." not in event["data"]["amount"] for event in of_type(events, "order.paid"))
