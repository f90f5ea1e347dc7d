"""Routes of the dashboard and its files.

In: requests. Out: files, or 304. Never here: contents of files, the API.
"""

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.charts.drawing import can_draw
from app.dashboard.files import VEGA, StaticFile, site, vega
from app.dashboard.guide import PATH, guide
from app.dashboard.policy import HEADERS
from app.negotiation import accepts_gzip, matches

FOREVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"


async def page(request: Request) -> Response:
    """Return the entry page, which names the version of everything else."""
    answer = _answer(request, site(request.scope.get("root_path", "")).entry, ASK_FIRST)
    # The page needs Vega for its first chart.
    if can_draw():
        answer.background = BackgroundTask(vega)
    return answer


async def asset(request: Request) -> Response:
    """Return a file of a version.

    Another version than ours is asked for while several servers are being updated: it gets our file, and must not keep it.
    """
    current = site()
    name = request.path_params["name"]
    file = await run_in_threadpool(vega) if name == VEGA else current.files.get(name)
    if file is None:
        raise HTTPException(404)
    return _answer(request, file, FOREVER if request.path_params["version"] == current.version else "no-store")


def _answer(request: Request, file: StaticFile, caching: str) -> Response:
    zipped = accepts_gzip(request.headers.get("accept-encoding", ""))
    # A strong tag names bytes, and the two codings are different bytes.
    tag = f'"{file.tag}-gzip"' if zipped else f'"{file.tag}"'
    headers = {**HEADERS, "ETag": tag, "Cache-Control": caching, "Vary": "Accept-Encoding"}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return Response(file.gzipped if zipped else file.plain, headers=headers, media_type=file.media_type)


class _Named(Route):
    """A route that reports itself to logs and metrics, as FastAPI's routes do."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self
        await super().handle(scope, receive, send)


ROUTES = [
    _Named("/", page), _Named("/assets/{version}/{name:path}", asset), _Named(PATH, guide), _Named(PATH + "/{name:path}", guide),
]  # fmt: skip
"""For the application; they answer GET and HEAD, and are no part of the documented API."""
