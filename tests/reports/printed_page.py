"""The page to print, as a reader of HTML sees it."""

from html.parser import HTMLParser
from typing import Any

import httpx

_VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Keeps the elements and the text of a page, and says where they are not nested well."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert [] == self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element without content."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert tag == self._open.pop()

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)


async def fetch(client: httpx.AsyncClient, session: str, **params: Any) -> httpx.Response:
    """Return the page's answer."""
    answer = await client.get(f"/v1/sessions/{session}/report.html", params=params)
    assert 200 == answer.status_code, answer.text
    return answer
