"""The room put together: what one process holds open for the platforms.

In: database, settings, writer. Out: `Platforms`. Never here: logic.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx

from app.ingest.privacy import Sealer
from app.ingest.writer import Writer
from app.platforms.calls import TIMEOUT
from app.platforms.connection_cache import Directory
from app.platforms.connection_counters import States
from app.platforms.dead_letter_replay import Letters
from app.platforms.encryption import Vault
from app.platforms.event_submitter import Desk
from app.platforms.inbox import Inbox
from app.platforms.jobs import Puller
from app.platforms.pollers import Pollers
from app.platforms.tokens import Tokens
from app.platforms.webhook_handler import Door
from app.platforms.wechat import Wechat
from app.platforms.wechat_dashboard import Dashboard
from app.platforms.weibo_stream import WeiboStreams
from app.platforms.worker import Worker
from app.settings import Settings
from app.storage.database import Database


@dataclass(frozen=True, slots=True)
class Platforms:
    """Everything of the platforms that is opened once per process."""

    vault: Vault
    directory: Directory
    states: States
    door: Door
    desk: Desk
    tokens: Tokens
    wechat: Wechat
    pollers: Pollers
    worker: Worker
    letters: Letters

    def working(self) -> AbstractAsyncContextManager[None]:
        """Run background jobs while the block runs."""
        return self.worker.running()


@asynccontextmanager
async def open_platforms(
    database: Database, settings: Settings, vault: Vault, sealer: Sealer, writer: Writer
) -> AsyncIterator[Platforms]:
    """Open the inbox; at the end commit what waits in it. The writer must outlive this."""
    async with httpx.AsyncClient(timeout=TIMEOUT, limits=httpx.Limits(max_connections=50)) as client:
        directory = Directory(database, vault)
        states = States(database)
        inbox = Inbox(database, sealer)
        desk = Desk(writer, states)
        tokens = Tokens(database, vault, client)
        wechat = Wechat(database, client, tokens)
        puller = Puller(database, directory, wechat, desk, sealer)
        dashboard = Dashboard(database, settings, wechat, desk)
        pollers = Pollers(database, settings, directory, dashboard, client, desk)
        streams = WeiboStreams(database, settings, directory, client, desk)
        worker = Worker(database, settings, inbox, puller, pollers, streams)
        states.start()
        inbox.start()
        try:
            door = Door(directory, inbox, desk, states)
            letters = Letters(database, directory, desk, inbox, puller, sealer)
            yield Platforms(vault, directory, states, door, desk, tokens, wechat, pollers, worker, letters)
        finally:
            await inbox.stop()
            await states.stop()
