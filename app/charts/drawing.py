"""Renders a specification as SVG or PNG.

In: a complete specification, a width in pixels. Out: a picture. Never here: network, fonts of the machine's.

The renderer is an embedded JavaScript engine. The first chart of a process takes one or two seconds, further charts take tens of
milliseconds. The engine is synchronous and holds the GIL, so a thread does not help: the server renders in the render process
(`app.reports.render_process`).
"""

from functools import cache

import noto_cjk_sans_otc
import vl_convert

from app.charts.specification import VEGA_LITE, Specification
from app.events.characters import clean_values

A4_WIDTH = 680
"""Pixels between the margins of an A4 page at 96 to the inch."""


@cache
def _fonts() -> None:
    """Register the fonts, once per process."""
    vl_convert.register_font_directory(str(noto_cjk_sans_otc.FONT_PATH.parent))


def svg(spec: Specification, width: int = A4_WIDTH) -> str:
    """Return the chart as SVG."""
    _fonts()
    return vl_convert.vegalite_to_svg(_sized(spec, width), vl_version=VEGA_LITE, allowed_base_urls=[])


def png(spec: Specification, width: int = A4_WIDTH, scale: float = 2) -> bytes:
    """Return the chart as PNG."""
    _fonts()
    return vl_convert.vegalite_to_png(_sized(spec, width), vl_version=VEGA_LITE, scale=scale, allowed_base_urls=[])


def _sized(spec: Specification, width: int) -> Specification:
    """Return the specification with a fixed width instead of that of a container.

    The renderer ends its whole process if a text holds a character that XML forbids, so its texts are cleaned.
    """
    return {**clean_values(spec), "width": width}
