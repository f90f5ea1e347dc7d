"""Every problem has a stable code, with words in three languages and a row in the documentation."""

import ast
import re
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import httpx
import pytest

from app.labels.catalogue import LANGUAGES, labels
from app.platforms.connection_counters import ErrorCode
from app.problems import CODES, ProblemError, not_found

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "problems.md").read_text(encoding="utf-8")


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


def rules() -> set[str]:
    """Return the rules of fields that the source names."""
    found = set()
    for file in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name, texts = getattr(node.func, "id", None), [item.value for item in node.args if isinstance(item, ast.Constant)]
            if name == "PydanticCustomError":
                found.add(str(texts[0]))
            elif (name == "invalid" and len(node.args) > 2) or (
                name == "InvalidField" and len(texts) > 1 and isinstance(node.args[-1], ast.Constant) and len(node.args) > 2
            ):
                found.add(str(texts[-1]))
    return found


def test_every_rule_of_fields_has_words_with_its_limits() -> None:
    """Our own rules, and those of Pydantic that the models use; the words of each language name the same limits."""
    words = {language: labels("field.", language) for language in LANGUAGES}
    own = rules()
    assert len(own) > 30
    assert own <= set(words["ja"])
    models = {"missing", "extra_forbidden", "string_too_long", "string_too_short", "string_pattern_mismatch", "less_than_equal",
              "greater_than_equal", "literal_error", "int_parsing", "uuid_parsing", "timezone_aware", "too_long"}  # fmt: skip
    assert models <= set(words["ja"])
    for rule, text in words["ja"].items():
        gaps = set(re.findall(r"\{(\w+)\}", text))
        assert gaps == set(re.findall(r"\{(\w+)\}", words["en"][rule])) == set(re.findall(r"\{(\w+)\}", words["zh"][rule])), rule


def test_every_error_of_a_connection_has_words() -> None:
    """`connection_error.<code>`."""
    assert set(get_args(ErrorCode)) == set(labels("connection_error.", "zh"))


@pytest.mark.parametrize(
    ("form", "rule", "params"),
    [
        ({"title": "x" * 300}, "too_long", {"max_length": 256}),
        ({"currency": "XXY"}, "currency", {}),
        ({"kind": "party"}, "literal_error", {"expected": "'live' or 'rehearsal'"}),
        ({"unknown": 1}, "extra_forbidden", {}),
        ({"brand": "Maison K"}, "string_pattern_mismatch", {}),
        ({"lineup": [{"product": "a"}, {"product": "a"}]}, "duplicate", {}),
    ],
)
async def test_a_wrong_field_names_its_rule(
    client: httpx.AsyncClient, form: dict[str, Any], rule: str, params: dict[str, Any]
) -> None:
    """The rule and its limits, never the value."""
    answer = await client.post("/v1/sessions", json={"title": "t", "brand": "b", "currency": "CNY"} | form)
    assert 422 == answer.status_code
    assert (rule, params) == (answer.json()["errors"][0]["code"], answer.json()["errors"][0]["params"]), answer.text


async def test_a_rejected_event_names_its_rule(client: httpx.AsyncClient) -> None:
    """In the receipt and in the dead letter."""
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "s",
        "type": "live.like.sent",
        "subject": "wechat:r",
        "data": {"count": -1},
    }
    error = {"pointer": "/data/count", "code": "greater_than_equal", "params": {"ge": 0}}
    receipt = (await client.post("/v1/events", json=event)).json()
    (stored,) = (await client.get("/v1/dead-letters")).json()["dead_letters"]
    for found in (receipt["rejected"][0], stored):
        assert error == {name: found["errors"][0][name] for name in error}


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
