"""Dead letters of platforms: their content, and their replay through the adapter.

In: a part of a delivery that no adapter could parse. Out: the bytes of a dead letter; later the events of a replay. Never here:
storage of dead letters (`ingest.flushing.dead_letters`), a platform's format.

A dead letter holds the message as the adapter's `parse` takes it, with the facts that the delivery's signature covered, or the
pull that fetched it. After a mapping, an option or the software has been corrected, a replay creates the events that the
delivery would have created, with the same ids.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from app.adapters.documents import json_bytes
from app.adapters.protocol import Delivery, Parsed, Refused, Unknown, Verified
from app.adapters.signatures import key_of
from app.adapters.wechat.api import WechatError
from app.events import json_text
from app.ingest.receiving.privacy import PrivacyKeys
from app.ingest.receiving.receive import Receiver
from app.ingest.receiving.submission import Submission
from app.ingest.unprocessed.replay import UndecryptableDeadLetterError
from app.platforms.calls.calls import UnavailableError
from app.platforms.calls.wechat import NoCredentialsError, QuotaBackoffError
from app.platforms.credentials.connection_cache import ConnectionCache, LoadedConnection
from app.platforms.event_submitter import FIGURE, EventSubmitter, parsed_by, submission_of
from app.platforms.inbox import Inbox, InboxItem
from app.platforms.pulls.jobs import Pull, Puller
from app.problems import ProblemError
from app.storage import audit
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("ingest/unprocessed")
_ORIGIN = "connection:"


@dataclass(frozen=True, slots=True)
class Replayed:
    """The result of a replay."""

    submission: Submission
    pulls: int
    """Number of pulls that were enqueued; their events come from jobs."""


@dataclass(frozen=True, slots=True)
class DeadLetterReplayer:
    """Sends dead letters of connections through their adapters again."""

    database: Database
    connection_cache: ConnectionCache
    submitter: EventSubmitter
    inbox: Inbox
    puller: Puller
    privacy_keys: PrivacyKeys
    receiver: Receiver = field(default_factory=lambda: Receiver(1))

    async def replay(self, dead_letter: UUID, brand_id: UUID | None) -> Replayed | None:
        """Replay a dead letter; it is deleted once all of it is accepted. Return None if it does not come from a connection.

        Raises:
            UndecryptableDeadLetterError: it was encrypted with another key.
            ProblemError: 409 if its connection was deleted, the platform answers with an error, or it is a polled sample.
            QueueFullError, NotCommittedError: nothing is certain.
        """
        async with self.database.acquire() as lent:
            row = await lent.fetchrow(_SQL["dead_letter"], dead_letter, brand_id)
        if row is None or not row["origin"].startswith(_ORIGIN):
            return None
        body = self.privacy_keys.decrypt(row["sealed"])
        if body is None:
            raise UndecryptableDeadLetterError
        connection = await self.connection_cache.reload(UUID(row["origin"].removeprefix(_ORIGIN)))
        if connection is None:
            raise ProblemError(409, "the connection of this dead letter was deleted", code="not_replayable")
        audit.about(brand=row["brand_id"])
        if row["type"] is not None:
            replayed = Replayed(self._as_event(connection, body), 0)
        else:
            replayed = await self._as_message(connection, body, row["received_at"])
        replayed.submission.dead_letter = body
        await self.submitter.submit(connection, replayed.submission)
        if not replayed.submission.rejected and not replayed.submission.conflicts:
            async with self.database.transaction() as lent:
                await lent.fetch(_SQL["discard_dead_letter"], dead_letter)
        return replayed

    def _as_event(self, connection: LoadedConnection, body: bytes) -> Submission:
        """Return the submission of an event that the adapter created and the session refused."""
        submission = self.receiver.receive(
            body,
            {"content-type": "application/json"},
            brand_id=connection.brand_id,
            origin=connection.origin,
            received_at=datetime.now(UTC),
        )
        submission.platform, submission.sender_dates = connection.platform, False
        return submission

    async def _as_message(self, connection: LoadedConnection, body: bytes, received_at: datetime) -> Replayed:
        kept = json_text.parse(body)
        if "reading" in kept:
            raise ProblemError(409, "a sample cannot be replayed: a newer sample has replaced it", code="not_replayable")
        if "pull" in kept:
            job = Pull(connection=connection.id, delivery="", received_at=received_at, kind=kept["pull"], fields=kept["fields"])
            parsed, key, message = await self._pulled(connection, job), f"letter/{key_of(body)}", b""
        else:
            verified = verified_again(kept, received_at)
            key, message = verified.key, verified.body
            parsed = await _read(connection, verified)
        if parsed.follow_ups:
            # One pull per key, however often the dead letter is replayed.
            await self.inbox.keep(InboxItem(connection.id, key, received_at, message, parsed.follow_ups))
        return Replayed(submission_of(connection, parsed, received_at), len(parsed.follow_ups))

    async def _pulled(self, connection: LoadedConnection, job: Pull) -> Parsed:
        try:
            return await self.puller.fetch(connection, job)
        except NoCredentialsError:
            raise ProblemError(
                409, "the connection has no appid and app_secret, so nothing can be fetched", code="not_replayable"
            ) from None
        except (QuotaBackoffError, WechatError, UnavailableError) as error:
            raise ProblemError(409, f"the platform did not return the data: {error}", code="not_replayable") from None


async def _read(connection: LoadedConnection, verified: Verified) -> Parsed:
    try:
        return await parsed_by(connection, verified)
    except Refused as refused:
        return Parsed(unknown=(Unknown(refused.detail, None),))


def delivery_facts(verified: Verified) -> dict[str, Any]:
    """Return the facts about its delivery that a dead letter keeps."""
    return {"signed": verified.signed, "facts": dict(verified.facts), "key": verified.key}


def undecodable(delivery: Delivery, verified: Verified | None) -> bytes:
    """Return the dead letter of a delivery that cannot be parsed: its verified body, or the body as received."""
    found = verified or Verified(delivery.body, delivery.received_at, key_of(delivery.body), signed=False)
    return to_json({**delivery_facts(found), "bytes": base64.b64encode(found.body).decode()})


def verified_again(kept: Mapping[str, Any], received_at: datetime) -> Verified:
    """Return a dead letter's message as `parse` takes it. One without a key is standalone: its content identifies it."""
    message = _message(kept)
    return Verified(message, received_at, kept.get("key") or key_of(message), kept["signed"], kept["facts"])


def _message(kept: Mapping[str, Any]) -> bytes:
    return base64.b64decode(kept["bytes"]) if "bytes" in kept else json_bytes(kept["message"])


def is_figure(body: bytes, event_type: str | None) -> bool:
    """Tell whether a platform's dead letter is one figure of a sample: its field and its value."""
    return event_type is None and FIGURE in json_text.parse(body)


def original_message(body: bytes, event_type: str | None) -> bytes:
    """Return the message of a platform's dead letter as the platform sent it, or the event that a dead letter is."""
    return body if event_type is not None else _message(json_text.parse(body))
