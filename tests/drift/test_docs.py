"""The documentation names every insight, and shows every picture; tables made from the code: test_reference.py."""

import re
from pathlib import Path

from app.insights.finding import CODES
from tests.browser.screenshots import LIVE, PICTURES as PICTURES_TAKEN

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"


def rows(page: str) -> dict[str, str]:
    """Return the table under the title of a page: name in backticks in the first column → the whole row."""
    _, _, after = (DOCS / page).read_text(encoding="utf-8").partition("\n")
    section = re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0]
    found = {}
    for line in section.splitlines():
        named = re.match(r"\| `([^`]+)`", line)
        if named:
            found[named.group(1)] = line
    return found


def test_every_insight_is_documented() -> None:
    """The table of insights has a row per code, in the order of the API."""
    assert list(CODES) == list(rows("reference/insights.md"))


def test_every_picture_stands_on_a_page() -> None:
    """Each link to a picture leads to a file, each file is shown, and together they weigh less than two megabytes."""
    shown = {
        (page.parent / address).resolve()
        for page in (ROOT / "README.md", *DOCS.rglob("*.md"))
        for address in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    files = set(PICTURES.iterdir())
    assert files == shown
    assert sum(file.stat().st_size for file in files) < 2_000_000


def test_every_picture_that_is_taken_is_shown_on_its_page() -> None:
    """`make screenshots` takes exactly the files that there are, and each stands on the page that is about its screen."""
    taken = PICTURES_TAKEN | LIVE
    assert {f"{name}.webp" for name in taken} == {file.name for file in PICTURES.iterdir()}
    lost = {
        name: picture.page
        for name, picture in taken.items()
        if f"pictures/{name}.webp)" not in (DOCS / f"{picture.page}.md").read_text(encoding="utf-8")
    }
    assert {} == lost


def test_the_tests_would_see_a_missing_row() -> None:
    """A page without a table yields no rows, so that a table under another heading fails."""
    assert {} == rows("decisions/0001-one-database.md")
