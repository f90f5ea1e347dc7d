"""Completes a chart: its specification with labels, theme, locale and data put in.

In: documents of the read side, a language, a theme. Out: a Vega-Lite specification that needs nothing else. Never here:
data behind a URL, colours (they are the theme's), words (they are the catalogue's).

`specs/*.json` are the specifications, `themes/*.json` Vega-Lite configurations, `locales.json` D3's formats of numbers and times.
A text that begins with `@` names a key of the label catalogue; a data source's name names rows of `app.charts.data`, which go
into `datasets`.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args
from unicodedata import east_asian_width

from app.charts import data
from app.charts.data import ChartData, Documents
from app.labels.catalogue import Language, label
from app.labels.notation import money_pattern

Chart = Literal["timeline", "funnel", "platforms", "sources", "products"]
CHARTS: tuple[Chart, ...] = get_args(Chart)
Theme = Literal["light", "dark"]
Specification = dict[str, Any]

VEGA_LITE = "6.4"
"""The version that the specifications are written for, that the report renders with, and that the browser gets."""

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
_HERE = Path(__file__).parent
_LATIN_WIDTH = 7.2
"""Pixels of a digit in the size of the charts' texts."""


def specification(chart: Chart, documents: Documents, language: Language, theme: Theme) -> Specification:
    """Return the complete specification of a chart.

    Args:
        chart: which one.
        documents: the documents that `NEEDS` names, by name.
        language: of labels, formats and glyphs.
        theme: the colours.
    """
    drawn = ROWS[chart](documents, language)
    spec: Specification = _translated(_read("specs/empty.json" if drawn.empty else f"specs/{chart}.json"), drawn, language)
    if drawn.empty:
        spec["title"] = label(f"chart.{chart}.title", language)
        spec["usermeta"] = {"empty": True}
    spec["description"] = drawn.description
    spec["datasets"] = drawn.datasets
    params = {"room": _room(drawn), "money": _money_pattern(drawn, language), **drawn.sizes}
    spec["params"] = [{"name": name, "value": value} for name, value in params.items()]
    spec["config"] = _read(f"themes/{theme}.json") | {"font": FONTS[language], "locale": _read("locales.json")[language]}
    return spec


def _room(drawn: ChartData) -> int:
    """Return the pixels that the texts beside the bars need, so that none leaves the chart."""
    texts = [row["text"] for rows in drawn.datasets.values() for row in rows if "text" in row]
    wide = max((sum(2 if east_asian_width(sign) in "WFA" else 1 for sign in text) for text in texts), default=0)
    return 16 + round(wide * _LATIN_WIDTH)


def _money_pattern(drawn: ChartData, language: Language) -> str:
    """Return the notation of the chart's currency, with `#` in the place of the number."""
    return money_pattern(drawn.words["currency"], language).replace("{amount}", "#") if "currency" in drawn.words else "#"


@cache
def _read(file: str) -> Any:
    return json.loads((_HERE / file).read_text(encoding="utf-8"))


def _translated(value: Any, drawn: ChartData, language: Language) -> Any:
    """Return a copy in which the keys of labels are replaced by their texts."""
    if isinstance(value, dict):
        return {key: _translated(item, drawn, language) for key, item in value.items()}
    if isinstance(value, list):
        return [_translated(item, drawn, language) for item in value]
    if isinstance(value, str) and value.startswith("@"):
        return label(value[1:], language).format(**drawn.words)
    return value
