"""HTTP calls to a platform's API, with retries of transient failures.

In: a method, an address, a query, a JSON body. Out: the JSON of the answer. Never here: a platform's error codes,
stored tokens; an address, a query or a body in an error, since they hold tokens and personal data. Nothing of an answer is
quoted either.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any

import httpx

from app.adapters.documents import read_json
from app.adapters.protocol import Refused
from app.adapters.wechat.api import Call
from app.platforms.calls.outbound import ForbiddenHostError, read_bounded
from app.platforms.calls.parsing_thread import sized

TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_TRIES = 3
_ATTEMPT_SECONDS = 20.0
_ALL_SECONDS = 45.0
_FIRST_PAUSE = 0.3
MAX_ANSWER = 4 * 1024 * 1024
"""Bytes of an answer, before and after decompression: a page of a hundred orders has a few hundred kilobytes."""


class UnavailableError(Exception):
    """The platform could not be reached, was too slow, or its answer is not JSON; the text says which."""


async def send(
    client: httpx.AsyncClient, base: str, call: Call, *, headers: Mapping[str, str] | None = None, tries: int = _TRIES
) -> Any:
    """Return the JSON of an answer.

    Lost connections, timeouts, 429 and 5xx are retried after a pause that doubles and varies randomly.

    Raises:
        UnavailableError: the last attempt failed too, or another would be useless.
    """
    reason, end = "", time.monotonic() + _ALL_SECONDS
    for attempt in range(tries):
        if attempt:
            # Processes that failed at the same time must not retry at the same time.
            await asyncio.sleep(_FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311
        try:
            # The client's own timeouts are for one read each: an answer that trickles would never end.
            async with asyncio.timeout(min(_ATTEMPT_SECONDS, end - time.monotonic())):
                status, body = await _answer(client, base.rstrip("/") + call.path, call, headers or {})
        except ForbiddenHostError as error:
            raise UnavailableError(str(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            reason = f"no answer ({type(error).__name__})"
            continue
        if body is None:
            reason = f"status {status}"
            continue
        try:
            return await sized(len(body), read_json, body)
        except Refused as refused:
            reason = f"status {status}, {refused.detail}"
    raise UnavailableError(reason)


async def _answer(client: httpx.AsyncClient, url: str, call: Call, headers: Mapping[str, str]) -> tuple[int, bytes | None]:
    """Return the status and the body; no body for a status after which the call is retried."""
    asked = client.stream(
        call.method, url, params=dict(call.query), json=call.body, headers={**headers, "Accept-Encoding": "gzip"}
    )
    async with asked as answer:
        if answer.status_code == 429 or answer.status_code >= 500:
            return answer.status_code, None
        body = await read_bounded(answer, MAX_ANSWER)
        if body is None:
            raise UnavailableError("the answer is too large")
        return answer.status_code, body
