"""Documents of a small session, as the read side sends them."""

from typing import Any

import pytest


def product(code: str, name: str, **figures: Any) -> dict[str, Any]:
    """Return what charts read of a product."""
    return {"product": code, "name": name, "gmv": "0.00", "units": 0, "clicks": 0} | figures


def step(kpi: str, value: int | None, rate: float | None = None, rate_of: str | None = None) -> dict[str, Any]:
    """Return a step of the funnel."""
    return {"kpi": kpi, "value": value, "rate": rate, "rate_of": rate_of}


@pytest.fixture
def documents() -> dict[str, dict[str, Any]]:
    """Three minutes, two products, two platforms."""

    def kpis(**values: Any) -> dict[str, Any]:
        slugs = ("impressions", "viewers", "comments", "likes", "product_clicks", "clickers", "orders", "buyers", "gmv")
        return {slug: {"value": values.get(slug)} for slug in slugs}

    return {
        "timeline": {
            "currency": "CNY",
            "from": "2021-09-25T14:00:00+09:00",
            "to": "2021-09-25T14:03:00+09:00",
            "buckets": [f"2021-09-25T14:0{minute}:00+09:00" for minute in range(3)],
            "series": {"concurrent_viewers": [100, None, 1280], "gmv": ["0.00", "1099.50", "2198.00"]},
            "marks": [
                {"at": "2021-09-25T14:00:00+09:00", "kind": "started", "product": None, "platform": "wechat"},
                {"at": "2021-09-25T14:02:30+09:00", "kind": "sold_out", "product": "knit", "platform": None},
            ],
        },
        "showcases": {
            "showcases": [
                {"product": "knit", "from": "2021-09-25T13:59:00+09:00", "to": "2021-09-25T14:01:30+09:00"},
                {"product": "coat", "from": "2021-09-25T15:00:00+09:00", "to": "2021-09-25T15:10:00+09:00"},
            ]
        },
        "products": {
            "currency": "CNY",
            "products": [
                product("knit", "ニット", gmv="3000.00", units=3, clicks=50),
                product("coat", "直播大衣", gmv="5000.25", units=2, clicks=10),
            ],
            "other": {"products": []},
            "total": {"gmv": "9000.00", "units": 7, "clicks": 60},
        },
        "kpis": {
            "kpis": kpis(viewers=18052, product_clicks=12088, clickers=6044, orders=209, buyers=190, gmv="9000.00"),
            "currency": "CNY",
            "by_platform": {"wechat": kpis(viewers=15000, gmv="9000.00"), "weibo": kpis(viewers=3052)},
        },
        "funnel": {
            "steps": [
                step("impressions", None),
                step("viewers", 18052),
                step("product_viewers", None),
                step("clickers", 6044, 0.33481, "viewers"),
                step("buyers", 190, 0.031436, "clickers"),
            ]
        },
        "audience": {
            "by_source": [
                {"source": "fans", "viewers": 10765, "share": 0.596333},
                {"source": "billboard", "viewers": 20, "share": 0.001108},
                {"source": None, "viewers": 5, "share": 0.000277},
            ]
        },
    }
