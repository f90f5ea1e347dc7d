"""The funnel: five steps, in people as far as people are known, also by platform, product and traffic source."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from msgspec import structs

from app.events.contributions import Claim, Contributions, Count
from app.ingest.folding.tally import Tally
from app.ingest.rebuilding.rebuild_requests import replace
from app.kpis.audience import funnel
from app.kpis.audience.funnel import STEPS, steps_of
from app.service import Service
from tests.kpis.event_builders import NewSession, Read, Send, paid

LINE = ("knit-01", 1, "10.00")
_values = st.none() | st.integers(0, 10**6)


def cells(**values: int | None) -> dict[str, dict[str, Any]]:
    """Return cells of a document."""
    return {slug: {"value": value, "basis": "absent" if value is None else "counted"} for slug, value in values.items()}


def shown(steps: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what a step says: its KPI, its value, its rate and of what."""
    return [(one["kpi"], one["value"], one["rate"], one["rate_of"]) for one in steps]


@given(st.fixed_dictionaries(dict.fromkeys((*STEPS, "product_impressions"), _values)))
def test_no_step_is_left_out_and_no_rate_has_a_count_above_people(values: dict[str, int | None]) -> None:
    """A rate divides people by people, or viewers by impressions, and names a step before that is known."""
    steps = steps_of(cells(**values))
    assert len(STEPS) == len(steps)
    for place, step in enumerate(steps):
        below = next((one for one in steps[:place] if one["kpi"] == step["rate_of"]), None)
        if step["rate"] is not None:
            assert below is not None
            assert round(step["value"] / below["value"], 6) == round(step["rate"], 6)
            assert "people" == step["unit"]
            assert "people" == below["unit"] or (below["kpi"], step["kpi"]) == ("impressions", "viewers")
        assert step["value"] == values[step["kpi"]]


def test_a_count_stands_for_people_who_are_unknown() -> None:
    """And the rate after it divides by the people before it."""
    steps = steps_of(cells(impressions=1000, viewers=200, product_impressions=900, clickers=50, buyers=5))
    assert [
        ("impressions", 1000, None, None),
        ("viewers", 200, 0.2, "impressions"),
        ("product_impressions", 900, None, None),
        ("clickers", 50, 0.25, "viewers"),
        ("buyers", 5, 0.1, "clickers"),
    ] == shown(steps)
    assert ("product_viewers", None, None, "viewers") == shown(steps_of(cells(viewers=200)))[2]


async def test_the_funnel_counts_each_person_once(new_session: NewSession, send: Send, read: Read) -> None:
    """By product a person counts once per product; by source where they first came from, or in the remainder."""
    session = await new_session(lineup=[{"product": "knit-01", "name": "ニット"}, {"product": "bag-02", "name": "バッグ"}])
    await send(
        "wechat:room",
        ("audience.sampled", 1, {"impressions_total": 10}),
        ("viewer.entered", 1, {"viewer": "ann", "source": "fans"}),
        ("viewer.entered", 2, {"viewer": "bob", "source": "ads", "paid": True}),
        ("product.displayed", 3, {"product": "knit-01", "viewer": "ann"}),
        ("product.displayed", 4, {"product": "bag-02", "viewer": "ann"}),
        ("product.displayed", 5, {"product": "knit-01", "viewer": "bob"}),
        *(("product.clicked", 6 + second, {"product": "knit-01", "viewer": "ann"}) for second in range(3)),
        ("product.clicked", 9, {"product": "bag-02", "viewer": "ann"}),
        ("product.clicked", 10, {"product": "bag-02", "viewer": "never"}),
        paid(20, "1", "ann", LINE),
        paid(21, "2", "ann", LINE),
    )
    document = await read(session, "funnel")
    assert [
        ("impressions", 10, None, None), ("viewers", 2, 0.2, "impressions"), ("product_viewers", 2, 1, "viewers"),
        ("clickers", 2, 1, "product_viewers"), ("buyers", 1, 0.5, "clickers"),
    ] == shown(document["steps"])  # fmt: skip
    assert (None, [], None) == (document["by"], document["parts"], document["remainder"])

    knit, bag = (await read(session, "funnel", by="product"))["parts"]
    assert [("knit-01", [10, 2, 2, 1, 1]), ("bag-02", [10, 2, 1, 2, 0])] == [
        (one["product"], [step["value"] for step in one["steps"]]) for one in (knit, bag)
    ]
    rows = {one["product"]: one for one in (await read(session, "products"))["products"]}
    assert (2, 1, 1.5, 0.666667) == tuple(
        rows["knit-01"][name] for name in ("product_viewers", "clickers", "product_click_rate", "click_to_order_rate")
    )
    assert await _people_of_session_are_absent_in_the_remainder(read, session)

    by_source = await read(session, "funnel", by="source")
    assert [("ads", True, [None, 1, 1, 0, 0]), ("fans", None, [None, 1, 1, 1, 1])] == [
        (one["source"], one["paid"], [step["value"] for step in one["steps"]]) for one in by_source["parts"]
    ]
    assert {"product_viewers": 0, "clickers": 1, "buyers": 0} == by_source["remainder"]

    (part,) = (await read(session, "funnel", by="platform"))["parts"]
    assert ("wechat", document["steps"]) == (part["platform"], part["steps"])


async def _people_of_session_are_absent_in_the_remainder(read: Read, session: str) -> bool:
    other = (await read(session, "products"))["other"]
    return (None, None) == (other["product_viewers"], other["clickers"])


async def test_a_crowd_is_not_looked_up_one_by_one(new_session: NewSession, send: Send, read: Read, monkeypatch: Any) -> None:
    """Above the most people of a step the step is absent by source; the others are not."""
    session = await new_session()
    await send(
        "wechat:room",
        *(("viewer.entered", n, {"viewer": f"v{n}", "source": "fans"}) for n in range(3)),
        *(("product.clicked", 10 + n, {"product": "a", "viewer": f"v{n}"}) for n in range(3)),
        paid(20, "1", "v0", LINE),
    )
    monkeypatch.setattr(funnel, "MOST_PEOPLE", 2)
    document = await read(session, "funnel", by="source")
    assert [None, 3, None, None, 1] == [step["value"] for step in document["parts"][0]["steps"]]
    assert {"product_viewers": None, "clickers": None, "buyers": 0} == document["remainder"]
    monkeypatch.setattr(funnel, "MOST_PEOPLE", 3)
    document = await read(session, "funnel", by="source")
    assert [None, 3, None, 3, 1] == [step["value"] for step in document["parts"][0]["steps"]]


async def test_a_platform_tells_people_in_its_samples(new_session: NewSession, send: Send, read: Read) -> None:
    """The reported figure goes before the counted one, of the session and of the product."""
    session = await new_session()
    await send(
        "wechat:room",
        ("product.clicked", 1, {"product": "a", "viewer": "ann"}),
        ("audience.sampled", 2, {"viewers_total": 100, "product_viewers_total": 60, "clickers_total": 20}),
        ("product.sampled", 3, {"product": "a", "viewers_total": 30, "clickers_total": 9}),
    )
    steps = (await read(session, "funnel"))["steps"]
    assert [("viewers", 100, "reported"), ("product_viewers", 60, "reported"), ("clickers", 20, "reported")] == [
        (one["kpi"], one["value"], one["basis"]) for one in steps[1:4]
    ]
    (row,) = (await read(session, "products"))["products"]
    assert (30, 9) == (row["product_viewers"], row["clickers"])
    warnings = {(one["code"], one["figures"].get("metric")) for one in (await read(session, "kpis"))["warnings"]}
    assert ("counted_and_reported_differ", "clickers") in warnings
    assert ("clickers_exceed_clicks", None) in warnings


async def test_clickers_of_products_are_unknown_once_a_former_version_took_a_click(
    service: Service, new_session: NewSession, send: Send, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a viewer whom this version had counted: servers of both versions take clicks while an agency upgrades."""
    session = await new_session(lineup=[{"product": "knit-01", "name": "ニット"}, {"product": "bag-02", "name": "バッグ"}])

    async def clickers() -> list[int | None]:
        return [one["clickers"] for one in (await read(session, "products"))["products"]]

    await send("wechat:room", ("product.clicked", 1, {"product": "knit-01", "viewer": "ann"}))
    assert [1, 0] == await clickers()
    with monkeypatch.context() as patched:
        patched.setattr(Tally, "add", _before_0044(Tally.add))
        await send("wechat:room", ("product.clicked", 2, {"product": "bag-02", "viewer": "ann"}))
    assert [None, None] == await clickers()
    await send("wechat:room", ("product.clicked", 3, {"product": "bag-02", "viewer": "bob"}))
    assert [None, None] == await clickers()
    await replace(service.database, service.settings, UUID(session))
    assert [1, 2] == await clickers()


def _before_0044(add: Callable[..., None]) -> Callable[..., None]:
    """Return what adds up clicks as the former version did."""

    def former(tally: Tally, session: UUID, platform: str, at: int, key: bytes, found: Contributions) -> None:
        claims = tuple(Claim("clicker", one.member, (Count("clickers", 1),)) for one in found.claims if one.set == "clicker")
        counts = tuple(count for count in found.counts if count.metric == "product_clicks")
        add(tally, session, platform, at, key, structs.replace(found, counts=counts, claims=claims))

    return former
