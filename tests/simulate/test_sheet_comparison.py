from decimal import ROUND_HALF_UP, Decimal
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from app.simulate.comparison.sheet_comparison import Row, compare, print_sheet
from app.simulate.generation.generator import generate
from app.simulate.scenario.library import load
from app.simulate.scenario.scenario import Scenario
from tests.simulate.counting import count

SHEET = load("2021-09-25")


def ratio(part: float | Decimal, whole: float | Decimal, decimals: int = 6) -> Decimal:
    """Return a quotient as the API rounds it."""
    return (Decimal(part) / Decimal(whole)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@pytest.fixture(scope="module")
def answers() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Correct responses, from a plain count of the events."""
    found = count(generate(SHEET))
    viewers, buyers = len(found.viewers), len(found.buyers)
    comments = found.counts["comment.posted"]
    values: dict[str, Any] = {
        "viewers": viewers,
        "buyers": buyers,
        "units_sold": found.units,
        "gmv": str(found.gmv),
        "peak_concurrent_viewers": found.peak,
        "new_followers": len(found.followers),
        "comments": comments,
        "average_watch_seconds": float(found.watched / viewers),
        "follow_rate": float(ratio(len(found.followers), viewers)),
        "engagement_rate": float(ratio(comments, viewers)),
        "conversion_rate": float(ratio(buyers, viewers)),
        "units_conversion_rate": float(ratio(found.units, viewers)),
        "spend_per_buyer": str(ratio(found.gmv, buyers, 2)),
        "units_per_buyer": float(ratio(found.units, buyers)),
        "gmv_per_viewer": str(ratio(found.gmv, viewers, 2)),
    }
    kpis = {"kpis": {slug: {"value": value} for slug, value in values.items()}}
    codes = [product.product for product in SHEET.products]
    rows = [
        {
            "product": code,
            "clicks": found.clicks[code],
            "buyers": len(found.product_buyers[code]),
            "units": found.product_units[code],
            "gmv": str(found.product_gmv[code]),
        }
        for code in codes
    ]
    others = [code for code in found.product_units if code not in codes]
    other = {
        "units": sum(found.product_units[code] for code in others),
        "gmv": str(sum(found.product_gmv[code] for code in others)),
    }
    promotions = [
        {"url": url, "figures": {"views": {"value": views}, "engagements": {"value": engagements}}}
        for url, (views, engagements) in found.promotions.items()
    ]
    total = {"value": sum(views for views, _ in found.promotions.values())}
    report = {"sections": {"promotion": {"rows": promotions, "total_views": total}}}
    return kpis, {"products": rows, "other": other}, report


def test_a_right_server_is_equal_in_every_figure(answers: tuple[Any, Any, Any]) -> None:
    """Every figure of the sheet has a row, and all are equal."""
    console = Console(file=StringIO(), width=120)
    assert print_sheet(console, SHEET, *answers)
    rows = {row.figure: row for row in compare(SHEET, *answers)}
    assert ("5.20", "5.20") == (rows["engagement_rate_percent"].expected, rows["engagement_rate_percent"].found)
    assert ("10.57", "10.57") == (rows["average_watch_minutes"].expected, rows["average_watch_minutes"].found)
    # The session's figures as the sheet prints them, three products, the remainder, two promotions and their total.
    assert 15 + 3 * 4 + 2 + 2 * 2 + 1 == len(rows)
    assert isinstance(console.file, StringIO)
    assert f"{len(rows)} of {len(rows)} figures are equal" in console.file.getvalue()


@pytest.mark.parametrize(
    ("slug", "value", "figure"),
    [
        ("viewers", 18053, "viewers"),
        ("gmv", "481888.01", "gmv"),
        ("gmv", None, "gmv"),
        ("engagement_rate", 0.051962, "engagement_rate_percent"),
        ("average_watch_seconds", 634.6, "average_watch_minutes"),
        ("spend_per_buyer", "2536.26", "spend_per_buyer"),
        ("units_per_buyer", None, "units_per_buyer"),
    ],
)
def test_a_wrong_figure_is_seen(answers: tuple[Any, Any, Any], slug: str, value: object, figure: str) -> None:
    """A figure that differs in the last digit, or is absent, is not equal, and the result is false."""
    kpis, products, _ = answers
    wrong = {"kpis": {**kpis["kpis"], slug: {"value": value}}}
    assert figure in [row.figure for row in compare(SHEET, wrong, products) if not row.equal]
    assert not print_sheet(Console(file=StringIO()), SHEET, wrong, products)


def test_a_wrong_product_or_remainder_is_seen(answers: tuple[Any, Any, Any]) -> None:
    """A missing product and a wrong remainder are not equal."""
    kpis, products, report = answers
    rows = compare(SHEET, kpis, {"products": products["products"][1:], "other": {**products["other"], "units": 215}}, report)
    different = [row.figure for row in rows if not row.equal]
    assert ["ニット clicks", "ニット buyers", "ニット units", "ニット gmv", "outside the line-up units"] == different


def test_a_rate_is_rounded_once() -> None:
    """The printed rate comes from the exact quotient, not from the response's six decimals."""
    scenario = Scenario.model_validate(
        {"session": {"starts_at": "2021-09-25T14:00:00Z"}, "kpis": {"viewers": 800_001, "comments": 1000}}
    )
    # 1000 ÷ 800001 is 0.12499984 %, printed 0.12; its six decimals 0.001250 rounded again would print 0.13.
    kpis = {
        "kpis": {
            slug: {"value": value} for slug, value in (("viewers", 800_001), ("comments", 1000), ("engagement_rate", 0.00125))
        }
    }
    rows = {row.figure: row for row in compare(scenario, kpis, {"products": []})}
    assert ("0.12", "0.12") == (rows["engagement_rate_percent"].expected, rows["engagement_rate_percent"].found)


def test_nothing_counted_stands_for_zero_only() -> None:
    """No value equals zero events; otherwise the figure is missing."""
    assert Row("comments", "0", None).equal
    assert not Row("comments", "1", None).equal
