"""Sends what a channel has to send: one request after the other, within the platform's budget.

In: a channel's id. Out: requests, and their outcomes as rows. Never here: formats, texts, a secret in an error or a log line, a
connection of the pool while a request is under way.

An attempt is noted and committed before its request, so that the budget holds when a process dies. A message is marked as sent
after the receiver's answer: a process that dies in between leaves it to another one, which repeats it with the same id. So a
message arrives at least once.
"""

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

import httpx
import structlog

from app import __version__
from app.channels.administration import opened
from app.channels.budgets import remembered, slots
from app.channels.kinds.protocol import Answer, Outcome, Outgoing, Sending
from app.channels.kinds.registry import KINDS
from app.channels.messages import DIGEST, TEST, Stored, digest_line, text_of
from app.observability.metrics import MESSAGES
from app.platforms.calls.outbound import ForbiddenHostError, read_bounded
from app.platforms.credentials.encryption import SecretCipher, UnreadableError
from app.platforms.credentials.secret_rotation import without_expired
from app.problems import not_found
from app.storage import audit
from app.storage.channels import channel_queue as queue
from app.storage.channels.channel_queue import ChannelRow, DueRow, Limits
from app.storage.database import Connection, Database

_log = structlog.get_logger()

REQUEST_SECONDS = 10.0
"""How long a request may take, from the look-up of the name to the end of the answer."""
_MAX_ANSWER = 64 * 1024
_BUSY = timedelta(seconds=REQUEST_SECONDS + 10)
"""After this time the process that made a request is taken for dead."""
MAX_ATTEMPTS = 10
OLDEST = timedelta(hours=24)
"""What could not be sent within this time is no news any more."""
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 600.0
_MOST = 500
"""Messages that one digest may gather."""
_JOB_SECONDS = 20.0
_SHORT_WAIT = 1.5
"""A job waits so long for the next request; for a longer time it ends, and a later job continues."""


class _Claim(NamedTuple):
    """A message that this process sends now."""

    channel: ChannelRow
    message: DueRow
    attempts: int


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends the messages of channels."""

    database: Database
    cipher: SecretCipher
    client: httpx.AsyncClient
    page: str | None
    """Public URL of the dashboard, which messages link."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def work(self, channel_id: UUID) -> int:
        """Send what a channel has to send, for a bounded time; return the number of requests."""
        end, made = self.clock() + timedelta(seconds=_JOB_SECONDS), 0
        while self.clock() < end:
            found = await self._claim(channel_id)
            if found is None:
                break
            if isinstance(found, float):
                await asyncio.sleep(found)
                continue
            made += 1
            await self.attempt(found.channel, found.message, found.attempts)
        return made

    async def _claim(self, channel_id: UUID) -> _Claim | float | None:
        """Return the next message, or the seconds until one may be sent; None if there is nothing to do for this job."""
        now = self.clock()
        async with self.database.acquire() as connection, connection.transaction():
            channel = await queue.lock_channel(connection, channel_id)
            if channel is None or max(channel.paused_until or now, channel.busy_until or now) > now:
                return None
            limits = Limits(now - OLDEST, "not sent within a day", MAX_ATTEMPTS, "no outcome")
            await queue.give_up(connection, channel_id, limits)
            waiting = await queue.due(connection, channel_id, now, _MOST)
            if not waiting:
                return None
            kind = KINDS[channel.kind]
            free = slots(kind.BUDGETS, channel.requests, now)
            if free.left == 0:
                return free.wait if free.wait <= _SHORT_WAIT else None
            message = waiting[0]
            # The last request of a full budget takes all that waits.
            singles = [one for one in waiting if one.event != DIGEST]
            if free.left == 1 and len(singles) > 1 and message.event != DIGEST:
                message = await _gathered(connection, channel, singles, now) or message
            requests = [*remembered(kind.BUDGETS, channel.requests, now), now]
            attempts = await queue.begin(connection, channel_id, message.id, requests, now + _BUSY)
        return _Claim(channel, message, attempts)

    async def test(self, channel_id: UUID) -> tuple[UUID, Outcome]:
        """Send a test message now, once; it is listed, and counts as a request.

        Raises:
            ProblemError: 404.
        """
        now, message = self.clock(), DueRow(uuid4(), TEST, {}, 0, self.clock())
        async with self.database.transaction() as connection:
            channel = await queue.lock_channel(connection, channel_id, disabled_too=True)
            if channel is None:
                raise not_found("channel")
            audit.about(brand=channel.brand_id)
            budgets = KINDS[channel.kind].BUDGETS
            await queue.add(connection, channel_id, message.id, TEST, "{}", now)
            free = slots(budgets, channel.requests, now)
            if not free.left:
                outcome = Outcome("refused", f"the budget of the platform is used up; try again in {free.wait:.0f} s")
                await queue.finish(connection, channel_id, message.id, "failed", outcome.reason, None, None)
                return message.id, outcome
            requests = [*remembered(budgets, channel.requests, now), now]
            # Nothing else may send it: its outcome is stored below, and without one it has failed.
            await queue.begin(connection, channel_id, message.id, requests, channel.busy_until)
            await queue.finish(connection, channel_id, message.id, "failed", "no outcome", None, None)
        outcome = await self._send(channel, message)
        async with self.database.acquire() as connection:
            state = "sent" if outcome.state == "sent" else "failed"
            sent_at = self.clock() if state == "sent" else None
            await queue.correct(connection, channel_id, message.id, state, outcome.reason or None, sent_at)
        return message.id, outcome

    async def attempt(self, channel: ChannelRow, message: DueRow, attempts: int) -> Outcome:
        """Make the request of a message whose attempt is noted, and store its outcome."""
        outcome = await self._send(channel, message)
        MESSAGES.labels(channel.kind, outcome.state).inc()
        now = self.clock()
        failures, paused_until, next_at, state = 0, None, None, "sent"
        if outcome.state == "refused":
            state, failures = "failed", channel.failures
        elif outcome.state == "retry":
            failures = channel.failures + 1
            paused_until = now + _pause(failures, outcome.wait)
            next_at = now + _pause(attempts, outcome.wait)
            state = "failed" if attempts >= MAX_ATTEMPTS else "queued"
        if outcome.state != "sent":
            _log.info("message not sent", channel=str(channel.id), delivery=str(message.id), reason=outcome.reason, state=state)
        async with self.database.acquire() as connection, connection.transaction():
            sent_at = now if state == "sent" else None
            await queue.finish(connection, channel.id, message.id, state, outcome.reason or None, next_at, sent_at)
            await queue.release(connection, channel.id, failures, paused_until)
        return outcome

    async def _send(self, channel: ChannelRow, message: DueRow) -> Outcome:
        kind = KINDS[channel.kind]
        try:
            secrets = without_expired(opened(self.cipher, channel.sealed), channel.previous_secret_until, self.clock())
        except UnreadableError:
            return Outcome("refused", "the secrets were encrypted with another secret key")
        text = text_of(Stored(message.event, message.content, message.created_at), channel.lang, self.page)
        outgoing = kind.request(Sending(message.id, text, secrets, channel.options, self.clock()))
        try:
            return kind.outcome(await self._answer(outgoing))
        except ForbiddenHostError:
            return Outcome("refused", "the host is not a public one")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError) as error:
            return Outcome("retry", f"no answer ({type(error).__name__})")

    async def _answer(self, outgoing: Outgoing) -> Answer:
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": f"Tallylight/{__version__}"}
        # The client's own timeouts are for one read each: an answer that trickles would never end.
        async with (
            asyncio.timeout(REQUEST_SECONDS),
            self.client.stream(
                "POST", outgoing.url, content=outgoing.body, headers={**headers, **outgoing.headers, "Accept-Encoding": "gzip"}
            ) as answer,
        ):
            body = await read_bounded(answer, _MAX_ANSWER)
            return Answer(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, body or b"")


async def _gathered(connection: Connection, channel: ChannelRow, waiting: Sequence[DueRow], now: datetime) -> DueRow | None:
    """Store a digest of as many messages as its format holds; the others wait for the next one. None if it holds one alone."""
    kind, lines, taken = KINDS[channel.kind], list[str](), list[DueRow]()
    for one in waiting:
        lines.append(digest_line(Stored(one.event, one.content, one.created_at), channel.lang))
        if taken and not kind.fits(lines):
            break
        taken.append(one)
    if len(taken) < 2:
        return None
    content = {"messages": [{"event": one.event, "content": one.content} for one in taken]}
    digest = DueRow(uuid4(), DIGEST, content, 0, now)
    await queue.add(connection, channel.id, digest.id, DIGEST, json.dumps(content, ensure_ascii=False), now)
    await queue.gather(connection, channel.id, [one.id for one in taken], digest.id)
    return digest


def _pause(failures: int, wait: float | None) -> timedelta:
    """Return the pause after failures in a row: 5 s, doubling to ten minutes, with random variation; at least what was asked."""
    usual = min(_FIRST_PAUSE * 2.0 ** min(failures - 1, 20), _LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311
    return timedelta(seconds=max(usual, min(wait or 0.0, 2 * _LONGEST_PAUSE)))
