"""The OpenAPI document passes the linters of the field, and its examples are valid."""

import json
from typing import Any

import pytest

from tests.clients.tools import DOCUMENT, HERE, node_tool, run

pytestmark = pytest.mark.long


def problems_of(output: str) -> list[dict[str, Any]]:
    """Return the list that Spectral prints; without problems it adds a sentence."""
    found: list[dict[str, Any]] = json.JSONDecoder().raw_decode(output)[0]
    return found


def test_spectral_finds_no_error_and_no_warning() -> None:
    """The ruleset `spectral:oas`, which also validates every example and every pattern as ECMA-262."""
    found = run(
        node_tool("spectral"),
        "lint",
        DOCUMENT,
        "--ruleset",
        HERE / "spectral.yaml",
        "--format",
        "json",
        "--fail-severity",
        "hint",
    )
    problems = [
        f"{problem['code']} {'/'.join(map(str, problem['path']))}: {problem['message']}" for problem in problems_of(found.stdout)
    ]
    assert [] == problems
    assert 0 == found.returncode, found.stderr


def test_redocly_finds_no_error_and_no_warning() -> None:
    """The ruleset `recommended`."""
    found = run(
        node_tool("redocly"), "lint", DOCUMENT, "--config", HERE / "redocly.yaml", "--format", "json", "--max-problems", "1000"
    )
    report = json.loads(found.stdout)
    assert [] == [
        f"{problem['ruleId']} {problem['location'][0].get('pointer')}: {problem['message']}" for problem in report["problems"]
    ]
    assert 0 == found.returncode, found.stderr
