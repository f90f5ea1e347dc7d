"""Renders a specification as SVG or PNG.

In: a complete specification, a width in pixels. Out: a picture; for the browser, the renderer's own bundle. Never here: network,
fonts of the machine's; what is shown without the renderer, which is the extra `charts`.

The renderer is an embedded JavaScript engine. The first chart of a process takes one or two seconds, further charts take tens of
milliseconds. The engine is synchronous and holds the GIL, so a thread does not help: the server renders in the render process
(`app.reports.render_process`).
"""

from functools import cache
from importlib import metadata
from typing import Any

from app.charts.specification import VEGA_LITE, Specification
from app.events.characters import clean_values
from app.extras import is_installed

A4_WIDTH = 680
"""Pixels between the margins of an A4 page at 96 to the inch."""


def can_draw() -> bool:
    """Return whether the renderer is installed."""
    return is_installed("charts")


def renderer_version() -> str:
    """Return the version of the installed renderer; empty if there is none."""
    return metadata.version("vl-convert-python") if can_draw() else ""


def browser_bundle(exports: str) -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one module that ends with the statement `exports`."""
    import vl_convert  # noqa: PLC0415 - an optional extra

    return vl_convert.javascript_bundle(exports, VEGA_LITE)


@cache
def _renderer() -> Any:
    """Return the renderer with its fonts, which are registered once per process."""
    import noto_cjk_sans_otc  # noqa: PLC0415 - an optional extra
    import vl_convert  # noqa: PLC0415 - the same

    vl_convert.register_font_directory(str(noto_cjk_sans_otc.FONT_PATH.parent))
    return vl_convert


def svg(spec: Specification, width: int = A4_WIDTH) -> str:
    """Return the chart as SVG."""
    drawn: str = _renderer().vegalite_to_svg(_sized(spec, width), vl_version=VEGA_LITE, allowed_base_urls=[])
    return drawn


def png(spec: Specification, width: int = A4_WIDTH, scale: float = 2) -> bytes:
    """Return the chart as PNG."""
    drawn: bytes = _renderer().vegalite_to_png(_sized(spec, width), vl_version=VEGA_LITE, scale=scale, allowed_base_urls=[])
    return drawn


def _sized(spec: Specification, width: int) -> Specification:
    """Return the specification with a fixed width instead of that of a container.

    The renderer ends its whole process if a text holds a character that XML forbids, so its texts are cleaned.
    """
    return {**clean_values(spec), "width": width}
