"""Client of the public API: requests, retries, readable errors.

In: documents and batches of events. Out: the server's answers. Never here: pacing; a key in a message.

Sending events can be retried at any time, because the server counts an event once. Creating a session is retried only if the
server certainly did not create it.
"""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from random import Random
from typing import Any

import httpx
from pydantic_core import to_json

from app.simulate.generation.generator import CloudEvent

BATCH_TYPE = "application/cloudevents-batch+json"
_REFUSED_UNDONE = {429, 503}
_UNCERTAIN = {502, 504}
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_LONGEST_PAUSE = 5.0


class SendError(Exception):
    """The server cannot be reached, or refuses the request; the text says which."""


@dataclass(slots=True)
class Summary:
    """Counts of sent events by outcome."""

    sent: int = 0
    accepted: int = 0
    duplicates: int = 0
    parked: int = 0
    rejected: int = 0
    requests: int = 0
    retries: int = 0
    first_errors: list[dict[str, Any]] = field(default_factory=list)
    """The first few rejections, in the server's words."""


class ApiClient:
    """Client of one server, with one key."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        give_up_after: float = 120.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use a client from `connect`; `give_up_after` limits a request with its retries, in seconds."""
        self._client, self._patience, self._sleep, self._clock = client, give_up_after, sleep, clock
        # Random pauses: senders that fail at the same time do not retry at the same time.
        self._rng = Random()  # noqa: S311
        self.summary = Summary()

    async def create_session(self, document: Mapping[str, Any]) -> str:
        """Create a session and return its id.

        Raises:
            SendError: the server refuses it, or cannot be reached.
        """
        response = await self._request("POST", "/v1/sessions", to_json(document), {}, repeatable=False)
        return str(_document(response, 201)["id"])

    async def read(self, path: str) -> dict[str, Any]:
        """Return the JSON of a GET response.

        Raises:
            SendError: the server refuses it, or cannot be reached.
        """
        return _document(await self._request("GET", path, None, {}, repeatable=True), 200)

    async def send(self, events: list[CloudEvent]) -> None:
        """Send a batch and add its receipt to the summary; a batch that is too large for the server is halved.

        Raises:
            SendError: the server refuses every batch, or cannot be reached for `give_up_after` seconds.
        """
        body = gzip.compress(to_json(events), compresslevel=3, mtime=0)
        headers = {"Content-Type": BATCH_TYPE, "Content-Encoding": "gzip"}
        response = await self._request("POST", "/v1/events", body, headers, repeatable=True)
        if response.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE and len(events) > 1:
            middle = len(events) // 2
            await self.send(events[:middle])
            await self.send(events[middle:])
            return
        self._count(events, _document(response, 200, 422))

    def _count(self, events: list[CloudEvent], receipt: Mapping[str, Any]) -> None:
        summary = self.summary
        # If all events of a batch are rejected, the response is a problem document, which may lack the receipt.
        rejected = receipt.get("rejected")
        rejections = [dict(receipt)] * len(events) if rejected is None else rejected
        summary.sent += len(events)
        summary.accepted += receipt.get("accepted", 0)
        summary.duplicates += receipt.get("duplicates", 0)
        summary.parked += receipt.get("parked", 0)
        summary.rejected += len(rejections)
        summary.first_errors += rejections[: max(0, 3 - len(summary.first_errors))]

    async def _request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], *, repeatable: bool
    ) -> httpx.Response:
        begun = self._clock()
        sent_headers = {"Content-Type": "application/json", **headers} if body is not None else {}
        for attempt in count():
            pause: float | None = None
            self.summary.requests += 1
            try:
                response = await self._client.request(method, path, content=body, headers=sent_headers)
            except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
                raise SendError(f"{self._client.base_url}: {error}") from None
            except httpx.TransportError as error:
                reason = str(error) or type(error).__name__
                if not (repeatable or isinstance(error, _NEVER_SENT)):
                    raise SendError(f"{method} {path}: {reason}; the server may have done it") from None
            else:
                status = response.status_code
                if status not in _REFUSED_UNDONE and not (repeatable and status in _UNCERTAIN):
                    return response
                reason, pause = f"answered {status}", _retry_after(response)
            if pause is None:
                pause = min(_LONGEST_PAUSE, 0.1 * 2 ** min(attempt, 10)) * self._rng.uniform(0.5, 1)
            if self._clock() - begun + pause > self._patience:
                raise SendError(f"{method} {self._client.base_url.join(path)}: {reason}; gave up after {attempt + 1} attempts")
            self.summary.retries += 1
            await self._sleep(pause)
        raise AssertionError  # count() does not end


def connect(url: str, key: str) -> httpx.AsyncClient:
    """Return a client for the server at a base URL."""
    return httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {key}", "User-Agent": "tallylight-simulate"},
        timeout=httpx.Timeout(30.0, connect=5.0),
        limits=httpx.Limits(max_connections=256),
    )


def _document(response: httpx.Response, *statuses: int) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if response.status_code in statuses and isinstance(document, dict):
        return document
    text = f"{response.request.method} {response.request.url.path}: answered {response.status_code}"
    if isinstance(document, dict) and "title" in document:
        parts = [
            document["title"],
            document.get("detail"),
            *(f"{e['pointer']}: {e['detail']}" for e in document.get("errors") or ()),
        ]
        text += " " + "; ".join(str(part) for part in parts if part)
    raise SendError(text)


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds of the Retry-After header (RFC 9110, 10.2.3: seconds or a date)."""
    value = response.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    return None
