"""What the API lets people change, and where the dashboard does it: the table of `docs/reference/dashboard.md` is whole and true."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
WEB = ROOT / "app" / "dashboard" / "web" / "js"
WRITES = {"post", "put", "patch", "delete"}
_ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def _writes() -> dict[str, str]:
    paths = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))["paths"]
    return {
        operation["operationId"]: path
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method in WRITES
    }


def test_every_write_of_the_api_has_its_place() -> None:
    """Each one has a row, and no row is of an operation that does not exist."""
    rows = [name for name, _, _ in _ROW.findall((ROOT / "docs" / "reference" / "dashboard.md").read_text(encoding="utf-8"))]
    assert sorted(_writes()) == sorted(rows)


def test_the_module_of_a_row_sends_its_request() -> None:
    """It holds the last word of the path; a write without a page says why."""
    writes = _writes()
    for name, place, module in _ROW.findall((ROOT / "docs" / "reference" / "dashboard.md").read_text(encoding="utf-8")):
        if module == "–":
            assert place.startswith("no page: "), name
            continue
        words = [part for part in writes[name].split("/") if part and not part.startswith("{")]
        source = (WEB / module.strip("`")).read_text(encoding="utf-8")
        assert re.search(rf"\b{re.escape(words[-1])}\b", source), f"{name}: {module} does not name {words[-1]}"
