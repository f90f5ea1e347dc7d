"""Tables of the report that a session may have or not: targets, hosts, the platforms' own comparisons.

In: documents of the session. Out: sections of the report, labelled in one language. Never here: I/O, formulas, layout.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.kpis.documents.render import Document
from app.kpis.evaluation.metrics import BY_SLUG, Unit
from app.labels.catalogue import Language, label, label_or
from app.reports.cells import value_cell

SECTIONS = ("targets", "hosts", "benchmarks")
"""The sections, in their order."""
_SOLD = ("orders", "gmv", "gmv_per_minute")


class _Words(NamedTuple):
    """The language and the currency of a report."""

    language: Language
    currency: str

    def cell(self, name: str, slug: str, value: Any, unit: Unit, basis: str | None = None) -> Document:
        """Return a figure with its label and its text; without a basis it was planned and not measured."""
        return value_cell(slug, name, value, unit, self.currency, self.language, basis=basis)


def _section(
    name: str, columns: Sequence[str], rows: list[Document], language: Language, *, notes: Sequence[str] = (), shared: bool = True
) -> Document:
    return {
        "title": label(f"section.{name}", language),
        "shared": shared,
        "columns": [{"key": key, "label": label(f"{name}.column.{key}", language)} for key in columns],
        "rows": rows,
        "notes": list(notes),
    }


def _row(name: str, figures: Mapping[str, Document], kind: str = "row") -> Document:
    return {"kind": kind, "name": name, "figures": figures}


def targets_section(document: Document, language: Language) -> Document | None:
    """Return the targets with what was reached of them; None without targets."""
    words = _Words(language, document["currency"])
    titles = {key: label(f"targets.column.{key}", language) for key in ("target", "value", "attained")}
    rows = []
    for one in document["targets"]:
        slug, unit = one["kpi"], Unit(one["unit"])
        name = label(f"metric.{slug}", language)
        if one["bound"] == "at_most":
            name = label("targets.at_most", language).format(name=name)
        rows.append(
            _row(
                name,
                {
                    "target": words.cell(titles["target"], slug, one["target"], unit),
                    "value": words.cell(titles["value"], slug, one["value"], unit, one["basis"]),
                    "attained": words.cell(titles["attained"], slug, one["attained"], Unit.RATIO, "derived"),
                },
            )
        )
    return _section("targets", ("kpi", *titles), rows, language, shared=document["shared"]) if rows else None


def hosts_section(document: Document, language: Language) -> Document | None:
    """Return the figures by host; None if one host presented, whose figures are the session's."""
    if len(document["hosts"]) < 2:
        return None
    words = _Words(language, document["currency"])
    titles = {key: label(f"hosts.column.{key}", language) for key in ("time", *_SOLD)}

    def figures(found: Document) -> dict[str, Document]:
        minutes = found.get("minutes")
        seconds = None if minutes is None else round(minutes * 60, 6)
        units = {"orders": Unit.COUNT, "gmv": Unit.MONEY, "gmv_per_minute": Unit.MONEY}
        return {
            "time": words.cell(titles["time"], "average_watch_seconds", seconds, Unit.SECONDS, "counted"),
            **{key: words.cell(titles[key], key, found.get(key), units[key], "counted") for key in _SOLD},
        }

    rows = [_row(one["host"] or label("hosts.unnamed", language), figures(one)) for one in document["hosts"]]
    if document["remainder"]["orders"]:
        rows.append(_row(label("hosts.remainder", language), figures(document["remainder"]), "rest"))
    rows.append(_row(label("product.total", language), figures(document["total"]), "total"))
    return _section("hosts", ("host", *titles), rows, language)


def benchmarks_section(benchmarks: Sequence[Document], kpis: Document, language: Language) -> Document | None:
    """Return the platforms' own comparisons beside our figures of the same platform; None without any."""
    words = _Words(language, kpis["currency"])
    titles = {key: label(f"benchmarks.column.{key}", language) for key in ("percentile", "value", "own")}
    rows = []
    for one in benchmarks:
        slug = one["kpi"]
        unit = BY_SLUG[slug].unit
        own = kpis["by_platform"].get(one["platform"], {}).get(slug, {"value": None, "basis": "absent"})
        figures = {
            "percentile": words.cell(titles["percentile"], "percentile", one["percentile"], Unit.COUNT, "reported"),
            "value": words.cell(titles["value"], slug, one["value"], unit, "reported"),
            "own": words.cell(titles["own"], slug, own["value"], unit, own["basis"]),
        }
        platform, indicator = one["platform"], one["indicator"]
        name = label("benchmarks.name", language).format(
            indicator=label_or(f"benchmark.{indicator}", indicator, language),
            platform=label_or(f"platform.{platform}", platform, language),
        )
        rows.append(_row(name, figures))
    notes = (label("benchmarks.note", language),)
    return _section("benchmarks", ("indicator", *titles), rows, language, notes=notes) if rows else None


def client_tables(sections: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections of a report without the tables that are not shared."""
    return {name: found for name, found in sections.items() if name not in SECTIONS or found["shared"]}
