"""The committed OpenAPI document equals the one that the application serves."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_committed_document_is_the_apps_own() -> None:
    """`tallylight openapi` prints openapi/openapi.json to the byte; after a change of a route: `make openapi`."""
    printed = subprocess.run([sys.executable, "-m", "app", "openapi"], cwd=ROOT, check=True, capture_output=True).stdout
    same = (ROOT / "openapi" / "openapi.json").read_bytes() == printed
    assert same, "openapi/openapi.json is not the application's document: run `make openapi`"
