"""Draws a specification as SVG or PNG.

In: a complete specification, a width in pixels. Out: a picture. Never here: network, fonts of the machine's.

The renderer is an embedded JavaScript engine: a second or two for the first chart of a process, tens of milliseconds for the
next. It is synchronous and holds the interpreter's lock all the while, so that a thread would not help: a server draws in a
process of its own (`app.reports.render_process`).
"""

from functools import cache

import noto_cjk_sans_otc
import vl_convert

from app.charts.specification import VEGA_LITE, Specification

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
    """Return the specification with a width of its own: here is no container to fill."""
    return spec | {"width": width}
