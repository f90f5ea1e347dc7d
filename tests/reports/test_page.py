"""The page to print: whole, quiet, in three languages."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import pytest

from app.labels.catalogue import LANGUAGES, Language, label
from tests.kpis.event_builders import NewSession, Read, Send, paid
from tests.reports.printed_page import Page, fetch


def strings(value: Any) -> Iterator[str]:
    """Yield every text of a report document that a reader should meet."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in {"label", "text", "title", "message", "name", "brand"} and isinstance(item, str):
                yield item
            elif key != "figures" or not isinstance(item, dict) or all(isinstance(part, dict) for part in item.values()):
                yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from [item] if isinstance(item, str) else strings(item)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_says_all_that_the_document_says(
    session: str, client: httpx.AsyncClient, read: Read, language: Language
) -> None:
    """Every label, figure, note, draft and warning of the document is on the page, and it is well formed and quiet."""
    document = await read(session, "report", lang=language)
    answer = await fetch(client, session, lang=language)
    page = Page(answer.text)
    shown = "\n".join(page.texts)
    # The amount's head names the currency instead, and drafts stand under the summary's own title.
    told_otherwise = {label("product.gmv", language), label("sheet.drafts", language)}
    missing = [text for text in strings(document) if text not in shown and text not in told_otherwise]
    assert [] == missing
    assert ("html", {"lang": language}) == page.elements[0]
    for draft in document["sections"]["ec"]["drafts"]["items"]:
        assert label("sheet.draft", language).format(text=draft) in shown
    nothing_leaves(answer, page)
    charts_are_described(page)
    if language == "en":
        figure = next(attributes for tag, attributes in page.elements if tag == "figure")
        assert "Sold out: ニット 14:05" in str(figure["aria-label"])


def nothing_leaves(answer: httpx.Response, page: Page) -> None:
    """No script, no link, no address to load from, not even in a style; the header forbids it as well."""
    assert not {"script", "link", "img", "iframe", "object", "a", "image", "use", "base", "form"} & {
        tag for tag, _ in page.elements
    }
    names = {name for _, attributes in page.elements for name in attributes}
    assert not names & {"src", "href", "xlink:href", "srcset", "action", "style", "data"}
    assert not [name for name in names if name.startswith("on")]
    assert not re.search(r"url\((?!#)|@import", answer.text)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert "text/html; charset=utf-8" == answer.headers["content-type"]


def charts_are_described(page: Page) -> None:
    """Charts are inline SVG, told in a sentence; one platform alone is compared with nothing; no id stands twice."""
    figures = [attributes for tag, attributes in page.elements if tag == "figure"]
    assert ["img"] * 4 == [figure["role"] for figure in figures]
    assert all(figure["aria-label"] for figure in figures)
    assert 4 == sum(tag == "svg" for tag, _ in page.elements)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


async def test_names_are_text_and_never_markup(new_session: NewSession, send: Send, client: httpx.AsyncClient) -> None:
    """In the page and inside the charts."""
    bad = "<script>alert(1)</script>\"'&"
    made = await new_session(title=bad, host=bad, lineup=[{"product": "a", "name": bad}])
    await client.post(f"/v1/sessions/{made}/notes", json={"section": "ec", "kind": "summary", "text": bad})
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("product.showcased", 1, {"product": "a"}),
        paid(60, "o", "b", ("a", 1, "9.00")),
    )
    text = (await fetch(client, made)).text
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.elements}
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 4
    assert bad in unescape("\n".join(page.texts))


async def test_a_page_of_nothing_is_a_page(new_session: NewSession, client: httpx.AsyncClient) -> None:
    """A session that has not begun."""
    assert "—" in Page((await fetch(client, await new_session())).text).texts
