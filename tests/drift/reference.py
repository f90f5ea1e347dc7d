"""The parts of the documentation that are made from the code: tables of routes, settings, events, KPIs, problems and so on.

In: the registries of the application, the pages as they are. Out: the pages as they should be. Never here: prose.

`make reference` writes the pages; a test compares them. A generated table is found by its heading row, so that the text around it
stays free.
"""

import ast
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIRouter
from prometheus_client import REGISTRY
from typer.core import TyperGroup
from typer.main import get_command

from app.api.access.authorization import Requires
from app.catalogue.access import Role
from app.cli import cli
from app.events.registry import PAYLOADS
from app.kpis.evaluation.metrics import METRICS
from app.main import ROUTERS
from app.problems.codes import CODES
from app.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
Cells = Iterable[object]


def row(*cells: object) -> str:
    """Return a row of a Markdown table; an empty cell is one space."""
    return "|" + "|".join(f" {text} " if (text := str(cell).replace("|", "\\|")) else " " for cell in cells) + "|"


def routes() -> Iterator[str]:
    """Yield a row per route of the API: what it does, and the role with the fewest rights that may call it."""
    document = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))
    found = {route.operation_id: route.dependant for one in ROUTERS for route in _routes(one.router)}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            allowed = next(_required(found[name]), None)
            role = _least(allowed) if allowed else OWN_CHECKS[name] if operation["security"] else "none"
            yield row(f"`{method.upper()} {path}`", operation["summary"], role)


OWN_CHECKS = {"send_events": "ingest", "get_kpis": "viewer", "stream_session": "viewer", "get_metrics": "`TALLYLIGHT_METRICS`"}
"""Roles of the routes that check their caller themselves."""


def _routes(router: APIRouter) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from _routes(route.original_router)  # type: ignore[attr-defined]  # FastAPI's own name of a router in a router


def _required(dependant: Dependant) -> Iterator[frozenset[Role]]:
    for one in dependant.dependencies:
        if isinstance(one.call, Requires):
            yield one.call.roles
        yield from _required(one)


def _least(roles: frozenset[Role]) -> str:
    return "any" if roles == set(Role) else next(role for role in Role if role in roles)


def settings() -> Iterator[str]:
    """Yield a row per setting, in its own words."""
    for name, field in Settings.model_fields.items():
        default = (
            ""
            if field.default is None
            else f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
        )
        yield row(f"`TALLYLIGHT_{name.upper()}`", "" if default == "``" else default, field.description)


def events() -> Iterator[str]:
    """Yield a row per event type: the fields of its data, and the first sentence of its payload class."""
    for name, payload in PAYLOADS.items():
        fields = ", ".join(f"`{field}`" + ("" if info.is_required() else "?") for field, info in payload.model_fields.items())
        yield row(f"`{name}`", fields or "–", first_paragraph(payload.__doc__))


def kpis() -> Iterator[str]:
    """Yield a row per KPI with its labels, unit and formula."""
    for metric in METRICS:
        labels = metric.labels
        yield row(f"`{metric.slug}`", labels["ja"], labels["zh"], labels["en"], metric.unit, metric.formula)


def problems() -> Iterator[str]:
    """Yield a row per code of a problem."""
    return (row(f"`{name}`", code.status, code.meaning) for name, code in CODES.items())


def metrics() -> Iterator[str]:
    """Yield a row per metric of the process, as Prometheus names it."""
    for family in sorted(REGISTRY.collect(), key=lambda family: family.name):
        if family.name.startswith("tallylight_"):
            name = family.name + ("_total" if family.type == "counter" else "")
            labels: tuple[str, ...] = getattr(REGISTRY._names_to_collectors[family.name], "_labelnames", ())
            yield row(f"`{name}`", family.type, ", ".join(labels), family.documentation)


def packages(container: str = "app", number: str = "") -> Iterator[str]:
    """Yield a row per package, from the top of the imports to their end; packages in a package follow it."""
    for place, layer in enumerate(_layers()[container], 1):
        for name in re.split(r" [|:] ", layer):
            path = Path(container.replace(".", "/"), name)
            file = path / "__init__.py" if (ROOT / path).is_dir() else path.with_suffix(".py")
            words = ast.get_docstring(ast.parse((ROOT / file).read_text(encoding="utf-8")))
            yield row(f"{number}{place}", f"`{path if file.name == '__init__.py' else file}`", first_paragraph(words))
            if f"{container}.{name}" in _layers():
                yield from packages(f"{container}.{name}", f"{number}{place}.")


@cache
def _layers() -> Mapping[str, list[str]]:
    """Return the layers of each package that has some, as the contracts of the imports name them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    return {one["containers"][0]: one["layers"] for one in contracts if one["type"] == "layers"}


TABLES: Mapping[tuple[str, str], Callable[[], Iterable[str]]] = {
    ("reference/api.md", "| route | does | role |"): routes,
    ("reference/settings.md", "| setting | default | meaning |"): settings,
    ("reference/events.md", "| type | data | what it says |"): events,
    ("reference/kpis.md", "| slug | 日本語 | 中文 | English | unit | formula |"): kpis,
    ("reference/problems.md", "| code | status | meaning |"): problems,
    ("reference/monitoring.md", "| metric | type | labels | meaning |"): metrics,
    ("explanation/architecture.md", "| layer | package | what is in it |"): packages,
}
"""Page and heading row of each generated table."""


def with_table(text: str, heading: str, rows: Iterable[str]) -> str:
    """Return a page with the rows below a heading row replaced."""
    before, found, after = text.partition(heading + "\n")
    if not found:
        raise LookupError(f"no table with the heading {heading}")
    rule, _, rest = after.partition("\n")
    kept = re.sub(r"\A(?:\|.*\n)*", "", rest)
    return f"{before}{heading}\n{rule}\n" + "".join(f"{line}\n" for line in rows) + kept


def first_paragraph(text: str | None) -> str:
    """Return the first paragraph of a docstring in one line."""
    return " ".join((text or "").strip().partition("\n\n")[0].split())


def commands(command: Any, path: str = "tallylight") -> Iterator[tuple[str, Any]]:
    """Yield each command that does something, with the words that call it."""
    if isinstance(command, TyperGroup):
        for name in command.list_commands(None):  # type: ignore[arg-type]  # ours and Typer's do not look at it
            yield from commands(command.get_command(None, name), f"{path} {name}")  # type: ignore[arg-type]
    elif not command.hidden:
        yield path, command


def command_page() -> str:
    """Return the page of the command: what each does, its arguments and options."""
    found = list(commands(get_command(cli)))
    parts = [COMMAND_INTRO, "| command | does |", "|---|---|"]
    for path, command in found:
        parts.append(row(f"[`{path.removeprefix('tallylight ')}`](#{path.replace(' ', '-')})", first_paragraph(command.help)))
    for path, command in found:
        parts += ["", f"## `{path}`", "", *_paragraphs(command.help)]
        parameters = [one for one in command.params if one.name != "help" and not one.hidden]
        if parameters:
            parts += ["", "| argument, option | default | meaning |", "|---|---|---|", *map(_parameter, parameters)]
    return "\n".join(parts) + "\n"


COMMAND_INTRO = """# Command

`tallylight`, or `python -m app`. Each command takes its settings from the [environment](settings.md), as `serve` does. Exit codes: 0 done;
1 refused or not found; 2 wrong options or settings; 3 no database, or one of another secret key; 4 a server that had to stop before all
was committed; 130 ended by a signal.
"""


def _paragraphs(text: str | None) -> list[str]:
    """Return a docstring's paragraphs, each in one line, with an empty line between them."""
    found = [" ".join(part.split()) for part in (text or "").strip().split("\n\n")]
    return [line for part in found for line in ("", part)][1:]


def _parameter(one: Any) -> str:
    names = f"`{one.name.upper()}`" if one.param_type_name == "argument" else _option(one)
    default = getattr(one.default, "value", one.default)
    stated = "" if default in {None, False, ""} else f"`{default}`"
    shown = "required" if one.required else stated
    return row(names, shown, " ".join((one.help or "").split()))


def _option(one: Any) -> str:
    kind = one.type_descriptor.annotation
    choices = "|".join(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else "…"
    value = "" if one.is_flag else f" {choices}"
    return ", ".join(f"`{name}{value}`" for name in (*one.opts, *one.secondary_opts))


def pages() -> dict[str, str]:
    """Return the pages with generated parts by name, as they should be."""
    texts = {"reference/command.md": command_page()}
    for (name, heading), rows in TABLES.items():
        text = texts.get(name) or (DOCS / name).read_text(encoding="utf-8")
        texts[name] = with_table(text, heading, rows())
    return texts


def main() -> None:
    """Write the pages that differ, and name them."""
    for name, text in pages().items():
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"docs/{name}\n")


if __name__ == "__main__":
    main()
