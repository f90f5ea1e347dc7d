"""Every problem has a stable code, with words in three languages and a row in the documentation."""

import ast
import re
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from app.labels.catalogue import labels
from app.problems import CODES, ProblemError, not_found

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")


def test_every_code_is_documented_with_its_status() -> None:
    """The table has a row per code, and no other."""
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \| (.+) \|$", PAGE, flags=re.MULTILINE)
    assert CODES == {code: int(status) for code, status, _ in rows}
    assert len(rows) == len(CODES)


def test_every_code_has_words() -> None:
    """The label catalogue has `problem.<code>` for every code, and no other."""
    assert set(CODES) == set(labels("problem.", "ja")) == set(labels("problem.", "en"))


def test_the_code_of_a_problem_fits_its_status() -> None:
    """Where it is raised: read from the source, so that no raise is forgotten."""
    found = 0
    for file in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "ProblemError":
                code = next(
                    (
                        keyword.value.value
                        for keyword in node.keywords
                        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
                    ),
                    None,
                )
                if code is not None and node.args and isinstance(node.args[0], ast.Constant):
                    found += 1
                    assert node.args[0].value == CODES[str(code)], f"{file}:{node.lineno}"
    assert found > 5


@pytest.mark.parametrize("what", ["session", "product in this line-up", "dead letter", "brand", "key", "stream", "unicorn"])
def test_what_is_not_found_has_a_code(what: str) -> None:
    """An object of a kind that has no code of its own is `not_found`."""
    code = not_found(what).code
    assert 404 == CODES[code]
    assert (code == "not_found") == (what == "unicorn")


def test_any_status_has_a_code() -> None:
    """Also an unexpected one."""
    assert "conflict" == ProblemError(409).code
    assert "internal_error" == ProblemError(599).code
    assert "bad_request" == ProblemError(418).code


async def test_problems_of_the_api_name_their_code(client: httpx.AsyncClient) -> None:
    """Of routes, of the framework and of the hot path."""
    asked = {
        "session_not_found": client.get(f"/v1/sessions/{uuid4()}/kpis"),
        "not_found": client.get("/v1/nowhere"),
        "method_not_allowed": client.delete("/healthz"),
        "invalid_input": client.get("/v1/sessions?limit=0"),
        "not_authenticated": client.get("/v1/sessions", headers={"Authorization": ""}),
        "unsupported_media_type": client.post("/v1/events", content=b"x", headers={"Content-Type": "text/plain"}),
        "bad_request": client.post("/v1/events", content=b"{", headers={"Content-Type": "application/json"}),
        "no_event_accepted": client.post(
            "/v1/events", json={"specversion": "1.0", "id": "1", "source": "s", "type": "x", "data": {}}
        ),
        "connection_not_found": client.post(f"/v1/webhooks/{uuid4()}", content=b"{}"),
    }
    for code, asking in asked.items():
        answer = await asking
        assert (code, CODES[code]) == (answer.json()["code"], answer.status_code)
        assert "application/problem+json" == answer.headers["content-type"]
