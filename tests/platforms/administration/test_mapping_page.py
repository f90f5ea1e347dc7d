"""docs/howto/mapping.md: every request of the page is sent, in its order, and every answer is the one that the page shows."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.guide.examples import differences
from tests.platforms.conftest import path_of

PAGE = (Path(__file__).parents[3] / "docs" / "howto" / "mapping.md").read_text(encoding="utf-8")
SECRET = b"the signing secret of the shop's webhooks"


def steps() -> Iterator[tuple[str, str, dict[str, str], str, str | None]]:
    """Yield method, path, headers, body and the shown answer of each request."""
    blocks = re.findall(r"```(http|json)\n(.*?)```", PAGE, re.DOTALL)
    for number, (kind, text) in enumerate(blocks):
        if kind == "http":
            head, _, body = text.partition("\n\n")
            first, *headers = head.splitlines()
            following = blocks[number + 1] if number + 1 < len(blocks) else ("", "")
            method, path = first.split(" ")
            shown = following[1] if following[0] == "json" else None
            yield method, path, dict(line.split(": ", 1) for line in headers), body, shown


def test_the_comparison_finds_differences() -> None:
    """A missing member, another value, another length and another type are found."""
    assert not differences({"a": [1, "…"]}, {"a": [1, 2], "b": 3})
    others: list[Any] = [{}, {"a": [1]}, {"a": [2, 2]}, {"a": {}}, {"a": None}]
    for found in others:
        assert differences({"a": [1, "…"]}, found)


async def test_the_page_runs_as_written(client: httpx.AsyncClient, kpis: Any) -> None:
    """Session, two connections, previews, deliveries."""
    values: dict[str, str] = {}
    created = iter(("SHOP", "TOOL"))

    def filled(text: str) -> str:
        return re.sub(r"\$([A-Z_]+)", lambda name: values[name[1]], text)

    compared = 0
    for method, path, headers, body, shown in steps():
        content = filled(body)
        values["HMAC"] = base64.b64encode(hmac.digest(SECRET, content.encode(), hashlib.sha256)).decode()
        sent = {name: filled(value) for name, value in headers.items()}
        answer = await client.request(method, filled(path), headers=sent, content=content)
        assert answer.is_success, (path, answer.text)
        if path == "/v1/sessions":
            values["SESSION"] = answer.json()["id"]
        elif path == "/v1/connections":
            name = next(created)
            values |= {name: answer.json()["id"], f"{name}_URL": path_of(answer.json())}
        if shown is not None:
            assert [] == differences(json.loads(filled(shown)), answer.json()), path
            compared += 1
    assert 6 == compared
    figures = await kpis(values["SESSION"])
    assert (3, 1, 1) == (figures["likes"], figures["comments"], figures["orders"])
