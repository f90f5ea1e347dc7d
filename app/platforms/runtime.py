"""Everything that one process keeps open for the platforms.

In: database, settings, writer. Out: `PlatformRuntime`. Never here: logic.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from app.ingest.dry_runs.dry_run import DryRun
from app.ingest.group_commit.writer import Writer
from app.ingest.receiving.privacy import PrivacyKeys
from app.platforms.background.job_runner import JobRunner
from app.platforms.background.worker import Queued, Recurring, Worker
from app.platforms.calls.calls import TIMEOUT
from app.platforms.calls.circuit_breaker import CircuitBreaker
from app.platforms.calls.outbound import AllowList, guarded_client
from app.platforms.calls.tokens import AccessTokens
from app.platforms.calls.wechat import Wechat
from app.platforms.connection_counters import ConnectionCounters
from app.platforms.credentials.connection_cache import ConnectionCache
from app.platforms.credentials.encryption import SecretCipher
from app.platforms.deliveries.bulk_runner import BulkRunner
from app.platforms.deliveries.dead_letter_replay import DeadLetterReplayer
from app.platforms.deliveries.replay_guard import ReplayGuard
from app.platforms.deliveries.webhook_handler import WebhookHandler
from app.platforms.event_submitter import EventSubmitter
from app.platforms.inbox import Inbox
from app.platforms.pulls.funds import FundsLister
from app.platforms.pulls.jobs import Puller
from app.platforms.pulls.pollers import Pollers
from app.platforms.pulls.wechat_dashboard import Dashboard
from app.platforms.pulls.weibo_stream import WeiboStreams
from app.settings import Settings, names
from app.storage.database import Database


@dataclass(frozen=True, slots=True)
class PlatformRuntime:
    """The parts of the platforms package, opened once per process."""

    cipher: SecretCipher
    connection_cache: ConnectionCache
    counters: ConnectionCounters
    handler: WebhookHandler
    submitter: EventSubmitter
    tokens: AccessTokens
    wechat: Wechat
    pollers: Pollers
    worker: Worker
    dead_letters: DeadLetterReplayer
    dry_run: DryRun
    reachable: AllowList
    """Hosts besides the public ones that connections may name as `api_base`."""

    def working(self) -> AbstractAsyncContextManager[None]:
        """Run background jobs while the block runs."""
        return self.worker.running()


@asynccontextmanager
async def open_platforms(
    database: Database,
    settings: Settings,
    cipher: SecretCipher,
    privacy_keys: PrivacyKeys,
    writer: Writer,
    recurring: Sequence[Recurring] = (),
    queued: Sequence[Queued] = (),
) -> AsyncIterator[PlatformRuntime]:
    """Start the inbox; on exit, commit what waits in it. The writer must be closed later than this."""
    reachable = AllowList.of(names(settings.api_base_allow))
    async with guarded_client(reachable, TIMEOUT) as client:
        connection_cache = ConnectionCache(database, cipher)
        # Background work has a connection pool of its own: requests do not wait for it.
        background, breaker = database.background(), CircuitBreaker()
        counters = ConnectionCounters(background)
        inbox = Inbox(database, privacy_keys)
        submitter = EventSubmitter(writer, counters)
        tokens = AccessTokens(background, cipher, client)
        wechat = Wechat(background, client, tokens, breaker)
        puller = Puller(background, connection_cache, wechat, submitter, privacy_keys)
        dashboard = Dashboard(background, settings, wechat, submitter)
        pollers = Pollers(background, settings, connection_cache, dashboard, client, submitter, breaker)
        streams = WeiboStreams(background, settings, connection_cache, client, submitter)
        funds = FundsLister(background, settings, connection_cache, wechat, privacy_keys)
        runner = JobRunner(background, settings, inbox, puller)
        dead_letters = DeadLetterReplayer(database, connection_cache, submitter, inbox, puller, privacy_keys)
        bulk = BulkRunner(background, settings, privacy_keys, writer, dead_letters, inbox.wait_until_idle)
        worker = Worker(background, settings, runner, puller, pollers, streams, funds, bulk, recurring, queued)
        counters.start()
        inbox.start()
        try:
            handler = WebhookHandler(connection_cache, inbox, submitter, counters, ReplayGuard(database))
            dry_run = DryRun(database, settings, privacy_keys)
            yield PlatformRuntime(
                cipher, connection_cache, counters, handler, submitter, tokens, wechat, pollers, worker, dead_letters, dry_run,
                reachable,
            )  # fmt: skip
        finally:
            await inbox.stop()
            await counters.stop()
