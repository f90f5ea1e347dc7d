"""Completes a chart: its specification with labels, theme, locale and data put in.

In: documents of the read side, a language, a theme. Out: a Vega-Lite specification that needs nothing else. Never here:
data behind a URL, colours (they are the theme's), words (they are the catalogue's).

`specs/*.json` are the specifications, `themes/*.json` Vega-Lite configurations. A text that begins with `@` names a key of
the label catalogue; a data source's name stands for rows of `app.charts.data`, which go into `datasets`.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import vl_convert

from app.charts import data
from app.charts.data import ChartData, Documents
from app.labels.catalogue import Language, label

Chart = Literal["timeline", "funnel", "platforms", "sources", "products"]
CHARTS: tuple[Chart, ...] = get_args(Chart)
Theme = Literal["light", "dark"]
Specification = dict[str, Any]

VEGA_LITE = "6.4"
"""The version that the specifications are written for, that the report renders with, and that the browser gets from
`vl_convert.javascript_bundle(…, VEGA_LITE)`."""

ROWS = {
    "timeline": data.timeline,
    "funnel": data.funnel,
    "platforms": data.platforms,
    "sources": data.sources,
    "products": data.products,
}
NEEDS: Mapping[Chart, tuple[str, ...]] = {
    "timeline": ("timeline", "showcases", "products"),
    "funnel": ("kpis",),
    "platforms": ("kpis",),
    "sources": ("audience",),
    "products": ("products",),
}
"""The documents of a session that each chart shows."""

# The same text has Japanese glyphs in one language and Chinese ones in the other: the first family that is there decides.
# Noto Sans CJK comes with the packages for what is rendered here; the others are what browsers find on people's machines.
FONTS: Mapping[Language, str] = {
    "ja": "'Noto Sans CJK JP', 'Noto Sans JP', 'Hiragino Sans', 'Yu Gothic', Meiryo, sans-serif",
    "zh": "'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif",
    "en": "'Noto Sans CJK JP', 'Noto Sans JP', 'Hiragino Sans', 'Yu Gothic', Meiryo, sans-serif",
}
_LOCALES: Mapping[Language, Literal["ja-JP", "zh-CN", "en-US"]] = {"ja": "ja-JP", "zh": "zh-CN", "en": "en-US"}
_HERE = Path(__file__).parent


def specification(chart: Chart, documents: Documents, language: Language, theme: Theme) -> Specification:
    """Return the complete specification of a chart.

    Args:
        chart: which one.
        documents: the documents that `NEEDS` names, by name.
        language: of labels, formats and glyphs.
        theme: the colours.
    """
    drawn = ROWS[chart](documents, language)
    spec: Specification = _translated(_read(f"specs/{chart}.json"), drawn, language)
    spec["description"] = drawn.description
    spec["datasets"] = drawn.datasets
    spec["config"] = _read(f"themes/{theme}.json") | {"font": FONTS[language], "locale": _locale(language)}
    return spec


@cache
def _read(file: str) -> Any:
    return json.loads((_HERE / file).read_text(encoding="utf-8"))


@cache
def _locale(language: Language) -> dict[str, Any]:
    name = _LOCALES[language]
    return {"number": vl_convert.get_format_locale(name), "time": vl_convert.get_time_format_locale(name)}


def _translated(value: Any, drawn: ChartData, language: Language) -> Any:
    """Return a copy with the catalogue's words in the places of their keys."""
    if isinstance(value, dict):
        return {key: _translated(item, drawn, language) for key, item in value.items()}
    if isinstance(value, list):
        return [_translated(item, drawn, language) for item in value]
    if isinstance(value, str) and value.startswith("@"):
        return label(value[1:], language).format(**drawn.words)
    return value
