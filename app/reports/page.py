"""The report as one HTML page to print.

In: the report document, charts' specifications. Out: HTML with everything inside. Never here: scripts, references to
anything outside, figures of its own.
"""

from base64 import b64encode
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from app.catalogue.brands.logos import LogoImage
from app.charts.drawing import can_draw, svg
from app.charts.specification import FONTS, Specification
from app.events.characters import clean_values
from app.kpis.documents.render import Document
from app.labels.catalogue import label
from app.reports.document import FACT_PAIRS, heading_of, subtitle_of
from app.reports.marks import mark_lines
from app.reports.tables import SECTIONS
from app.reports.windows import WINDOWS, loss_text

_NO_LOSSES: Document = {"losses": {"rows": []}}


def render(report: Document, specs: list[Specification], logo: LogoImage | None = None) -> str:
    """Return the page; it draws the charts, so call it in the render process."""
    report, specs = clean_values(report), clean_values(specs)
    language = report["language"]
    charts = [
        # The renderer writes proper XML: what is text in the specification is text there. Without it the description is shown.
        {"title": spec["title"], "description": spec["description"], "svg": Markup(svg(spec)) if can_draw() else None}  # noqa: S704
        for spec in specs
    ]
    facts = [fact for fact in report["sections"]["totals"]["facts"] if fact["key"] in FACT_PAIRS]
    return _template().render(
        report=report,
        sections=report["sections"],
        heading=heading_of(report),
        subtitle=subtitle_of(report),
        facts=facts,
        logo=logo and f"data:{logo.media_type};base64,{b64encode(logo.content).decode()}",
        tables=[report["sections"][name] for name in SECTIONS if name in report["sections"]],
        marks=mark_lines(marks, language) if (marks := report["sections"].get("marks")) else [],
        windows=WINDOWS,
        losses=[loss_text(row, language) for row in report["sections"].get("retention", _NO_LOSSES)["losses"]["rows"]],
        charts=charts,
        fonts=Markup(FONTS[language]),  # noqa: S704 - our own constant
        word=lambda key, **gaps: label(key, language).format(**gaps),
    )


@cache
def _template() -> Template:
    loader = PackageLoader("app.reports", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    globals_: dict[str, Any] = environment.globals
    globals_.clear()
    return environment.get_template("report.html.j2")
