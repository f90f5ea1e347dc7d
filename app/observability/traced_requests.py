"""A span per request, around everything else that is done for it.

In: ASGI requests. Out: the same requests. Never here: paths, queries, headers but `traceparent`; spans of probes and streams.
"""

from collections.abc import Awaitable

from app.observability import tracing
from app.observability.requests import METHOD, ASGIApp, Message, Receive, Scope, Send, known_method, route_of

_UNTRACED = ("/healthz", "/readyz", "/metrics", "/stream")
"""Ends of paths: probes come every few seconds, and a stream lasts for minutes."""


def traced(app: ASGIApp) -> ASGIApp:
    """Return an application whose requests have spans; itself where none are recorded."""
    if not tracing.is_on():
        return app

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].endswith(_UNTRACED):
            await app(scope, receive, send)
            return
        method = known_method(scope.get(METHOD) or scope["method"])
        parent = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None)
        status = 0

        def send_noting(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        with tracing.span(method, "server", {"http.request.method": method}, parent=parent) as span:
            try:
                await app(scope, receive, send_noting)
            finally:
                route = route_of(scope)
                span.rename(f"{method} {route}")
                span.set("http.route", route)
                if status:
                    span.set("http.response.status_code", status)
                if status >= 500:
                    span.fail(str(status))

    return answer
