"""Everything that one process keeps open for the channels.

In: database, settings. Out: `ChannelRuntime`, and its work for the job queue. Never here: logic.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.channels.sender import Sender
from app.channels.watcher import Watcher
from app.live.alerts import AlertThresholds
from app.platforms.background.worker import Queued, Recurring
from app.platforms.calls.calls import TIMEOUT
from app.platforms.calls.outbound import AllowList, guarded_client
from app.platforms.credentials.encryption import SecretCipher
from app.settings import Settings, names
from app.storage.channels import channel_queue
from app.storage.channels.channel_outbox import JOB
from app.storage.database import Database

_TICK = "* * * * * */5"
_NIGHTLY = "27 3 * * *"
_AT_ONCE = 20
"""Channels that the processes send for at a time: receivers that do not answer leave room for other jobs."""
_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class ChannelRuntime:
    """The parts of the channels package, opened once per process."""

    cipher: SecretCipher
    reachable: AllowList
    sender: Sender
    watcher: Watcher
    days: int
    """For how long deliveries are kept."""

    def jobs(self) -> list[Queued]:
        """Return the work that is queued."""
        return [Queued(JOB, _AT_ONCE, self._send)]

    def recurring(self) -> list[Recurring]:
        """Return the work that runs by a schedule."""
        return [Recurring("channels_watch", _TICK, self.watcher.tick), Recurring("channels_nightly", _NIGHTLY, self.expire)]

    async def _send(self, payload: bytes) -> None:
        await self.sender.work(UUID(payload.decode()))

    async def expire(self, now: datetime) -> int:
        """Delete old deliveries; return how many."""
        deleted, before = 0, now - timedelta(days=self.days)
        while True:
            async with self.sender.database.acquire() as connection:
                found = await channel_queue.expire(connection, before, _PAGE)
            deleted += found
            if found < _PAGE:
                return deleted


@asynccontextmanager
async def open_channels(
    database: Database, settings: Settings, cipher: SecretCipher, limits: AlertThresholds
) -> AsyncIterator[ChannelRuntime]:
    """Open the client of the channels; on exit, close it."""
    reachable = AllowList.of(names(settings.api_base_allow))
    page = None if settings.public_url is None else str(settings.public_url).rstrip("/")
    async with guarded_client(reachable, TIMEOUT) as client:
        background = database.background()
        sender = Sender(background, cipher, client, page)
        yield ChannelRuntime(cipher, reachable, sender, Watcher(background, limits), settings.delivery_days)
