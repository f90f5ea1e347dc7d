"""HTTP calls to a platform's API, with retries of transient failures.

In: a method, an address, a query, a JSON body. Out: the JSON of the answer. Never here: a platform's error codes,
stored tokens; an address, a query or a body in an error, since they hold tokens and personal data.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic_core import from_json

from app.adapters.wechat_api import Call

TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_TRIES = 3
_ATTEMPT_SECONDS = 20.0
_FIRST_PAUSE = 0.3
_MAX_ANSWER = 16 * 1024 * 1024


class UnavailableError(Exception):
    """The platform could not be reached, was too slow, or its answer is not JSON; the text says which."""


async def send(
    client: httpx.AsyncClient, base: str, call: Call, *, headers: Mapping[str, str] | None = None, tries: int = _TRIES
) -> Any:
    """Return the JSON of an answer.

    Lost connections, timeouts, 429 and 5xx are retried after a pause that doubles and varies randomly.

    Raises:
        UnavailableError: the last attempt failed too.
    """
    reason = ""
    for attempt in range(tries):
        if attempt:
            # Processes that failed at the same time must not retry at the same time.
            await asyncio.sleep(_FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311
        try:
            # The client's own timeouts are for one read each: an answer that trickles would never end.
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                answer = await client.request(
                    call.method, base.rstrip("/") + call.path, params=dict(call.query), json=call.body, headers=headers
                )
        except (httpx.HTTPError, TimeoutError) as error:
            reason = f"no answer ({type(error).__name__})"
            continue
        if answer.status_code == 429 or answer.status_code >= 500:
            reason = f"status {answer.status_code}"
            continue
        if len(answer.content) > _MAX_ANSWER:
            raise UnavailableError("the answer is too large")
        try:
            return from_json(answer.content, allow_inf_nan=False)
        except ValueError:
            reason = f"status {answer.status_code}, not JSON"
    raise UnavailableError(reason)
