"""Jobs: pulls from WeChat's API for deliveries and searches, turned into events.

In: a job's payload. Out: events through the writer, further pulls, a completed delivery. Never here: retries of a job (`worker`).
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from pydantic import BaseModel

from app.adapters.event_collector import EventCollector
from app.adapters.parsing import identifier
from app.adapters.protocol import FollowUp, Parsed
from app.adapters.wechat import aftersales, api as wechat_api, funds as wechat_funds, orders, shop as wechat_shop
from app.ingest.receiving.privacy import PrivacyKeys
from app.platforms.calls.calls import UnavailableError
from app.platforms.calls.parsing_thread import beside
from app.platforms.calls.wechat import QuotaBackoffError, Wechat
from app.platforms.credentials.connection_cache import ConnectionCache, LoadedConnection
from app.platforms.event_submitter import EventSubmitter
from app.platforms.inbox import InboxItem, enqueue_pulls
from app.platforms.pulls.active_sessions import live_sessions
from app.platforms.pulls.funds import FUNDS_GET
from app.platforms.pulls.job_errors import require_all_read
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("platforms/platforms")

_LOOKS_BACK = timedelta(days=1)
"""A new connection searches orders from this long before its creation."""
_FAULTS = (wechat_api.Busy, wechat_api.TokenRefused, wechat_api.Unreadable, UnavailableError)
"""Errors of a list that a shop without permission for it does not get."""
_OVERLAP = timedelta(minutes=10)
"""Overlap of two searches: an order's update may become visible late."""


class Pull(BaseModel):
    """A job's payload; it holds no personal data."""

    connection: UUID
    delivery: str
    received_at: datetime
    kind: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Search:
    """A list call for changes in a time range of at most `width`."""

    kind: str
    field: str
    ask: Callable[..., wechat_api.Call]
    width: timedelta


_ORDERS = _Search("order_get", "order_id", wechat_api.order_list, timedelta(days=7))
_AFTERSALES = _Search("aftersale_get", "after_sale_order_id", wechat_api.aftersale_list, timedelta(hours=24))


@dataclass(frozen=True, slots=True)
class Puller:
    """Runs pulls and searches."""

    database: Database
    connection_cache: ConnectionCache
    wechat: Wechat
    submitter: EventSubmitter
    privacy_keys: PrivacyKeys

    async def pull(self, job: Pull) -> None:
        """Fetch one object, store its events, then mark the delivery as processed.

        Safe to repeat: event ids are made of the object and its state.

        Raises:
            QuotaBackoffError, NoCredentialsError, WechatError, UnavailableError: the platform did not return the object.
            QueueFullError, NotCommittedError: the events may not have been stored.
        """
        connection = await self._loaded(job.connection)
        if connection is None:
            return
        parsed = await self.fetch(connection, job)
        await self.submitter.take(connection, parsed, job.received_at, {"pull": job.kind, "fields": job.fields})
        further = [InboxItem(connection.id, f"work/{found.key}", job.received_at, b"", (found,)) for found in parsed.follow_ups]
        async with self.database.acquire() as lent, lent.transaction():
            if further:
                # One pull per key: an order that is pulled ten times requests its refund once.
                await enqueue_pulls(lent, self.privacy_keys, further)
            await lent.execute(_SQL["finish_delivery"], connection.id, job.delivery, datetime.now(UTC), None)

    async def give_up(self, job: Pull, reason: str) -> None:
        """Record on the delivery that its job has failed permanently; a repeated delivery enqueues it again."""
        async with self.database.acquire() as lent:
            await lent.execute(_SQL["finish_delivery"], job.connection, job.delivery, datetime.now(UTC), reason[:500])
        self.submitter.counters.failed(job.connection, datetime.now(UTC), "pull_failed", f"{job.kind}: {reason}")

    async def _loaded(self, connection_id: UUID) -> LoadedConnection | None:
        connection = await self.connection_cache.find(connection_id)
        if connection is not None and connection.quiet_until is not None and connection.quiet_until > datetime.now(UTC):
            raise QuotaBackoffError(connection.quiet_until)
        return connection

    async def fetch(self, connection: LoadedConnection, job: Pull) -> Parsed:
        """Return what the platform's API reports about the object of a job.

        Raises:
            QuotaBackoffError, NoCredentialsError, WechatError, UnavailableError: it returns no object.
        """
        fields = job.fields
        if job.kind == "order_get":
            order = await self._order(connection, fields["order_id"])
            return await beside(orders.read_order, order, connection.context, job.received_at, fields)
        if job.kind == "aftersale_get":
            number = fields["after_sale_order_id"]
            aftersale = await self.wechat.call(
                connection, lambda token: wechat_api.aftersale_get(token, number), wechat_api.read_aftersale_answer
            )
            order_id = _order_of(aftersale, fields)
            order = await self._order(connection, order_id) if order_id else {}
            return await beside(aftersales.read_aftersale, aftersale, order, connection.context, job.received_at, fields)
        if job.kind == "order_flow":
            return await self._order_flow(connection, fields["order_id"])
        if job.kind == FUNDS_GET:
            return await self._funds_flow(connection, job)
        if job.kind == "stock_get":
            return await self._stock(connection, job)
        raise ValueError(f"no pull is called {job.kind}")

    async def _order_flow(self, connection: LoadedConnection, order_id: str) -> Parsed:
        """Return what was settled of an order, in the session that the order belongs to."""
        flow = await self.wechat.call(
            connection,
            lambda token: wechat_api.order_flow(token, order_id),
            lambda answer: wechat_api.read_order_flow(answer, order_id),
        )
        order = await self._order(connection, order_id) if flow else {}
        return wechat_funds.read_order_flow(flow, order, connection.context)

    async def _funds_flow(self, connection: LoadedConnection, job: Pull) -> Parsed:
        """Return one entry of the account, in the session of its order if it names one."""
        number = job.fields["flow_id"]
        flow = await self.wechat.call(
            connection, lambda token: wechat_api.funds_flow_get(token, number), wechat_api.read_funds_flow
        )
        order: Mapping[str, object] = {}
        if order_id := wechat_funds.related_ids(flow).get("order"):
            try:
                order = await self._order(connection, order_id)
            except (wechat_api.Busy, wechat_api.TokenRefused):
                raise
            except wechat_api.WechatError:
                # The shop may not read this order, or it is gone: the entry is kept without a session.
                order = {}
        return wechat_funds.read_funds_flow(flow, order, connection.context, job.received_at)

    async def _stock(self, connection: LoadedConnection, job: Pull) -> Parsed:
        """Return the stock of a product for the connection's session, or else for the brand's sessions on air on WeChat."""
        tied, now = connection.context.session, datetime.now(UTC)
        on_air = [] if tied else await live_sessions(self.database, connection.brand_id, None, "wechat", now, timedelta(0))
        subjects = [tied] if tied else [str(session.id) for session in on_air]
        told, fields = job.fields.get("stock"), job.fields
        if not subjects:
            # No session on air needs the figure, so no quota is spent on it.
            return Parsed(ignored=("a stock warning while nothing is on air",))
        if told is None:
            make = partial(wechat_api.stock_get, product_id=fields["product_id"], sku_id=fields.get("sku_id", ""))
            stock = await self.wechat.call(connection, make, wechat_api.read_stock)
        else:
            stock = int(told)
        return wechat_shop.read_stock(fields, stock, subjects, connection.context, job.received_at, job.delivery)

    async def _order(self, connection: LoadedConnection, order_id: str) -> Mapping[str, object]:
        return await self.wechat.call(
            connection, lambda token: wechat_api.order_get(token, order_id), wechat_api.read_order_answer
        )

    async def reconcile(self, connection_id: UUID, now: datetime) -> int:
        """Enqueue a pull for everything that changed since the last search; return how many.

        This finds orders whose push was lost. For the others it costs one more call and changes no figure.

        Raises:
            QuotaBackoffError, NoCredentialsError, WechatError, UnavailableError: the next search starts from the same time,
                unless only the after-sales were not listed.
            PartlyReadError: some ids cannot be read; the others are pulled.
        """
        connection = await self._loaded(connection_id)
        fresh = await self.connection_cache.reload(connection_id)
        if connection is None or fresh is None or not fresh.enabled:
            return 0
        begin = (fresh.reconciled_to or fresh.created_at - _LOOKS_BACK) - _OVERLAP
        found: dict[str, InboxItem] = {}
        unread = EventCollector(fresh.context)
        fault: Exception | None = None
        for search in (_ORDERS, _AFTERSALES):
            try:
                async for number in self._changed(fresh, search, begin, now, unread):
                    key = f"reconcile/{search.kind}/{number}/{int(now.timestamp())}"
                    found[key] = InboxItem(fresh.id, key, now, b"", (FollowUp(search.kind, {search.field: number}, key),))
            except (wechat_api.WechatError, UnavailableError) as error:
                if search is _ORDERS:
                    raise
                # A pulled order lists its after-sales too. A shop without permission for this list still gets those.
                if isinstance(error, _FAULTS):
                    fault = error
                else:
                    self.submitter.counters.failed(fresh.id, now, "poll_failed", f"list of after-sales: {error}")
        async with self.database.acquire() as lent, lent.transaction():
            await enqueue_pulls(lent, self.privacy_keys, list(found.values()))
            await lent.execute(_SQL["reconciled"], fresh.id, now)
        parsed = unread.result()
        await self.submitter.take(fresh, parsed, now)
        if fault is not None:
            raise fault
        require_all_read(parsed.unknown)
        return len(found)

    async def _changed(
        self, connection: LoadedConnection, search: _Search, begin: datetime, end: datetime, unread: EventCollector
    ) -> AsyncIterator[str]:
        since = begin
        while since < end:
            until = min(since + search.width, end)
            next_key, keys = "", set[str]()
            while next_key not in keys:
                keys.add(next_key)
                make = partial(search.ask, updated_from=since, updated_to=until, next_key=next_key)
                page = await self.wechat.call(connection, make, wechat_api.read_page)
                for value in page.unread:
                    unread.unreadable(f"list of {search.kind}: {search.field}", value)
                for number in page.ids:
                    yield number
                if not page.has_more:
                    break
                next_key = page.next_key
            else:
                # The list would begin again, and what comes after this page would be left out.
                raise wechat_api.Unreadable("new next_key")
            since = until


def _order_of(aftersale: Mapping[str, object], fields: Mapping[str, str]) -> str | None:
    return identifier(aftersale.get("order_id")) or fields.get("order_id")
