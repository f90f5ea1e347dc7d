"""The guide: every page is served, and a search finds what the pages say. Its links: tests/drift/test_links.py."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from app.dashboard.policy import POLICY
from app.dashboard.routes import ROUTES
from app.guide.pages import INDEX, PICTURES, _page, contents, folder, pages, pictures, resolved
from app.guide.search import LONGEST, MOST, search

NAMES = [path.relative_to(folder()).with_suffix("").as_posix() for path in sorted(folder().rglob("*.md"))]
"""Of all pages: to name tests by them, none has to be rendered."""


@pytest.fixture
def guide() -> httpx.AsyncClient:
    """Return a client of the dashboard's routes alone."""
    transport = httpx.ASGITransport(Starlette(routes=ROUTES))
    return httpx.AsyncClient(transport=transport, base_url="http://guide.example")


def test_the_pages_are_arranged_by_what_a_reader_wants() -> None:
    """A tutorial, how-tos, reference and explanation: the list beside a page has each page of a folder under the folder's headings."""
    assert sorted(NAMES) == sorted(pages())
    kinds = {
        "Learn": {""},
        "Do": {"howto"},
        "Work with the dashboard": {"reference"},
        "Data and API": {"reference"},
        "The server": {"reference"},
        "Understand": {"explanation", "decisions"},
    }
    parts = contents(pages())
    assert list(kinds) == [heading for heading, _ in parts]
    for heading, members in parts:
        assert {page.name.rpartition("/")[0] for page in members} == kinds[heading]
    listed = [page.name for _, members in parts for page in members]
    assert len(listed) == len(set(listed))
    # The records of decisions are listed by the page of their folder.
    records = {name for name in pages() if name.startswith("decisions/")} - {f"decisions/{INDEX}"}
    assert set(pages()) - {INDEX} - records == set(listed)


async def test_pages_are_served_with_the_dashboards_policy(guide: httpx.AsyncClient) -> None:
    """Each page is an answer of 200 with one title, its text, and no way for a script of its own."""
    async with guide:
        for name, page in pages().items():
            answer = await guide.get(f"/guide/{name}")
            assert answer.status_code == 200
            assert answer.headers["content-security-policy"] == POLICY
            assert answer.text.count("<h1") == 1
            assert page.sections[0].heading.split()[0] in answer.text
        assert (await guide.get("/guide")).text.count('aria-current="page"') == 1
        assert (await guide.get("/guide/decisions")).status_code == 200
        assert (await guide.get("/guide/nothing")).status_code == 404
        assert (await guide.get("/guide/../../pyproject.toml")).status_code == 404
        assert (await guide.get("/guide/..%2f..%2fpyproject.toml")).status_code == 404


async def test_pictures_are_served_with_their_type(guide: httpx.AsyncClient) -> None:
    """A picture of the documentation is an answer with its media type."""
    async with guide:
        for name in list(pictures())[:3]:
            answer = await guide.get(f"/guide/{name}")
            assert answer.headers["content-type"] == PICTURES[Path(name).suffix]


async def test_a_search_names_the_places_and_shows_its_words_as_text(guide: httpx.AsyncClient) -> None:
    """The places lead to headings; what was searched for is never markup."""
    async with guide:
        found = (await guide.get("/guide", params={"q": "share link"})).text
        assert 'href="/guide/reference/people#' in found
        hostile = (await guide.get("/guide", params={"q": "<script>alert(1)</script>"})).text
        assert "<script>alert" not in hostile
        assert "No places" in hostile


def test_a_search_needs_every_word_and_puts_headings_first() -> None:
    """A section holds all words; one that has them in its heading comes before others; the answer is bounded."""
    places = search(pages().values(), "turns")
    assert places[0].section.heading == "Turns"
    assert [] == search(pages().values(), "turns xyzzy")
    assert [] == search(pages().values(), "   ")
    assert len(search(pages().values(), "the")) == MOST
    assert search(pages().values(), "turns" + " " * LONGEST + "xyzzy") == places


def test_what_scrolls_is_reached_by_the_keyboard() -> None:
    """Tables and code are wider than a phone: each frame takes the focus, also where the text speaks of a tag."""
    page = _page("a", "# T\n\n| a |\n|---|\n| b |\n\n```\n<pre>\n```\n\n    indented\n", "/guide")
    assert 1 == page.html.count('<table tabindex="0">')
    assert 2 == page.html.count('<pre tabindex="0">')
    assert "&lt;pre&gt;" in page.html
    assert [] == [name for name, one in pages().items() if "<pre>" in one.html or "<table>" in one.html]


def test_markup_of_a_text_is_shown_and_links_stay_inside() -> None:
    """HTML in a text is text, a script's address is no link, and a file outside has none."""
    page = _page(
        "a/b",
        "# T\n\n<b>x</b> [j](javascript:alert) [out](../../app/main.py) [in](../people.md#roles) [web](https://x.example)\n",
        "/base/guide",
    )
    assert "&lt;b&gt;" in page.html
    assert "javascript" not in page.html.replace("[j](javascript:alert)", "")
    assert "main.py" not in page.html
    assert 'href="/base/guide/people#roles"' in page.html
    assert 'href="https://x.example"' in page.html
    assert page.links == ("people#roles",)


@pytest.mark.parametrize(
    ("page", "path", "expected"),
    [
        ("people", "", "people"),
        ("people", "./desk.md", "desk"),
        ("decisions/0001-one-database", "0002-contributions.md", "decisions/0002-contributions"),
        ("decisions/0001-one-database", "../desk.md", "desk"),
        ("people", "../README.md", None),
        ("decisions/0001-one-database", "../../LICENSE", None),
    ],
)
def test_a_relative_path_is_resolved_within_the_documentation(page: str, path: str, expected: str | None) -> None:
    """Steps up end at the documentation's folder."""
    assert resolved(page, path) == expected


def test_headings_of_the_same_words_have_different_anchors() -> None:
    """The second of two equal headings has a number."""
    page = _page("a", "# A\n\n## B\n\n## B\n", "/guide")
    assert [section.anchor for section in page.sections] == ["a", "b", "b-1"]
