"""A minimal server: it stores event identities, answers with receipts, and fails on demand."""

import gzip
import json
from collections import deque
from collections.abc import Callable
from typing import Any

import httpx

from app.events.envelope import EVENTS


class Stub:
    """Takes sessions and events; `failures` holds the reactions to the next requests to /v1/events."""

    def __init__(self) -> None:
        self.sessions: list[dict[str, Any]] = []
        self.events: dict[tuple[str, str], dict[str, Any]] = {}
        self.batches: list[list[dict[str, Any]]] = []
        self.headers: list[httpx.Headers] = []
        self.failures: deque[Exception | httpx.Response | None] = deque()
        self.session_failures: deque[Exception | httpx.Response] = deque()
        self.most: int | None = None
        self.refused: Callable[[dict[str, Any]], bool] = lambda _: False

    def client(self) -> httpx.AsyncClient:
        """Return a client of this stub."""
        return httpx.AsyncClient(
            base_url="http://stub.example", transport=httpx.MockTransport(self.answer), headers={"Authorization": "Bearer key"}
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.headers.append(request.headers)
        path = request.url.path
        if request.method == "POST" and path == "/v1/sessions":
            if self.session_failures:
                return self._fail(self.session_failures.popleft())
            self.sessions.append(json.loads(request.content))
            return httpx.Response(201, json={"id": f"session-{len(self.sessions)}"})
        if request.method == "POST" and path == "/v1/events":
            # A failure of None: the batch is stored, and the response is lost.
            failure = self.failures.popleft() if self.failures else ()
            if isinstance(failure, Exception | httpx.Response):
                return self._fail(failure)
            response = self._ingest(request)
            if failure is None:
                raise httpx.ReadError("connection reset")
            return response
        if path == "/v1/sessions/session-1":
            return httpx.Response(200, json={"streams": self.sessions[0]["streams"]})
        return httpx.Response(404, json={"title": "Not found", "status": 404, "detail": "no such session"})

    def _fail(self, failure: Exception | httpx.Response) -> httpx.Response:
        if isinstance(failure, Exception):
            raise failure
        return failure

    def _ingest(self, request: httpx.Request) -> httpx.Response:
        assert "application/cloudevents-batch+json" == request.headers["Content-Type"]
        assert "gzip" == request.headers["Content-Encoding"]
        batch = json.loads(gzip.decompress(request.content))
        if self.most is not None and len(batch) > self.most:
            return httpx.Response(413, json={"title": "Body too large", "status": 413})
        EVENTS.validate_python(batch, strict=False)
        self.batches.append(batch)
        rejected = [
            {"index": index, "id": event["id"], "errors": [{"pointer": "/data", "detail": "refused"}]}
            for index, event in enumerate(batch)
            if self.refused(event)
        ]
        fresh = 0
        for event in batch:
            if not self.refused(event) and (event["source"], event["id"]) not in self.events:
                self.events[event["source"], event["id"]] = event
                fresh += 1
        if len(rejected) == len(batch):
            return httpx.Response(422, json={"title": "Invalid input", "status": 422, "rejected": rejected})
        receipt = {"accepted": fresh, "duplicates": len(batch) - fresh - len(rejected), "parked": 0, "rejected": rejected}
        return httpx.Response(200, json=receipt)
