"""Charts as specifications: complete, worded, true to their documents."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, get_args

import pytest
import vl_convert
from hypothesis import given, strategies as st

from app.charts.drawing import svg
from app.charts.placement import clearances, gaps
from app.charts.specification import CHARTS, NEEDS, ROWS, VEGA_LITE, Chart, Theme, specification
from app.labels.catalogue import LANGUAGES, Language
from tests.charts.conftest import product

Documents = dict[str, dict[str, Any]]


@pytest.mark.parametrize("theme", get_args(Theme))
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("chart", CHARTS)
def test_a_specification_needs_nothing_else(documents: Documents, chart: Chart, language: Language, theme: Theme) -> None:
    """No label is left a key, no gap unfilled, no data behind a URL; every named source of data is there."""
    spec = specification(chart, documents, language, theme)
    text = json.dumps(spec, ensure_ascii=False)
    assert '"@' not in text
    assert not re.search(r"\{[a-z_]+\}", text)
    assert '"url"' not in text
    named = set(re.findall(r'"data": \{"name": "(\w+)"\}', text))
    assert named == spec["datasets"].keys()
    assert spec["description"]
    assert f"v{VEGA_LITE.partition('.')[0]}.json" in spec["$schema"]
    assert vl_convert.vegalite_to_vega(spec, vl_version=VEGA_LITE)


def test_every_chart_has_rows_and_documents() -> None:
    """The names agree."""
    assert set(CHARTS) == set(ROWS) == set(NEEDS)


def test_the_browser_gets_the_version_that_the_report_uses() -> None:
    """Ours is the newest of the package, which is what its bundle carries when none is named."""
    assert VEGA_LITE == vl_convert.get_vegalite_versions()[-1]


def colours(value: Any) -> set[str]:
    """Return every colour that a document names."""
    return set(re.findall(r"#[0-9a-fA-F]{6}\b", json.dumps(value)))


@pytest.mark.parametrize("chart", CHARTS)
def test_looks_are_the_themes_alone(documents: Documents, chart: Chart) -> None:
    """A specification differs from theme to theme in its configuration only, and names no colour itself."""
    light, dark = (specification(chart, documents, "ja", theme) for theme in get_args(Theme))
    assert light.pop("config") != dark.pop("config")
    assert light == dark
    assert set() == colours(light)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("theme", "ground"), [("light", "#ffffff"), ("dark", "#161b22")])
def test_what_is_drawn_stands_out_from_its_ground(documents: Documents, theme: Theme, ground: str) -> None:
    """WCAG AA: 4.5 to 1 for text, 3 to 1 for lines and bars."""
    config = specification("timeline", documents, "ja", theme)["config"]

    def contrast(colour: str) -> float:
        high, low = sorted((luminance(colour), luminance(ground)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    texts = {config["title"]["color"], config["axis"]["labelColor"], config["text"]["color"], config["legend"]["labelColor"]}
    texts |= {style["color"] for name, style in config["style"].items() if name.endswith("label") or name == "value"}
    assert {} == {colour: contrast(colour) for colour in texts if contrast(colour) < 4.5}
    shapes = {
        *config["range"]["category"],
        config["bar"]["color"],
        *(config["style"][name]["color"] for name in ("viewers", "gmv")),
    }
    assert {} == {colour: contrast(colour) for colour in shapes if contrast(colour) < 3}


def test_the_timeline_shows_the_sessions_own_clock(documents: Documents) -> None:
    """14:00 in Tokyo is drawn at 14:00, wherever the reader is; windows are cut to what is shown."""
    spec = specification("timeline", documents, "ja", "light")
    data = spec["datasets"]
    first = data["buckets"][0]
    assert datetime(2021, 9, 25, 14, tzinfo=UTC) == datetime.fromtimestamp(first["at"] / 1000, UTC)
    assert "utc" == spec["encoding"]["x"]["scale"]["type"]
    assert "時刻（UTC+9）" == spec["encoding"]["x"]["title"]
    assert [("14:00", 100), ("14:02", 1280)] == [(sample["time"], sample["viewers"]) for sample in data["samples"]]
    assert [0.0, 1099.5, 2198.0] == [bucket["gmv"] for bucket in data["buckets"]]
    assert [("ニット", "14:00–14:01", 90_000)] == [(w["product"], w["times"], w["until"] - w["at"]) for w in data["windows"]]
    assert [("ニット 売り切れ", "14:02")] == [(mark["text"], mark["time"]) for mark in data["sold_out"]]
    for part in ("14:00", "14:03", "1,280", "14:02", "3,297.50元", "ニット 14:02"):
        assert part in spec["description"]


def test_the_timeline_shows_hosts_and_marks(documents: Documents) -> None:
    """In words, with their text and their end; the line begins below them."""
    spec = specification("timeline", documents, "en", "light")
    assert [] == spec["datasets"]["marks"]
    alone = next(param["value"] for param in spec["params"] if param["name"] == "top")
    at = "2021-09-25T14:0{}:00+09:00".format
    common = {"product": None, "platform": "wechat", "host": None, "label": None, "text": None, "until": None}
    documents["timeline"]["marks"] += [
        common | {"at": at(1), "kind": "host", "host": "王芳"},
        common | {"at": at(1), "kind": "mark", "label": "violation", "text": "spoke of the price"},
        common | {"at": at(2), "kind": "mark", "label": "own-label", "until": "2021-09-25T15:00:00+09:00"},
    ]
    spec = specification("timeline", documents, "en", "light")
    rows = spec["datasets"]["marks"]
    assert [("Host 王芳", "14:01", ""), ("Violation", "14:01", "spoke of the price"), ("own-label", "14:02–14:03", "")] == [
        (row["text"], row["time"], row["note"]) for row in rows
    ]
    assert "Host 王芳 14:01, Violation 14:01, own-label 14:02–14:03" in spec["description"]
    assert alone < next(param["value"] for param in spec["params"] if param["name"] == "top")
    assert "王芳" in svg(spec)


def test_a_clock_change_folds_nothing(documents: Documents) -> None:
    """Buckets stay in order and apart when clocks go back during the broadcast."""
    timeline = documents["timeline"]
    timeline["from"], timeline["to"] = "2021-10-31T02:59:00+02:00", "2021-10-31T02:02:00+01:00"
    timeline["buckets"] = ["2021-10-31T02:59:00+02:00", "2021-10-31T02:00:00+01:00", "2021-10-31T02:01:00+01:00"]
    times = [bucket["time"] for bucket in specification("timeline", documents, "en", "light")["datasets"]["buckets"]]
    assert ["02:59", "03:00", "03:01"] == times


def test_the_funnel_tells_each_steps_ratio(documents: Documents) -> None:
    """A step that nothing supplied is a dash; a ratio that does not divide by the step above says by what."""
    steps = specification("funnel", documents, "en", "light")["datasets"]["steps"]
    assert ["—", "18,052", "—", "6,044 · 33.48% of Viewers", "190 · 3.14%"] == [step["text"] for step in steps]


def test_platforms_share_what_they_add_up_to(documents: Documents) -> None:
    """Shares of the platforms' sum; figures that no platform has are left out."""
    parts = specification("platforms", documents, "zh", "light")["datasets"]["parts"]
    assert [
        ("观看人数", "微信", "15,000"),
        ("观看人数", "微博", "3,052"),
        ("成交金额", "微信", "¥9,000"),
        ("成交金额", "微博", "—"),
    ] == [(part["label"], part["platform_name"], part["text"]) for part in parts]
    assert [0.830933, 0.169067, 1.0, 0.0] == [round(part["share"], 6) for part in parts]


def test_sources_have_names_where_we_know_them(documents: Documents) -> None:
    """A source that the catalogue does not know keeps its slug, and an arrival without a source is labelled unknown."""
    sources = specification("sources", documents, "en", "light")["datasets"]["sources"]
    assert ["Followers", "billboard", "Unknown"] == [source["label"] for source in sources]
    assert "10,765 · 59.6%" == sources[0]["text"]


def test_products_come_by_gmv_with_the_remainder_last(documents: Documents) -> None:
    """What was sold outside the line-up is one more bar."""
    bars = specification("products", documents, "ja", "light")["datasets"]["products"]
    assert ["直播大衣", "ニット", "ラインナップ以外の商品"] == [bar["label"] for bar in bars]
    assert ["5,000.25元 · 2点", "3,000元 · 3点", "999.75元 · 2点"] == [bar["text"] for bar in bars]


def test_many_products_lose_no_cent(documents: Documents) -> None:
    """Past twelve the rest is one bar, and all bars add up to the session's total."""
    many = [product(f"p{n}", f"P{n}", gmv=f"{n}.10", units=1) for n in range(1, 41)]
    total = sum(Decimal(row["gmv"]) for row in many)
    documents["products"] |= {"products": many, "total": {"gmv": str(total), "units": 40, "clicks": 0}}
    bars = specification("products", documents, "en", "light")["datasets"]["products"]
    assert 13 == len(bars)
    assert "All other products" == bars[-1]["label"]
    assert total == sum(Decimal(re.sub(r"[^\d.]", "", bar["gmv_text"])) for bar in bars)


def test_an_empty_session_has_charts_too(documents: Documents) -> None:
    """Nothing was supplied, nothing breaks."""
    empty = {"value": None}
    documents["timeline"] |= {"series": {"concurrent_viewers": [None] * 3, "gmv": ["0.00"] * 3}, "marks": []}
    documents["showcases"]["showcases"] = []
    documents["products"] |= {"products": [], "total": {"gmv": None, "units": None, "clicks": None}}
    documents["kpis"] = {
        "kpis": dict.fromkeys(documents["kpis"]["kpis"], empty),
        "by_platform": {},
    }
    documents["audience"]["by_source"] = []
    documents["funnel"] = {"steps": [step | {"value": None, "rate": None} for step in documents["funnel"]["steps"]]}
    for chart in CHARTS:
        spec = specification(chart, documents, "en", "dark")
        assert spec["description"]
        drawn = svg(spec)
        assert "There is no data to show yet" in drawn
        assert "role-axis" not in drawn


@given(st.lists(st.floats(0, 1), max_size=60), st.floats(0.001, 0.5))
def test_labels_with_enough_clearance_never_overlap(places: list[float], width: float) -> None:
    """Any two that are shown are a label's width apart; the first is shown always, and a row of few is shown whole."""
    shown = sorted(place for place, clearance in zip(places, clearances(places), strict=True) if clearance >= width)
    assert all(later - earlier >= width for earlier, later in pairwise(shown))
    assert not places or places[0] in shown


@given(st.lists(st.floats(0, 1), max_size=40))
def test_a_gap_is_the_distance_to_the_nearest_other_mark(places: list[float]) -> None:
    """As comparing every pair finds it."""
    pairs = [
        min((abs(place - other) for n, other in enumerate(places) if n != at), default=2.0) for at, place in enumerate(places)
    ]
    assert pairs == pytest.approx(gaps(places))


def test_evenly_placed_labels_are_thinned_evenly() -> None:
    """Of 200 labels of which every twentieth has room, between a third and all of ten are shown, spread over the axis."""
    places = [number / 200 for number in range(200)]
    shown = [place for place, clearance in zip(places, clearances(places), strict=True) if clearance >= 0.1]
    assert 4 <= len(shown) <= 10
    assert max(later - earlier for earlier, later in pairwise([*shown, 1])) <= 0.4
