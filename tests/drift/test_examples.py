"""Every fenced block of the documentation is an example that a test runs, or says that it is none."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest

from tests.guide.examples import ANYTHING, LANGUAGES, PAGES, ROOT, Block, blocks, blocks_of

BLOCKS = blocks()
DOCUMENT = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))


def follows_request(block: Block) -> bool:
    """Tell whether a block is the answer that a page shows to the request before it."""
    own = [one for one in BLOCKS if one.page == block.page]
    place = own.index(block)
    return place > 0 and own[place - 1].language == "http"


EXAMPLES = [one for one in BLOCKS if one.language == "json" and not follows_request(one)]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_a_runner_takes_the_block(block: Block) -> None:
    """Its language is known, and its page is one that the test of that language reads."""
    assert block.language in LANGUAGES, "name its language; `text` is no example"
    if block.language in PAGES:
        test = ROOT / PAGES[block.language][block.page]
        assert block.page.rpartition("/")[2] in test.read_text(encoding="utf-8")


def closed(schema: Any) -> Any:
    """Return a schema whose objects allow the members that they name and no others."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(one) for name, one in schema.items()}
    return made | ({"additionalProperties": False} if "properties" in schema and "additionalProperties" not in schema else {})


COMPONENTS = closed(DOCUMENT["components"])


def wrong(name: str, example: Any) -> list[str]:
    """Return what of an example is not as the schema of this name says; the text … is a value of any kind."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": COMPONENTS}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=False)
    return [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in validator.iter_errors(example)
        if not (isinstance(error.instance, str) and ANYTHING in error.instance)
    ]


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.place)
def test_a_json_example_is_valid(block: Block) -> None:
    """It names its schema of the API document, has every required member and no unknown one."""
    name, _, partial = block.info.partition(" ")
    assert name in DOCUMENT["components"]["schemas"], f"{block.place}: name the schema after `json`"
    found = wrong(name, json.loads(block.text))
    if partial == "part":
        found = [text for text in found if "is a required property" not in text]
    assert not found, "\n".join(found)


def test_an_example_with_an_unknown_or_a_missing_member_is_found() -> None:
    """The schemas are closed for the comparison; … counts as any value."""
    assert any("unknown" in text for text in wrong("Receipt", {"accepted": 1, "unknown": 1}))
    assert any("required" in text for text in wrong("Receipt", {"accepted": 1}))


def test_blocks_are_found_wherever_they_stand() -> None:
    """In a list too; a fence without a language is found, so that it can be refused."""
    page = "# T\n\n```\nx\n```\n\n1. a\n   ```sh\n   ls\n   ```\n"
    assert [("", "x\n"), ("sh", "ls\n")] == [(one.language, one.text) for one in blocks_of("p", page)]
    texts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    texts += "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
    assert len(re.findall(r"^ *```", texts, flags=re.MULTILINE)) == 2 * len(BLOCKS)
