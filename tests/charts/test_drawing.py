"""Charts as pictures: drawn with the package's own fonts, with nothing from outside."""

import socket
from typing import Any

import defusedxml.ElementTree
import pytest
import vl_convert

from app.charts.drawing import png, svg
from app.charts.specification import CHARTS, Chart, specification
from app.labels.catalogue import LANGUAGES, Language

Documents = dict[str, dict[str, Any]]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("chart", CHARTS)
def test_a_picture_has_its_words(documents: Documents, chart: Chart, language: Language) -> None:
    """Valid SVG with the title as text in the language's own font, and no reference to elsewhere."""
    spec = specification(chart, documents, language, "light")
    picture = svg(spec)
    root = defusedxml.ElementTree.fromstring(picture)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert spec["title"] in texts
    family = "Noto Sans CJK SC" if language == "zh" else "Noto Sans CJK JP"
    assert {True} == {family in element.get("font-family", "") for element in root.iter(f"{SVG}text")}
    assert "href" not in picture
    assert "url(" not in picture.replace("url(#", "")


def test_an_absent_step_of_the_funnel_has_no_bar(documents: Documents) -> None:
    """Nor a dot in its place: a bar of width 0 with a stroke would be one."""
    root = defusedxml.ElementTree.fromstring(svg(specification("funnel", documents, "en", "light")))
    bars = [element for element in root.iter(f"{SVG}path") if element.get("aria-roledescription") == "bar"]
    assert ["0", "1", "0", "1", "1"] == [bar.get("opacity") for bar in bars]


def word(family: str, text: str) -> bytes:
    """Return the picture of a word."""
    return vl_convert.svg_to_png(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="50"><text y="40" font-size="40" font-family="{family}">{text}</text></svg>'
    )


def test_glyphs_are_japanese_or_chinese_and_never_boxes(documents: Documents) -> None:
    """The packaged font has both families: 骨 differs between them; two words never look the same, as boxes would."""
    svg(specification("funnel", documents, "ja", "light"))
    japanese, chinese = "Noto Sans CJK JP", "Noto Sans CJK SC"
    assert word(japanese, "骨") != word(chinese, "骨")
    for family in (japanese, chinese):
        words = ["商品", "直播", "视频", "編集", "カナ", "在庫"]
        assert len(words) == len({word(family, text) for text in words})
        assert word(family, "商品") != word(family, "\U0010fffd\U0010fffd")


def test_nothing_is_fetched(documents: Documents) -> None:
    """A specification that asks for data from elsewhere is refused, and no connection is opened."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        spec = specification("sources", documents, "en", "light")
        spec["data"] = {"url": f"http://127.0.0.1:{listener.getsockname()[1]}/rows.json"}
        with pytest.raises(ValueError, match=r"not allowed|allowed base"):
            svg(spec)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_picture_is_as_wide_as_asked(documents: Documents) -> None:
    """Phone and page; the specification itself fills its container."""
    spec = specification("products", documents, "ja", "light")
    for width in (320, 680):
        root = defusedxml.ElementTree.fromstring(svg(spec, width))
        assert float(width) == float(root.get("width", "0"))
    assert "container" == spec["width"]
    assert png(spec, 320).startswith(b"\x89PNG")


def test_a_long_name_takes_two_lines_and_is_not_cut(documents: Documents) -> None:
    """It is broken at a space, beside a bar as wide as a phone shows it."""
    sold = documents["products"]
    sold["other"] = {**sold["products"][0], "product": None, "name": None}
    root = defusedxml.ElementTree.fromstring(svg(specification("products", documents, "en", "light"), 330))
    texts = ["".join(element.itertext()) for tag in ("text", "tspan") for element in root.iter(f"{SVG}{tag}")]
    assert [] == [text for text in texts if "…" in text]
    assert {"Products outside the", "line-up"} <= set(texts)
