"""Diagnostics of a connection: a test of its credentials, a preview of its mapping, its last deliveries.

In: a saved connection. Out: checks with the platform's error codes, or events that are not stored and their outcomes. Never here:
a secret in a detail.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.adapters.mappings import mapping
from app.adapters.protocol import Refused
from app.adapters.validation import Misconfigured
from app.adapters.wechat import api as wechat_api, broadcasts as wechat_broadcasts
from app.adapters.wechat.api import WechatError
from app.adapters.weibo.counts import WeiboError
from app.platforms.administration.connections import ConnectionAdmin, refused
from app.platforms.administration.models import (
    ConnectionCheck,
    Preview,
    PreviewOutcome,
    PreviewRequest,
    RecentDeliveries,
    TestResult,
)
from app.platforms.calls.calls import UnavailableError
from app.platforms.calls.parsing_thread import beside
from app.platforms.calls.wechat import NoCredentialsError, QuotaBackoffError, app_of
from app.platforms.credentials.connection_cache import LoadedConnection
from app.platforms.event_submitter import submission_of
from app.problems import ProblemError, invalid, not_found
from app.storage.tables import connections

_CHINA = ZoneInfo("Asia/Shanghai")
MAX_PREVIEWED = 50
"""Events of one preview: the transaction that finds their outcomes holds locks of their sessions."""
_NOTHING_TO_ASK = "this kind of connection calls no API; send a test delivery from the platform's console"


async def _fresh(admin: ConnectionAdmin, connection_id: UUID) -> LoadedConnection:
    connection = await admin.platforms.connection_cache.reload(connection_id)
    if connection is None:
        raise not_found("connection")
    return connection


async def test(admin: ConnectionAdmin, connection_id: UUID) -> TestResult:
    """Test the credentials against the platform's API.

    Raises:
        ProblemError: 404.
    """
    connection = await _fresh(admin, connection_id)
    checks = [_settings(connection)]
    if connection.kind in {"wechat_shop", "wechat_live"}:
        checks += await _wechat(admin, connection)
    elif connection.kind == "weibo_counts":
        checks.append(await _tried("counts", lambda: _counts(admin, connection)))
    else:
        checks.append(ConnectionCheck(name="api", ok=True, detail=_NOTHING_TO_ASK))
    failed = next((check for check in checks if not check.ok), None)
    if failed is not None:
        admin.platforms.counters.failed(
            connection.id, datetime.now(UTC), "test_failed", f"test of {failed.name}: {failed.detail}"
        )
    return TestResult(ok=failed is None, checks=checks)


def _settings(connection: LoadedConnection) -> ConnectionCheck:
    try:
        connection.adapter.check(connection.secrets.values, connection.context.options)
    except Misconfigured as error:
        return ConnectionCheck(name="settings", ok=False, detail=str(error))
    return ConnectionCheck(name="settings", ok=True, detail="all required settings are present and valid")


async def _tried(name: str, work: Callable[[], Awaitable[str]]) -> ConnectionCheck:
    try:
        return ConnectionCheck(name=name, ok=True, detail=await work())
    except NoCredentialsError:
        return ConnectionCheck(name=name, ok=False, detail="appid and app_secret are required to fetch orders")
    except QuotaBackoffError as resting:
        return ConnectionCheck(
            name=name, ok=False, detail=f"{resting}; no calls until {resting.until.isoformat(timespec='seconds')}"
        )
    except (WechatError, WeiboError, UnavailableError) as error:
        return ConnectionCheck(name=name, ok=False, detail=str(error))


async def _wechat(admin: ConnectionAdmin, connection: LoadedConnection) -> list[ConnectionCheck]:
    platforms, now = admin.platforms, datetime.now(UTC)

    async def token() -> str:
        # Request a new token, not the stored one: a secret that was changed on the platform must fail here.
        found = await platforms.tokens.ask(app_of(connection))
        return f"the platform issued a token for {found.expires_in} s"

    async def orders() -> str:
        since = now - timedelta(hours=1)
        page = await platforms.wechat.call(connection, lambda text: wechat_api.order_list(text, since, now), wechat_api.read_page)
        return f"orders may be read; {len(page.ids)} changed within the last hour"

    async def broadcasts() -> str:
        day = now.astimezone(_CHINA)
        found = await platforms.wechat.call(
            connection,
            lambda text: wechat_broadcasts.broadcast_list(text, day),
            lambda answer: wechat_broadcasts.read_broadcasts(answer, connection.context),
        )
        return f"the dashboard may be read; {len(found.listed)} broadcasts today"

    first = await _tried("access_token", token)
    if not first.ok:
        return [first]
    reading = ("orders", orders) if connection.kind == "wechat_shop" else ("dashboard", broadcasts)
    return [first, await _tried(*reading)]


async def _counts(admin: ConnectionAdmin, connection: LoadedConnection) -> str:
    posts = connection.context.options.get("posts")
    ids = list(posts)[:1] if isinstance(posts, dict) else []
    if not ids:
        return "options.posts is empty: there is nothing to count"
    parsed = await admin.platforms.pollers.read_counts(connection, ids, connection.context.session or "weibo:test")
    return f"the platform returned counts of {len(parsed.events)} of {len(ids)} posts"


async def preview(admin: ConnectionAdmin, connection_id: UUID, form: PreviewRequest) -> Preview:
    """Return the events that a mapping creates from a sample, and what ingestion would do with each of them; store nothing.

    Raises:
        ProblemError: 404; 409 for a kind without a mapping; 422 for a mapping that is not valid, or a sample of too many events.
        NotCommittedError, TimeoutError: a session is locked, or the database took too long.
    """
    connection = await _fresh(admin, connection_id)
    if connection.kind != mapping.KIND:
        raise ProblemError(409, "only connections of kind mapping have a preview")
    if form.options is not None:
        connection = replace(connection, context=replace(connection.context, options=form.options))
    now, context = datetime.now(UTC), connection.context
    try:
        parsed = await beside(mapping.preview, form.sample, context.options, now, form.topic, source=context.source)
    except Misconfigured as error:
        raise refused(error) from None
    except Refused as error:
        raise invalid("/sample", error.detail) from None
    if len(parsed.events) > MAX_PREVIEWED:
        detail = f"makes {len(parsed.events)} events; a preview takes a sample of at most {MAX_PREVIEWED}"
        raise invalid("/sample", detail)
    submission = submission_of(connection, replace(parsed, unknown=()), now, {"key": mapping.PREVIEW_KEY})
    outcomes = await admin.platforms.dry_run.outcomes(submission)
    return Preview(
        events=list(parsed.events),
        outcomes=[
            PreviewOutcome(
                event=str(event["id"]),
                type=str(event["type"]),
                subject=str(event["subject"]),
                session=found.session,
                outcome=found.verdict,
                reason=found.reason,
                errors=found.errors,
                corrected=found.corrected,
            )
            for event, found in zip(parsed.events, outcomes, strict=True)
        ],
        problems=[unknown.reason for unknown in parsed.unknown],
        ignored=list(parsed.ignored),
    )


async def recent(admin: ConnectionAdmin, connection_id: UUID) -> RecentDeliveries:
    """Return the last deliveries of a connection.

    Raises:
        ProblemError: 404.
    """
    await admin.platforms.counters.write()
    async with admin.database.read() as connection:
        found = await connection.scalar(select(connections.c.recent).where(connections.c.id == connection_id))
    if found is None:
        raise not_found("connection")
    return RecentDeliveries(deliveries=found)
