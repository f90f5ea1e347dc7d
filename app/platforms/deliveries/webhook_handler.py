"""Handles one webhook delivery, from its bytes to its answer.

In: an HTTP request's parts. Out: the reply that the platform expects, after the commit; or `Refused`. Never here: HTTP, formats.
"""

import hmac
from dataclasses import dataclass
from uuid import UUID

from app.adapters.protocol import Delivery, Parsed, Refused, Reply
from app.ingest.receiving.submission import Submission
from app.platforms.calls.parsing_thread import sized
from app.platforms.connection_counters import ConnectionCounters, Outcome
from app.platforms.credentials.connection_cache import ConnectionCache, LoadedConnection
from app.platforms.deliveries import dead_letter_replay
from app.platforms.deliveries.replay_guard import ReplayGuard
from app.platforms.event_submitter import EventSubmitter, parsed_by
from app.platforms.inbox import Inbox, InboxItem
from app.problems import not_found


@dataclass(frozen=True, slots=True)
class WebhookHandler:
    """Verifies, parses and stores deliveries."""

    connection_cache: ConnectionCache
    inbox: Inbox
    submitter: EventSubmitter
    counters: ConnectionCounters
    guard: ReplayGuard

    def knows(self, connection_id: UUID) -> bool:
        """Return whether the process has seen this connection before."""
        return self.connection_cache.knows(connection_id)

    async def connection(self, connection_id: UUID, url_token: str | None) -> LoadedConnection:
        """Return the connection of a webhook URL.

        Raises:
            ProblemError: 404; the same for a missing connection, a disabled one, and a wrong token.
        """
        found = await self.connection_cache.find(connection_id)
        if found is None or not found.enabled:
            raise not_found("connection")
        if url_token is None and not found.needs_url_token:
            return found
        if not hmac.compare_digest((url_token or "").encode(), found.secrets.url_token.encode()):
            raise not_found("connection")
        return found

    async def check(self, connection: LoadedConnection, delivery: Delivery) -> Reply:
        """Answer the platform's check of the URL (GET).

        Raises:
            Refused: the adapter refuses it, or its signature was used for something else.
        """
        try:
            found = connection.adapter.answer(delivery, connection.secrets.values, connection.context.options)
            await self.guard.require(connection.id, found.binding, delivery.received_at)
            return found.reply
        except Refused as refused:
            self.counters.refused(connection.id, delivery.received_at, refused.detail)
            raise

    async def take(self, connection: LoadedConnection, delivery: Delivery) -> Reply:
        """Verify, parse and store a delivery; return the answer once all of it is durable.

        Raises:
            Refused: it is not authentic, or cannot be parsed. If its sender is known, it is stored as a dead letter.
            QueueFullError, NotCommittedError: it may not have been stored.
        """
        verified = None
        try:
            secrets, options = connection.secrets.values, connection.context.options
            verified = await sized(len(delivery.body), connection.adapter.verify, delivery, secrets, options)
            if verified.binding is not None:
                await self.guard.require(connection.id, verified.binding, delivery.received_at)
            parsed = await parsed_by(connection, verified)
        except Refused as refused:
            self.counters.refused(connection.id, delivery.received_at, refused.detail)
            if refused.keep:
                dead_letter = dead_letter_replay.undecodable(delivery, verified)
                await self.submitter.store_dead_letter(connection, dead_letter, refused.detail, delivery.received_at)
            raise
        duplicate = False
        kept = bool(parsed.follow_ups) or (parsed.keep and not parsed.unknown)
        if kept:
            arrived = InboxItem(connection.id, verified.key, verified.received_at, verified.body, parsed.follow_ups)
            duplicate = not await self.inbox.keep(arrived)
        submission = await self.submitter.take(
            connection, parsed, verified.received_at, dead_letter_replay.delivery_facts(verified)
        )
        if not kept:
            duplicate = 0 < submission.duplicates == submission.taken
        self.counters.delivered(connection.id, delivery.received_at, duplicate=duplicate)
        outcome, reason = _outcome(parsed, submission, duplicate=duplicate)
        self.counters.noted(connection.id, delivery.received_at, outcome, reason, submission.taken)
        return parsed.reply


def _outcome(parsed: Parsed, submission: Submission, *, duplicate: bool) -> tuple[Outcome, str | None]:
    """Return what became of a delivery, and why where something of it did not arrive."""
    reason = submission.rejected[0].errors[0].detail if submission.rejected else None
    if duplicate:
        return "duplicate", reason
    if submission.accepted or submission.duplicates:
        return "accepted", reason
    if submission.parked:
        return "parked", reason
    if reason is not None or submission.conflicts:
        return "dead_letter", reason
    return ("queued", None) if parsed.follow_ups else ("ignored", ", ".join(parsed.ignored) or None)
