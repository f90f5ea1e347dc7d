"""A statement as one HTML page for A4.

In: a statement in one edition. Out: HTML with everything inside. Never here: scripts, references to anything outside, figures.
"""

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from app.charts.specification import FONTS
from app.labels.notation import money_text
from app.settlement.files.wording import FileContent, fees_text, percent

_WHOLE = re.compile(r"(\d{4}年\d{1,2}月\d{1,2}日|\d+(?:-\d+)+)")
"""Days and numbers of statements: a line may break inside, and none should."""


def phrase(text: str) -> Markup:
    """Return a text whose days and numbers stay on one line.

    >>> phrase("2021-09-001 <")
    Markup('<span class="nowrap">2021-09-001</span> &lt;')
    """
    pieces = _WHOLE.split(text)
    whole = Markup('<span class="nowrap">{}</span>')
    return Markup("").join(whole.format(piece) if place % 2 else escape(piece) for place, piece in enumerate(pieces))


def render(content: FileContent) -> str:
    """Return the page."""
    words, language = content.words(), content.language
    return _template().render(
        words=words,
        statement=content.statement,
        lines=content.statement.lines,
        internal=content.internal,
        percent=percent,
        phrase=phrase,
        money=lambda amount, currency: money_text(amount, currency, language),
        fees=lambda platform: fees_text([(fee.kind, fee.amount) for fee in platform.fees], platform.currency, language),
        fonts=Markup(FONTS[language]),  # noqa: S704 - our own constant
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("app.settlement.files", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    globals_: dict[str, Any] = environment.globals
    globals_.clear()
    return environment.get_template("statement.html.j2")
