"""Routes of the guide: the documentation in the dashboard's look, served offline and without a script of its own.

In: requests below `/guide`. Out: HTML pages, pictures, results of a search. Never here: the meaning of a text.
"""

from functools import cache
from pathlib import PurePosixPath

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.dashboard.files import site
from app.dashboard.policy import HEADERS
from app.guide.pages import INDEX, PICTURES, contents, pages, pictures
from app.guide.search import search

PATH = "/guide"
_HEADERS = {**HEADERS, "Cache-Control": "no-cache"}


async def guide(request: Request) -> Response:
    """Return a page of the guide, a picture, or with `?q=` the places that hold the words."""
    base = request.scope.get("root_path", "")
    name = request.path_params.get("name", "").strip("/") or INDEX
    found = pages(base + PATH)
    if (picture := pictures().get(name)) is not None:
        return Response(picture, media_type=PICTURES[PurePosixPath(name).suffix], headers=_HEADERS)
    page = found.get(name) or found.get(f"{name}/{INDEX}")
    if page is None:
        raise HTTPException(404)
    query = request.query_params.get("q", "").strip()
    places = search(found.values(), query) if query else []
    return HTMLResponse(
        _template().render(
            page=page, content=Markup(page.html), query=query, places=places, base=base, guide=base + PATH,  # noqa: S704
            version=site(base).version, index=contents(found),
        ),
        headers=_HEADERS,
    )  # fmt: skip


@cache
def _template() -> Template:
    environment = Environment(loader=PackageLoader("app.dashboard", "web"), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("guide.html")
