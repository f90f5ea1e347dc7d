"""Pages of the guide, read and rendered once per process.

In: the folder `docs`. Out: pages with their HTML and their sections. Never here: HTTP, the frame around a page.

Markdown is CommonMark with tables. HTML in a text is shown as text. A link to another page of the documentation leads to that
page of the guide; a link to any other file of the repository is shown as text, since the server does not serve it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

INDEX = "README"
"""The page that the address of a folder shows."""
PICTURES = {".png": "image/png", ".webp": "image/webp", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it, for the search."""

    anchor: str
    heading: str
    text: str
    links: Sequence[str] = ()
    """Names of the pages that it links."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page; links in `html` begin with the address that the guide was read for."""

    name: str
    title: str
    html: str
    sections: Sequence[Section]
    links: Sequence[str]
    """Targets of its links to other pages and pictures, as names with their anchors."""


def folder() -> Path:
    """Return the folder of the documentation: in the package if it was installed, else in the repository."""
    root = Path(__file__).resolve().parents[1]
    return next(path for path in (root / "docs", root.parent / "docs") if path.is_dir())


@cache
def pages(address: str = "/guide") -> dict[str, Page]:
    """Return all pages by name (`people`, `decisions/0001-one-database`); `address` is where the guide is served."""
    root = folder()
    found = {}
    for path in sorted(root.rglob("*.md")):
        name = path.relative_to(root).with_suffix("").as_posix()
        found[name] = _page(name, path.read_text(encoding="utf-8"), address)
    return found


@cache
def pictures() -> dict[str, bytes]:
    """Return the pictures of the documentation by name."""
    root = folder()
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.suffix in PICTURES}


def anchor_of(heading: str) -> str:
    """Return the anchor of a heading, by the rule of code hosts: lower case, words joined by hyphens.

    >>> anchor_of("The token in the `URL`")
    'the-token-in-the-url'
    """
    return re.sub(r"\s", "-", re.sub(r"[^\w\- ]", "", heading.lower()).strip())


def _page(name: str, text: str, address: str) -> Page:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    links: list[str] = []
    sections: list[Section] = []
    anchors: dict[str, int] = {}
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = _text(tokens[index + 1])
            anchor = anchor_of(heading)
            seen = anchors[anchor] = anchors.get(anchor, -1) + 1
            anchor = f"{anchor}-{seen}" if seen else anchor
            token.attrSet("id", anchor)
            sections.append(Section(anchor, heading, ""))
        known = len(links)
        if token.type == "inline":
            token.children = [_linked(child, name, address, links) for child in token.children or ()]
        if token.type in {"inline", "fence", "code_block"} and sections:
            last = sections[-1]
            named = (*last.links, *(link.partition("#")[0] for link in links[known:]))
            sections[-1] = replace(last, text=f"{last.text} {_text(token)}".strip(), links=named)
    html = markdown.renderer.render(tokens, markdown.options, {})
    # A wide table and a long line scroll inside their own frame, which the keyboard must reach. Text of a page is escaped: these
    # are the renderer's own tags.
    html = html.replace("<pre>", '<pre tabindex="0">').replace("<table>", '<table tabindex="0">')
    title = sections[0].heading if sections else name
    return Page(name, title, html, tuple(sections), tuple(links))


def _text(token: Token) -> str:
    if token.children is None:
        return token.content
    return "".join(" " if child.type == "softbreak" else child.content for child in token.children)


def _linked(token: Token, page: str, address: str, links: list[str]) -> Token:
    """Return a part of a line with its link led to the guide."""
    attribute = {"link_open": "href", "image": "src"}.get(token.type)
    target = str(token.attrGet(attribute) or "") if attribute else ""
    parts = urlsplit(target)
    if attribute is None or parts.scheme:
        return token
    name = resolved(page, parts.path)
    if name is None or (parts.path and PurePosixPath(parts.path).suffix not in {".md", *PICTURES}):
        # Of a file that the server does not serve, the words of the link remain.
        token.attrs.pop(attribute)
        return token
    anchor = f"#{parts.fragment}" if parts.fragment else ""
    links.append(name + anchor)
    token.attrSet(attribute, f"{address}/{name}{anchor}")
    return token


def resolved(page: str, path: str) -> str | None:
    """Return the name of the page or picture that a relative path of a page leads to; None outside of the documentation.

    >>> resolved("decisions/0001-one-database", "../people.md"), resolved("people", "../README.md")
    ('people', None)
    """
    if not path:
        return page
    parts = list(PurePosixPath(page).parent.parts)
    for step in PurePosixPath(path).parts:
        if step != "..":
            parts.append(step)
        elif not parts:
            return None
        else:
            parts.pop()
    return "/".join(parts).removesuffix(".md")


def contents(found: Mapping[str, Page]) -> list[tuple[str, list[Page]]]:
    """Return the pages by the heading of the entry page that names them, each where it is named first; its title names none."""
    listed = {INDEX}
    parts = []
    for section in found[INDEX].sections[1:]:
        names = [name for name in dict.fromkeys(section.links) if name in found and name not in listed]
        listed |= set(names)
        if names:
            parts.append((section.heading, [found[name] for name in names]))
    return parts
