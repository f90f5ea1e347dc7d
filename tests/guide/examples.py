"""The examples of the documentation: the fenced blocks of its pages, and who runs each kind.

In: README.md, CONTRIBUTING.md, SECURITY.md and the pages of `docs`. Out: blocks; the differences of two JSON values. Never here: a
server, a shell.

| language | its block |
|---|---|
| `sh`, `js` | runs against a server, in the order of its page: test_examples.py |
| `json Schema` | is valid as this schema of the API document: tests/drift/test_examples.py |
| `http`, and the `json` after it | is sent, and its answer compared, by the test that `PAGES` names |
| `python` | is run by the test that `PAGES` names |
| `text` | is no example |
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
LANGUAGES = ("sh", "js", "json", "http", "python", "text")
PAGES: Mapping[str, Mapping[str, str]] = {
    "http": {"docs/howto/mapping.md": "tests/platforms/administration/test_mapping_page.py"},
    "python": {
        "docs/reference/exports.md": "tests/exports/test_examples.py",
        "docs/howto/extending.md": "tests/guide/test_extending.py",
    },
}
"""Tests that run the blocks of a language, by page."""
ANYTHING = "…"


class Block(NamedTuple):
    """A fenced block; `info` is what follows the language, `line` that of its fence."""

    page: str
    line: int
    language: str
    info: str
    text: str

    @property
    def place(self) -> str:
        """Return the block's place as an editor takes it."""
        return f"{self.page}:{self.line}"


def blocks() -> list[Block]:
    """Return all blocks in the order of their pages: the README first, then by name."""
    paths = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [block for path in paths for block in blocks_of(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))]


def blocks_of(page: str, text: str) -> list[Block]:
    r"""Return the blocks of a page; one inside a list is indented.

    >>> blocks_of("p", "a\n  ```sh x\n  ls\n  ```\n")
    [Block(page='p', line=2, language='sh', info='x', text='ls\\n')]
    """
    found = []
    for match in re.finditer(r"^( *)```(\S*) ?(.*)\n((?:.*\n)*?)\1```$", text, flags=re.MULTILINE):
        indent, language, info, body = match.groups()
        lines = [line.removeprefix(indent) for line in body.splitlines(keepends=True)]
        found.append(Block(page, text[: match.start()].count("\n") + 1, language, info, "".join(lines)))
    return found


def differences(shown: Any, found: Any, place: str = "") -> list[str]:
    """Return where an answer is not what a page shows; the page may leave members out, and write … for any value."""
    if isinstance(shown, dict) and isinstance(found, dict):
        missing = [f"{place}/{name} is missing" for name in shown if name not in found]
        return missing + [
            text for name in shown if name in found for text in differences(shown[name], found[name], f"{place}/{name}")
        ]
    if isinstance(shown, list) and isinstance(found, list) and len(shown) == len(found):
        pairs = enumerate(zip(shown, found, strict=True))
        return [text for index, pair in pairs for text in differences(*pair, f"{place}/{index}")]
    return [] if shown in (ANYTHING, found) else [f"{place}: {found!r} is not {shown!r}"]
