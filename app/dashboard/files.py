"""The files of the dashboard, read and compressed once per process.

In: the folder `web`, and the Vega bundle of the extra `charts`. Out: bytes with their tags. Never here: HTTP.

No file knows its own address: the version stands in the folder of the URL (`/assets/<version>/…`), modules import each other
relatively, and all files of a version are cached permanently.
"""

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from html import escape
from pathlib import Path
from posixpath import dirname, join, normpath
from threading import Lock

from app.charts.drawing import browser_bundle, can_draw, renderer_version
from app.charts.specification import VEGA_LITE
from app.extras import hint
from app.problems import ProblemError

WEB = Path(__file__).parent / "web"
ENTRY = "index.html"
MAIN = "js/main.js"
GUIDE = "guide.html"
"""The frame of the guide's pages, a template."""
VEGA = "vega.js"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_EXPORTS = "window.vegaEmbed = vegaEmbed;"
_MODULES = "<!-- modules -->"
_IMPORT = re.compile(r'^import (?:[^"]* from )?"(\.[^"]+)";', re.MULTILINE)
_bundling = Lock()


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file, ready to be sent in either coding."""

    plain: bytes
    gzipped: bytes
    tag: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Site:
    """All files of a version but Vega, which most processes never need to make."""

    version: str
    entry: StaticFile
    files: Mapping[str, StaticFile]


@cache  # Each base path has an entry page of its own; the other files are the same.
def _static(name: str, content: bytes) -> StaticFile:
    tag = blake2b(content, digest_size=12).hexdigest()
    return StaticFile(content, gzip.compress(content, 9, mtime=0), tag, MEDIA_TYPES[Path(name).suffix])


@cache
def site(base: str = "") -> Site:
    """Return the page and its files; `base` is the path under which a proxy publishes the server."""
    contents = {
        path.relative_to(WEB).as_posix(): path.read_bytes() for path in sorted(WEB.rglob("*")) if path.suffix in MEDIA_TYPES
    }
    digest = blake2b(f"{renderer_version()} {VEGA_LITE}".encode(), digest_size=8)
    for name, content in contents.items():
        digest.update(name.encode() + b"\0" + content + b"\0")
    version = digest.hexdigest()
    entry = contents.pop(ENTRY).decode()
    contents.pop(GUIDE)
    # Named at once, the modules come in one round trip instead of one per import.
    modules = "\n".join(
        f'<link rel="modulepreload" href="{base}/assets/{version}/{escape(name)}">' for name in sorted(_imported(contents, MAIN))
    )
    entry = entry.replace("{vega}", f"{{base}}/assets/{{version}}/{VEGA}" if can_draw() else "")
    page = entry.replace(_MODULES, modules).replace("{version}", version).replace("{base}", escape(base)).encode()
    return Site(version, _static(ENTRY, page), {name: _static(name, content) for name, content in contents.items()})


def _imported(contents: Mapping[str, bytes], name: str) -> set[str]:
    """Return a module and what it imports, directly or not; views that are loaded when they are opened are no part of it."""
    found = {name}
    waiting = [name]
    while waiting:
        module = waiting.pop()
        for address in _IMPORT.findall(contents[module].decode()):
            target = normpath(join(dirname(module), address))
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def vega() -> StaticFile:
    """Return Vega, Vega-Lite and Vega-Embed in one module; the first time takes a second or two.

    Raises:
        ProblemError: 501 without the extra `charts`.
    """
    if not can_draw():
        raise ProblemError(501, hint("charts"), code="not_installed")
    with _bundling:
        return _bundle()


@cache
def _bundle() -> StaticFile:
    return _static(VEGA, browser_bundle(_EXPORTS).encode())
