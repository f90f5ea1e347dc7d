"""The layout of the source: short files, modules that say what comes in and goes out, helpers outside of test modules."""

import ast
import re
import subprocess
import tomllib
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

from app.events.envelope import EVENT_MODELS

ROOT = Path(__file__).parents[2]
MOST_LINES = 300
MOST_MODULES = 25
LISTED = [
    Path(name)
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "app", "tests", "migrations"],  # noqa: S607 - git of the PATH
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()
    if (ROOT / name).exists()
]  # fmt: skip
SOURCE = {".py", ".sql", ".js", ".css", ".html", ".j2"}
PARTS = ("In:", "Out:", "Never here:")
WITHOUT = {"app/__init__.py", "app/__main__.py"}
"""The package itself, and the line that makes it a command."""


def tree(path: Path) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Return the modules that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return found


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    """A file that grows beyond is two files."""
    lengths = {str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in LISTED if path.suffix in SOURCE}
    assert len(lengths) > 1000
    assert {} == {name: lines for name, lines in lengths.items() if lines > MOST_LINES}


def test_no_package_has_more_than_twenty_five_modules() -> None:
    """One that grows beyond is divided by subject, with a contract in pyproject.toml."""
    modules = Counter(
        str(path.parent) for path in LISTED if path.parts[0] == "app" and path.suffix == ".py" and path.stem != "__init__"
    )
    assert len(modules) > 50
    assert {} == {name: count for name, count in modules.items() if count > MOST_MODULES}


def test_every_module_says_what_comes_in_what_goes_out_and_what_never_happens() -> None:
    """In its docstring; the kinds of a register may refer to their protocol."""
    missing = {}
    for path in LISTED:
        if path.parts[0] != "app" or path.suffix != ".py" or str(path) in WITHOUT:
            continue
        text = re.sub(r"\s+", " ", ast.get_docstring(tree(path)) or "")
        absent = [part for part in PARTS if part not in text]
        if absent and "In, out, never here: as in `protocol`" not in text:
            missing[str(path)] = absent
    assert {} == missing


def test_every_module_that_a_docstring_or_a_comment_names_exists() -> None:
    """By its path (`ingest.flushing.dead_letters`, app/events/reader.py): one that was moved is named as it is now."""
    packages = {path.name for path in (ROOT / "app").iterdir() if (path / "__init__.py").exists()}
    missing = {}
    for path in LISTED:
        if path.suffix in SOURCE:
            text = (ROOT / path).read_text(encoding="utf-8")
            named = {name for name in re.findall(r"`(?:app\.)?([a-z]\w*(?:\.\w+)+)`", text) if name.split(".")[0] in packages}
            lost = {name for name in named if not _leads_somewhere(name)}
            lost |= {
                name
                for name in re.findall(r"(?<![\w/.-])(?:app|tests)/[\w/.-]+\.(?:py|sql|js|css|json)\b", text)
                if not (ROOT / name).exists()
            }
            if lost:
                missing[str(path)] = lost
    assert {} == missing


def _leads_somewhere(name: str) -> bool:
    """Tell whether a dotted name is a module of the application, a name in one, or an event type."""
    if f"live.{name.removeprefix('live.')}" in EVENT_MODELS:
        return True
    steps = name.split(".")
    for length in range(len(steps), 0, -1):
        place = ROOT / "app" / "/".join(steps[:length])
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.exists():
                rest = steps[length:]
                return not rest or re.search(rf"\b{rest[0]}\b", file.read_text(encoding="utf-8")) is not None
    return False


def test_every_module_of_a_package_with_layers_has_its_layer() -> None:
    """`lint-imports` says so too, and names no file."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = [one for one in settings["tool"]["importlinter"]["contracts"] if one.get("exhaustive")]
    assert len(contracts) > 5
    missing = []
    for contract in contracts:
        layers = {name.strip() for layer in contract["layers"] for name in re.split(r"[|:]", layer)}
        for container in contract["containers"]:
            folder = Path(container.replace(".", "/"))
            inside = {
                path.relative_to(folder).parts[0] for path in LISTED if path.is_relative_to(folder) and path.suffix == ".py"
            }
            missing += [
                f'{container}.{name} is in no layer: name it in `layers` of the contract "{contract["name"]}" in pyproject.toml'
                for name in sorted({name.removesuffix(".py") for name in inside} - {"__init__"} - layers)
            ]
    assert [] == missing


def test_no_test_module_is_imported() -> None:
    """What tests share stands in a conftest or in a module of its own: a test module may be moved, split or deleted."""
    found = {
        (str(path), name)
        for path in LISTED
        if path.parts[0] == "tests" and path.suffix == ".py"
        for name in imported(path)
        if name.startswith("tests.") and re.search(r"\.test_\w+$", name.partition(" ")[0]) and _is_module(name)
    }
    assert set() == found


def test_folders_of_tests_bear_the_names_of_the_packages_that_they_test() -> None:
    """`tests/kpis/windows` tests `app/kpis/windows`; a room without packages keeps its tests in one folder."""
    rooms = {path.name for path in (ROOT / "app").iterdir() if (path / "__init__.py").exists()}
    folders = {path.parent for path in LISTED if path.name.startswith("test_") and path.parts[1] in rooms and len(path.parts) > 3}
    assert len(folders) > 20
    assert set() == {
        str(folder) for folder in folders if not (ROOT / "app" / folder.relative_to("tests") / "__init__.py").exists()
    }


def _is_module(name: str) -> bool:
    return (ROOT / (name.replace(".", "/") + ".py")).exists()


def test_folders_of_the_dashboard_s_scripts_import_one_way() -> None:
    """What all pages share knows no page; pages that use each other's scripts do not do so in a circle."""
    scripts = ROOT / "app" / "dashboard" / "web" / "js"
    imported: dict[str, set[str]] = {}
    for path in scripts.rglob("*.js"):
        folder = path.relative_to(scripts).parts[0]
        for address in re.findall(r'\b(?:from|import)\b[\s(]*"(\..+?)"', path.read_text(encoding="utf-8")):
            target = (path.parent / address).resolve()
            assert target.exists(), f"{path.name}: {address}"
            imported.setdefault(folder, set()).add(target.relative_to(scripts).parts[0])
    uses = {folder: found - {folder} for folder, found in imported.items()}
    assert {"server": {"page"}, "components": {"page", "server"}} == {name: uses[name] for name in ("server", "components")}
    assert set() == uses["page"]
    assert "main.js" == list(TopologicalSorter(uses).static_order())[-1]


def test_decimals_of_a_currency_and_the_status_of_a_session_are_decided_once() -> None:
    """One module asks for the decimals, and one says which status a session has; the others ask these."""
    asked = {
        str(path)
        for path in LISTED
        if path.parts[0] == "app" and path.suffix == ".py" and "babel.numbers.get_currency_precision" in imported(path)
    }
    assert asked == {"app/currency.py"}
    chosen = {
        str(path)
        for path in LISTED
        if path.parts[0] == "app"
        and path.suffix == ".py"
        and re.search(r"\.PROVISIONAL\b", (ROOT / path).read_text(encoding="utf-8"))
    }
    assert chosen <= {"app/storage/kpis/session_status.py", "app/catalogue/sessions/session_list.py"}
