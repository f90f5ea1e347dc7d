"""A span per request to a platform or a chat, until the head of its answer.

In: the transport of a client. Out: the same, traced. Never here: paths, queries and headers, which hold tokens; a header for the
platform.
"""

import httpx

from app.observability import tracing


def traced(transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    """Return a transport whose requests have spans; itself where none are recorded."""
    return _TracedTransport(transport) if tracing.is_on() else transport


class _TracedTransport(httpx.AsyncBaseTransport):
    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        attributes = {"http.request.method": request.method, "server.address": request.url.host}
        with tracing.span(request.method, "client", attributes) as span:
            answer = await self._transport.handle_async_request(request)
            span.set("http.response.status_code", answer.status_code)
            if answer.status_code >= 400:
                span.fail(str(answer.status_code))
            return answer

    async def aclose(self) -> None:
        await self._transport.aclose()
