"""A statement as one HTML page for A4.

In: a statement in one edition. Out: HTML with everything inside. Never here: scripts, references to anything outside, figures.
"""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from app.charts.specification import FONTS
from app.labels.notation import money_text
from app.settlement.files.wording import FileContent, fees_text, percent


def render(content: FileContent) -> str:
    """Return the page."""
    words, language = content.words(), content.language
    return _template().render(
        words=words,
        statement=content.statement,
        lines=content.statement.lines,
        internal=content.internal,
        percent=percent,
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
