import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from app.simulate.comparison import totals
from app.simulate.scenario import library
from app.simulate.scenario.apportion import apportion
from app.simulate.scenario.library import ScenarioError, load, names, read
from app.simulate.scenario.platform_split import split
from app.simulate.scenario.scenario import Scenario


def sheet(**changes: Any) -> dict[str, Any]:
    """Return a small sheet, with a field changed by `part__field=value`."""
    document: dict[str, Any] = {
        "session": {"starts_at": "2021-09-25T14:00:00+09:00", "duration_hours_printed": "1"},
        "kpis": {"viewers": 100, "buyers": 10, "units_sold": 20, "gmv": "1000.00", "comments": 5},
        "products": [{"name": "ニット", "clicks": 50, "buyers": 6, "units": 8, "gmv": "400.00"}],
    }
    for path, value in changes.items():
        target: Any = document
        *parents, last = path.split("__")
        for name in parents:
            target = target[int(name)] if name.isdigit() else target.setdefault(name, {})
        target[last] = value
    return document


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kpis__buyers": 5, "kpis__orders": 5}, r"products\[0\]\.buyers"),
        ({"kpis__buyers": 21}, r"kpis\.buyers"),
        ({"kpis__viewers": 9}, r"kpis\.buyers"),
        ({"kpis__units_sold": 7, "kpis__buyers": 7}, r"kpis\.units_sold"),
        ({"kpis__gmv": "399.99"}, r"kpis\.gmv"),
        ({"kpis__units_sold": 8, "kpis__buyers": 6}, r"kpis\.gmv"),
        ({"kpis__gmv": "1000.001"}, r"kpis\.gmv"),
        ({"kpis__orders": 9}, r"kpis\.buyers"),
        ({"kpis__orders": 21}, r"kpis\.orders"),
        ({"kpis__units_sold": 9, "kpis__orders": 9}, r"kpis\.buyers"),
        ({"kpis__refunded_orders": 12}, r"kpis\.refunded_orders"),
        ({"kpis__new_followers": 101}, r"kpis\.new_followers"),
        ({"kpis__peak_concurrent_viewers": 101}, r"kpis\.peak_concurrent_viewers"),
        ({"kpis__views": 99}, r"kpis\.viewers"),
        ({"kpis__average_watch_minutes": "60.01"}, r"kpis\.average_watch_minutes"),
        ({"kpis__comments": -1}, r"kpis\.comments"),
        ({"kpis__viewers": "many"}, r"kpis\.viewers"),
        ({"products__0__buyers": 9}, r"products\[0\]\.buyers"),
        ({"products__0__stock": 7}, r"products\[0\]\.units"),
        ({"products__0__units": 0, "products__0__buyers": 0}, r"products\[0\]\.gmv"),
        ({"outside__buyers": 13}, r"outside\.buyers"),
        ({"outside__buyers": 3}, r"kpis\.buyers"),
        ({"platforms": {}}, r"platforms"),
        ({"platforms": {"wechat": {"comments": 4}}}, r"kpis\.comments"),
        ({"platforms": {"wechat": {"viewers": 5, "buyers": 6}, "weibo": 1}}, r"platforms\.wechat\.buyers"),
        ({"platforms": {"wechat": 1, "weibo": {"share": 0, "comments": 2}}}, r"platforms\.weibo\.comments"),
        ({"support": {"requests": 1, "slow": 2}}, r"support\.slow"),
        ({"promotions": [{"views": 1, "platform": "weibo"}]}, r"promotions\[0\]\.platform"),
        ({"session__starts_at": "2021-09-25T14:00:00"}, r"session\.starts_at"),
        ({"session__currency": "yuan"}, r"session\.currency"),
    ],
)
def test_a_contradiction_is_refused_and_named(changes: dict[str, Any], field: str) -> None:
    """The error names the field."""
    with pytest.raises(ScenarioError, match=f"(?m)^{field}[:.]"):
        read(json.dumps(sheet(**changes)))


def test_the_unchanged_sheet_is_fine() -> None:
    """The sheet from which the contradictions are made is valid."""
    scenario = read(json.dumps(sheet()), "small")
    assert ("small", (12, 60000)) == (scenario.name, scenario.remainder)


def test_text_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """Broken JSON and a missing file raise an error with a sentence."""
    with pytest.raises(ScenarioError, match="not JSON"):
        read("{", "broken")
    with pytest.raises(ScenarioError, match="neither a readable file"):
        load(str(tmp_path / "missing.json"))
    with pytest.raises(ScenarioError):
        read("[]")


def test_products_without_code_get_a_stable_one() -> None:
    """Codes come from name and position; a given code stays."""
    products = [{"name": "ニット"}, {"name": "Silk dress"}, {"name": "帽子"}, {"name": "x", "code": "A/1"}, {"product": "own"}]
    scenario = Scenario.model_validate(sheet(products=products))
    assert ["knit-01", "silk-dress-02", "product-03", "A/1", "own"] == [product.product for product in scenario.products]


def test_a_name_with_blanks_makes_proper_addresses() -> None:
    """A file may be called anything; urls derived from it hold no blanks."""
    scenario = read(json.dumps(sheet(promotions=[{"views": 1}])), "my session ü")
    assert "https://promotion.example/my%20session%20%C3%BC/1" == scenario.promotions[0].url


@pytest.mark.parametrize("name", names())
def test_a_scenario_reads_back_what_it_writes(name: str) -> None:
    """A scenario's document is the scenario again."""
    scenario = load(name)
    assert scenario == Scenario.model_validate(json.loads(json.dumps(scenario.document())))


def test_the_totals_of_2021_09_25_are_what_the_sheet_prints() -> None:
    """The formulas give every printed figure of the file."""
    text = (Path(library.__file__).with_name("scenarios") / "2021-09-25.json").read_text(encoding="utf-8")
    document = json.loads(text)
    scenario = load("2021-09-25")
    assert {key: str(value) for key, value in document["kpis"].items()} == totals.kpis(scenario)
    assert str(document["promotion_views_total"]) == totals.promotion_views(scenario)
    assert {"units": "216", "gmv": "300943.44"} == totals.outside(scenario)
    for row, product in zip(document["products"], scenario.products, strict=True):
        assert {key: str(row[key]) for key in ("clicks", "buyers", "units", "gmv")} == totals.product(scenario, product)


def test_a_half_is_printed_upwards() -> None:
    """1 ÷ 800 is 0.125 per cent, which a sheet prints as 0.13."""
    scenario = Scenario.model_validate(sheet(kpis__viewers=800, kpis__comments=1))
    assert "0.13" == totals.kpis(scenario)["engagement_rate_percent"]


def test_ratios_without_buyers_are_absent() -> None:
    """Without buyers there is no spend per buyer."""
    scenario = Scenario.model_validate(sheet(kpis={"viewers": 3}, products=[]))
    assert "spend_per_buyer" not in totals.kpis(scenario)


@given(st.integers(0, 10**18), st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_parts_add_up_and_keep_their_proportion(total: int, weights: list[int]) -> None:
    """No part differs from its exact proportion by more than one."""
    parts = apportion(total, weights)
    assert total == sum(parts)
    if whole := sum(weights):
        assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True))


def test_a_platform_states_its_own_and_the_rest_is_divided() -> None:
    """Stated figures stay; the rest is divided by the viewers of the other platforms."""
    platforms = {"wechat": {"share": "0.5", "comments": 4}, "weibo": "0.3", "douyin": "0.2"}
    scenario = Scenario.model_validate(sheet(platforms=platforms))
    assert {"wechat": 50, "weibo": 30, "douyin": 20} == split(scenario, "viewers")
    assert {"wechat": 4, "weibo": 1, "douyin": 0} == split(scenario, "comments")
