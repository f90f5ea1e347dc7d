"""Runs single jobs, and decides what a failure means.

In: a job of the queue, the function that does its work. Out: a job that is done, retried later or given up; the state on the
connection. Never here: the queue, the work itself, a secret or a sender's data in a reason.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job

from app.adapters.wechat.api import Busy, TokenRefused, WechatError
from app.adapters.weibo.counts import WeiboError
from app.ingest.group_commit.writer import NotCommittedError, QueueFullError
from app.ingest.retention import delete_in_parts, retire
from app.platforms.calls.calls import UnavailableError
from app.platforms.calls.wechat import NoCredentialsError, QuotaBackoffError
from app.platforms.connection_counters import ErrorCode
from app.platforms.inbox import Inbox
from app.platforms.pulls.job_errors import PartlyReadError, error_location, safe_message
from app.platforms.pulls.jobs import Pull, Puller
from app.platforms.pulls.pollers import STREAM
from app.settings import Settings
from app.storage.database import Database
from app.storage.platforms import bulk_jobs
from app.storage.queries import queries
from app.storage.transient_errors import UNREACHABLE

_SQL = queries("platforms/platforms")
_log = structlog.get_logger()

_PATIENCE = timedelta(days=3)
"""A pull is retried for this long while the platform is unavailable; WeChat itself pushes an event for less than four hours."""
_HARD_TRIES = 5
"""Attempts of a pull that the platform answers with a permanent error code."""
_LONGEST_PAUSE = 300.0
_TRANSIENT = (Busy, TokenRefused, UnavailableError, QueueFullError, NotCommittedError, *UNREACHABLE)


def pause_after(attempts: int) -> timedelta:
    """Return the pause before a retry: 1 s, doubling to five minutes, with random variation."""
    return timedelta(seconds=min(2.0 ** min(attempts, 20), _LONGEST_PAUSE) * random.uniform(0.75, 1.25))  # noqa: S311


@dataclass(frozen=True, slots=True)
class JobRunner:
    """Runs jobs."""

    database: Database
    settings: Settings
    inbox: Inbox
    puller: Puller

    async def pull(self, job: Job) -> None:
        """Run a pull; if it fails, retry it later or give up.

        Raises:
            RetryRequested: retry; it carries only the name of the reason, since the queue stores it.
        """
        work = Pull.model_validate_json(job.payload or b"")
        reason, delay = "", pause_after(job.attempts)
        lasting = False
        try:
            await self.inbox.wait_until_idle()
            await self.puller.pull(work)
            self.puller.submitter.counters.succeeded(work.connection)
            return
        except QuotaBackoffError as resting:
            self.puller.connection_cache.invalidate(work.connection)
            reason = str(resting)
            delay = max(resting.until - datetime.now(UTC), timedelta(0)) + timedelta(seconds=random.uniform(0.1, 1))  # noqa: S311
        except NoCredentialsError:
            await self.puller.give_up(work, "the connection has no appid and app_secret, so nothing can be fetched")
            return
        except _TRANSIENT as error:
            reason = safe_message(error)
        except WechatError as error:
            reason, lasting = safe_message(error), True
        except Exception as error:  # noqa: BLE001 - the queue would store its text, which may hold personal data
            _log.error("pull failed", connection=str(work.connection), kind=work.kind, reason=error_location(error))
            reason, lasting = type(error).__name__, True
        if datetime.now(UTC) - job.created > _PATIENCE or (lasting and job.attempts >= _HARD_TRIES):
            await self.puller.give_up(work, reason)
            return
        self.puller.submitter.counters.failed(work.connection, datetime.now(UTC), "pull_failed", f"{work.kind}: {reason}")
        raise RetryRequested(delay, reason)

    def periodic(self, name: str, work: Callable[[UUID, datetime], Awaitable[object]]) -> Callable[[Job], Awaitable[None]]:
        """Return the function of a scheduled job; what fails is left to its next time."""

        async def turn(job: Job) -> None:
            connection_id = UUID((job.payload or b"").decode())
            code: ErrorCode = "poll_failed"
            try:
                await work(connection_id, datetime.now(UTC))
                if name != STREAM:  # the end of a stream is no success: what it receives is
                    self.puller.submitter.counters.succeeded(connection_id)
                return
            except QuotaBackoffError as resting:
                reason = str(resting)
            except NoCredentialsError:
                reason = "the connection has no appid and app_secret"
            except PartlyReadError as error:
                code, reason = "partly_read", safe_message(error)
            except (*_TRANSIENT, WechatError, WeiboError) as error:
                reason = safe_message(error)
            except Exception as error:  # noqa: BLE001 - the same
                _log.error("periodic job failed", job=name, connection=str(connection_id), reason=error_location(error))
                reason = type(error).__name__
            # Not retried: the next scheduled run does the same work.
            self.puller.submitter.counters.failed(connection_id, datetime.now(UTC), code, f"{name}: {reason}")

        return turn

    async def delete_expired(self, now: datetime) -> None:
        """Delete what is past its retention time: raw deliveries, the queue's log, dead letters, comment texts."""
        before = now - timedelta(days=self.settings.delivery_days)
        await retire(self.database, self.settings, now)
        await delete_in_parts(self.database, _SQL["expire_deliveries"], before)
        await delete_in_parts(self.database, _SQL["expire_bindings"], now)
        await delete_in_parts(self.database, _SQL["expire_job_log"], before)
        await delete_in_parts(self.database, bulk_jobs.EXPIRE, before)
