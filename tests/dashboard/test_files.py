"""The page's files and the labels over HTTP: caching, compression, policy."""

import gzip
import json
import re
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from app.dashboard.files import WEB, site
from app.labels.catalogue import CATALOGUE, LANGUAGES, Language
from tests.conftest import KeyMaker

THEMES = WEB.parents[1] / "charts" / "themes"


@pytest.fixture
def assets() -> str:
    """Return the address of this version's files."""
    return f"/assets/{site().version}"


async def test_the_entry_page_is_revalidated_and_names_only_what_is_kept_for_good(client: httpx.AsyncClient, assets: str) -> None:
    """`/` is revalidated each time and answers 304; what it names may be kept for a year, and exists."""
    page = await client.get("/")
    assert (200, "no-cache") == (page.status_code, page.headers["cache-control"])
    assert 304 == (await client.get("/", headers={"If-None-Match": page.headers["etag"]})).status_code
    assert 200 == (await client.get("/", headers={"If-None-Match": '"another"'})).status_code
    assert 200 == (await client.head("/")).status_code
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    modules = {url for url in named if url.endswith(".js")}
    assert f"{assets}/js/main.js" in modules
    assert f"{assets}/js/plan/plan.js" not in modules
    for url in named:
        file = await client.get(url)
        assert (200, "public, max-age=31536000, immutable") == (file.status_code, file.headers["cache-control"]), url
        if url in modules:
            # Else a browser asks for it only after it has read this one.
            imported = re.findall(r'^import (?:.* from )?"(.+)";', file.text, re.MULTILINE)
            assert {urljoin(url, address) for address in imported} <= modules, url


async def test_a_file_of_another_version_is_served_but_not_kept(client: httpx.AsyncClient, assets: str) -> None:
    """While servers are updated one by one, a page still finds its files, and no cache keeps them under a wrong version."""
    file = await client.get("/assets/0123456789abcdef/js/main.js")
    assert (200, "no-store") == (file.status_code, file.headers["cache-control"])
    for missing in ("/js/nothing.js", "/%2e%2e/files.py", "/js/"):
        assert 404 == (await client.get(f"{assets}{missing}")).status_code, missing


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [("gzip, deflate, br", True), ("br;q=1, gzip;q=0.5", True), ("*", True), ("gzip;q=0", False), ("identity", False)],
)
async def test_each_coding_has_a_tag_of_its_own(client: httpx.AsyncClient, assets: str, accepted: str, zipped: bool) -> None:
    """Gzip where it is taken; the same bytes in the end; a strong tag that the other coding does not match."""
    url = f"{assets}/js/main.js"
    file = await client.get(url, headers={"Accept-Encoding": accepted})
    assert zipped == (file.headers.get("content-encoding") == "gzip")
    assert (WEB / "js" / "main.js").read_text(encoding="utf-8") == file.text
    assert "Accept-Encoding" == file.headers["vary"]
    other = {"Accept-Encoding": "identity" if zipped else "gzip", "If-None-Match": file.headers["etag"]}
    assert 200 == (await client.get(url, headers=other)).status_code
    assert 304 == (await client.get(url, headers=other | {"Accept-Encoding": accepted})).status_code


async def test_the_first_view_is_light(client: httpx.AsyncClient, assets: str) -> None:
    """With all modules, the style sheets, the words and the program that draws charts: less than 1.2 MB are sent."""
    page = await client.get("/")
    named = {*re.findall(r'(?:src|href)="([^"]+)"', page.text), *re.findall(r'name="vega" content="([^"]+)"', page.text)}
    lazy = {f"{assets}/{path.relative_to(WEB).as_posix()}" for path in (WEB / "js").rglob("*.js")}
    sent = page.num_bytes_downloaded
    for url in {*named, *lazy, "/v1/labels?lang=ja"}:
        answer = await client.get(url, headers={"Accept-Encoding": "gzip"})
        assert "gzip" == answer.headers["content-encoding"], url
        sent += answer.num_bytes_downloaded
    assert 200_000 < sent < 1_200_000


async def test_the_policy_lets_nothing_in_from_elsewhere(client: httpx.AsyncClient) -> None:
    """No inline script, no eval, no other host, no frame, and text cannot become markup."""
    policy = (await client.get("/")).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert ("'self'", "'self'", "'none'") == (rules["default-src"], rules["script-src"], rules["frame-ancestors"])
    assert "'script'" == rules["require-trusted-types-for"]
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", site().entry.plain.decode())
    for path in (WEB / "js").rglob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_labels_are_the_whole_catalogue_for_everybody(client: httpx.AsyncClient, language: Language) -> None:
    """Without a key, one flat object per language, with a tag; another language has another tag."""
    asked = await client.get("/v1/labels", params={"lang": language}, headers={"Authorization": ""})
    assert {key: texts[language] for key, texts in CATALOGUE.items()} == asked.json()
    assert language == asked.headers["content-language"]
    again = {"If-None-Match": asked.headers["etag"]}
    assert 304 == (await client.get("/v1/labels", params={"lang": language}, headers=again)).status_code
    for other in set(LANGUAGES) - {language}:
        assert 200 == (await client.get("/v1/labels", params={"lang": other}, headers=again)).status_code


async def test_every_word_that_the_page_uses_is_in_the_catalogue_and_every_word_of_its_own_is_used() -> None:
    """Keys that stand in the modules exist; keys of the dashboard's file stand in a module, whole or by their prefix."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (WEB / "js").rglob("*.js"))
    own = "dash|form|brand|today|desk|plan|close|waiting|connection|people|share|channels|audit|columns|imports|logo|rotation|completion|screen"
    used = set(re.findall(rf'"((?:{own}|metric|status|product|section|sheet|basis|unit|settlement|packing)\.[\w.]+)"', source))
    assert set() == used - set(CATALOGUE)
    prefixes = tuple(re.findall(rf"`((?:{own})\.[\w.]*\.)\$\{{", source))
    ours = {key for key in CATALOGUE if re.match(rf"(?:{own})\.", key)}
    assert set() == {key for key in ours if key not in used and not key.startswith(prefixes)}


async def test_a_key_can_ask_who_it_is(client: httpx.AsyncClient, keys: KeyMaker) -> None:
    """Role and brand, for every role; never the secret."""
    brand = (await client.post("/v1/brands", json={"slug": "maison-k", "name": "Maison K"})).json()["id"]
    for role, bound in (("ingest", None), ("viewer", brand), ("operator", None), ("admin", None)):
        headers = await keys(role, bound)
        answer = await client.get("/v1/keys/current", headers=headers)
        document = answer.json()
        assert (200, role, "maison-k" if bound else None) == (answer.status_code, document["role"], document["brand"])
        assert headers["Authorization"].split("_", 2)[2] not in answer.text
    assert 401 == (await client.get("/v1/keys/current", headers={"Authorization": ""})).status_code


def test_files_are_compressed_once_and_say_what_they_are() -> None:
    """The gzip of a file is that file, and every kind has its media type."""
    for name, file in site().files.items():
        assert gzip.decompress(file.gzipped) == file.plain, name
        assert file.media_type.split(";")[0] in {"text/javascript", "text/css", "image/svg+xml"}


def test_a_class_is_described_in_one_style_sheet() -> None:
    """All sheets are loaded at once: of two rules for one class the later sheet's wins, also on the other room's pages."""
    sheets: dict[str, set[str]] = {}
    for path in (WEB / "css").glob("*.css"):
        for name in re.findall(r"^\.([\w-]+) \{", path.read_text(encoding="utf-8"), re.MULTILINE):
            sheets.setdefault(name, set()).add(path.name)
    assert {} == {name: found for name, found in sheets.items() if len(found) > 1}


def test_every_colour_of_a_dark_chart_is_printed_as_that_of_the_light_theme() -> None:
    """A chart that stands on a dark page is printed without being drawn again: the style sheet exchanges its colours."""
    dark, light = (json.loads((THEMES / f"{theme}.json").read_text(encoding="utf-8")) for theme in ("dark", "light"))
    sheet = (WEB / "css" / "components.css").read_text(encoding="utf-8").partition("@media print")[2]
    for part in ("fill", "stroke"):
        assert _pairs(dark, light) == set(re.findall(rf'\[{part}="(#\w+)"\] {{ {part}: (#\w+); }}', sheet))


def _pairs(dark: Any, light: Any) -> set[tuple[str, str]]:
    """Return the colours of two themes that stand in the same place and differ."""
    if isinstance(dark, dict | list):
        places = dark if isinstance(dark, dict) else range(len(dark))
        return set().union(*(_pairs(dark[place], light[place]) for place in places))
    return {(dark, light)} if str(dark).startswith("#") and dark != light else set()
