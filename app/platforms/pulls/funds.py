"""Funds: lists the entries of a shop's account day by day and enqueues the pull of each.

In: a connection, the time. Out: pulls, one per entry, and the position up to which the account was listed. Never here: what an
entry says (`jobs`), sums over entries.

A page's pulls and the position after it are stored in one transaction. The next poll therefore continues on
the same page. An entry that is listed again is not pulled again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from app.adapters.protocol import FollowUp
from app.adapters.wechat import api as wechat_api
from app.ingest.receiving.privacy import PrivacyKeys
from app.platforms.calls.wechat import QuotaBackoffError, Wechat
from app.platforms.credentials.connection_cache import ConnectionCache, LoadedConnection
from app.platforms.inbox import InboxItem, enqueue_pulls
from app.settings import Settings
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("platforms/platforms")
FUNDS_GET = "funds_get"
"""Kind of the pull of one entry."""
_CHINA = ZoneInfo("Asia/Shanghai")
_COMPLETE_AT = time(16)
"""A day's entries appear after this time of the next day."""
_READ_AGAIN = timedelta(days=3)
"""Days before the last listed day that are listed again: entries may appear late, and a pull may have failed for as long as it is
retried. A new connection begins this long before its creation."""
_PAGES = 100
"""Maximum number of pages of a poll, since a page may hold no entry that is new."""


class FundsPosition(BaseModel, frozen=True):
    """The page that is listed next: page `page` of day `day`; at day `end` everything is listed."""

    day: date
    end: date
    page: int = 1
    next_key: str = ""

    def after(self, page: wechat_api.Page) -> "FundsPosition":
        """Return the position after the current page."""
        if page.has_more:
            return self.model_copy(update={"page": self.page + 1, "next_key": page.next_key})
        return FundsPosition(day=self.day + timedelta(days=1), end=self.end)


def available_until(now: datetime) -> date:
    """Return the first day in China whose entries are not all available yet."""
    local = now.astimezone(_CHINA)
    return local.date() - timedelta(days=0 if local.time() >= _COMPLETE_AT else 1)


def next_position(stored: FundsPosition | None, created_at: datetime, now: datetime) -> FundsPosition | None:
    """Return where to continue; None while no further day is available."""
    if stored is not None and stored.day < stored.end:
        return stored
    end = available_until(now)
    listed = created_at.astimezone(_CHINA).date() if stored is None else stored.end
    if stored is not None and listed >= end:
        return None
    found = FundsPosition(day=listed - _READ_AGAIN, end=end)
    return found if found.day < found.end else None


@dataclass(frozen=True, slots=True)
class FundsLister:
    """Lists the accounts of shops."""

    database: Database
    settings: Settings
    connection_cache: ConnectionCache
    wechat: Wechat
    privacy_keys: PrivacyKeys

    async def poll(self, connection_id: UUID, now: datetime) -> int:
        """List the next entries and enqueue their pulls; return how many are new.

        A poll ends with the page on which it reaches `funds_per_poll` new entries. It lists nothing while as many are pending.

        Raises:
            QuotaBackoffError, NoCredentialsError, WechatError, UnavailableError: the next poll continues on the same page.
        """
        connection = await self.connection_cache.reload(connection_id)
        if connection is None or not connection.enabled:
            return 0
        if connection.quiet_until is not None and connection.quiet_until > now:
            raise QuotaBackoffError(connection.quiet_until)
        async with self.database.acquire() as lent:
            row = await lent.fetchrow(_SQL["funds_position"], connection.id)
        text = row["funds"] if row else None
        position = next_position(FundsPosition.model_validate_json(text) if text else None, connection.created_at, now)
        if position is None:
            return 0
        async with self.database.acquire() as lent:
            if await lent.fetchval(_SQL["pending_funds"], connection.id) >= self.settings.funds_per_poll:
                return 0
        found = 0
        for _ in range(_PAGES):
            if position.day >= position.end or found >= self.settings.funds_per_poll:
                break
            page = await self._page(connection, position, text)
            position = position.after(page)
            stored = await self._store(connection, page.ids, text, position, now)
            if stored is None:
                # Another process has listed this page meanwhile.
                break
            text, new = stored
            found += new
        return found

    async def _page(self, connection: LoadedConnection, position: FundsPosition, text: str | None) -> wechat_api.Page:
        begin = datetime.combine(position.day, time(), _CHINA)
        end = begin + timedelta(days=1)
        make = partial(wechat_api.funds_flow_list, begin=begin, end=end, page=position.page, next_key=position.next_key)
        read = partial(wechat_api.read_funds_page, page=position.page, next_key=position.next_key)
        try:
            return await self.wechat.call(connection, make, read)
        except (wechat_api.Busy, wechat_api.TokenRefused, wechat_api.Unreadable):
            raise
        except wechat_api.WechatError:
            if position.page > 1:
                # The key of a page may have expired: the next poll lists the day from its first page.
                await self._store(connection, (), text, FundsPosition(day=position.day, end=position.end), None)
            raise

    async def _store(
        self, connection: LoadedConnection, ids: Sequence[str], before: str | None, position: FundsPosition, now: datetime | None
    ) -> tuple[str, int] | None:
        """Store a position and the pulls of the page before it; return its text and the number of new pulls.

        None if the stored position is no longer `before`.
        """
        async with self.database.acquire() as lent, lent.transaction():
            stored = await lent.fetchval(_SQL["store_funds_position"], connection.id, position.model_dump_json(), before)
            if stored is None:
                return None
            if not ids or now is None:
                return str(stored), 0
            keys = {number: f"work/funds/{number}" for number in ids}
            items = [
                InboxItem(connection.id, key, now, b"", (FollowUp(FUNDS_GET, {"flow_id": number}, key),))
                for number, key in keys.items()
            ]
            return str(stored), len(await enqueue_pulls(lent, self.privacy_keys, items))
