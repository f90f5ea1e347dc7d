"""The resources of one process.

In: settings. Out: a `Service` with everything a route needs. Never here: HTTP.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.catalogue.callers.devices import DeviceStore
from app.catalogue.callers.key_store import ApiKeyStore
from app.catalogue.callers.principals import Principals
from app.channels.runtime import ChannelRuntime, open_channels
from app.exports.exporter import Exporter
from app.ingest import log_retention
from app.ingest.group_commit.traced_writer import writer_of
from app.ingest.group_commit.writer import Writer
from app.ingest.receiving.privacy import PrivacyKeys
from app.ingest.receiving.receive import Receiver
from app.insights.reader import InsightSettings
from app.live.alerts import AlertThresholds
from app.live.hub import Hub
from app.live.subscriber import StreamLimits
from app.live.tickets import TicketSigner
from app.platforms.background.worker import Recurring
from app.platforms.credentials.encryption import SecretCipher, load_privacy_keys
from app.platforms.file_imports.imports import Importer
from app.platforms.runtime import PlatformRuntime, open_platforms
from app.release.automatic import release_due
from app.reports.render_process import RenderProcess
from app.settings import Settings
from app.storage.database import Database, DatabaseUnreachableError, open_database
from app.storage.operations.readiness import WriteProbe
from app.storage.operations.replica import ReadSide, open_replica
from app.storage.schema import migrate
from app.storage.schema.schema_window import SchemaFit

_log = structlog.get_logger()

_EVERY_TEN_MINUTES = "*/10 * * * *"
_HOURLY = "41 * * * *"


class MigrationsBehindError(DatabaseUnreachableError):
    """The schema is older or newer than this version of the code."""


class DrainIncompleteError(Exception):
    """The database did not take all events that were waiting; their senders were told to send them again."""


@dataclass(frozen=True, slots=True, repr=False)
class Service:
    """Resources that are opened once per process. Their representation would be long, and asyncio makes those of its tasks."""

    settings: Settings
    database: Database
    keys: ApiKeyStore
    devices: DeviceStore
    principals: Principals
    privacy_keys: PrivacyKeys
    receiver: Receiver
    writer: Writer
    platforms: PlatformRuntime
    channels: ChannelRuntime
    importer: Importer
    renderer: RenderProcess
    exporter: Exporter
    hub: Hub
    tickets: TicketSigner
    probe: WriteProbe
    read_side: ReadSide


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """Open the database and a service on it; at the end close both.

    Raises:
        DrainIncompleteError: at the end, if events could not be committed.
        DatabaseUnreachableError: no database, or its migrations are behind; the text has a hint.
    """
    database = await open_database(settings)
    try:
        await _require_head(database)
        async with service_on(database, settings) as service:
            yield service
    finally:
        await database.close()


async def _require_head(database: Database) -> None:
    """Bring an embedded database to this version's migration.

    Raises:
        MigrationsBehindError: another database has one that this version does not serve.
    """
    found = await migrate.state(database.engine)
    if database.embedded is not None and migrate.fit_of(found) is not SchemaFit.CURRENT:
        await migrate.upgrade(database)
        found = await migrate.state(database.engine)
    match migrate.fit_of(found):
        case SchemaFit.UNFIT:
            raise MigrationsBehindError(
                f"the database is at migration {found.revision or 'none'}, this version needs {migrate.head()}: "
                "run `tallylight migrate`"
            )
        case SchemaFit.PENDING | SchemaFit.NEWER as fit:
            _log.warning("schema of another version", fit=fit.value, found=found.revision, head=migrate.head())


@asynccontextmanager
async def service_on(database: Database, settings: Settings) -> AsyncIterator[Service]:
    """Start a service on an open, migrated database; at the end drain its writer, and leave the database open.

    Raises:
        DrainIncompleteError: at the end, if events could not be committed.
    """
    cipher = SecretCipher(settings.secret(), settings.previous_secret())
    privacy_keys = await load_privacy_keys(database, settings, cipher)
    keys = ApiKeyStore(database)
    if settings.bootstrap_admin_key is not None:
        await keys.bootstrap(settings.bootstrap_admin_key.get_secret_value())
    devices = DeviceStore(database)
    principals = Principals(keys, devices)
    replica = await open_replica(settings, database)
    read_side = ReadSide(database, replica, settings.read_wait_seconds)
    hub, tickets = _live(database, principals, settings)
    writer = writer_of(database, settings, privacy_keys)
    writer.start()
    renderer = RenderProcess(settings.report_seconds)
    try:
        receiver = Receiver(settings.max_batch_events)
        recurring = _recurring(database.background(), settings)
        async with (
            open_channels(database, settings, cipher, hub.limits) as channels,
            open_platforms(
                database, settings, cipher, privacy_keys, writer, [*recurring, *channels.recurring()], channels.jobs()
            ) as platforms,
        ):
            importer = Importer(database, settings, writer)
            yield Service(
                settings, database, keys, devices, principals, privacy_keys, receiver, writer, platforms, channels, importer,
                renderer, Exporter(read_side, principals), hub, tickets, WriteProbe(database), read_side,
            )  # fmt: skip
    finally:
        try:
            await hub.stop()
            await keys.close()
            await devices.close()
        finally:
            await renderer.close()
            drained = await writer.drain()
            if replica is not None:
                await replica.close()
    if not drained:
        raise DrainIncompleteError("the database did not take all events; their senders were told to send them again")


def _recurring(database: Database, settings: Settings) -> list[Recurring]:
    recurring = [Recurring("log_partitions", _HOURLY, lambda now: log_retention.work(database, settings.log_days, now))]
    days = settings.finalize_after_days
    if days is not None:
        insights = InsightSettings(settings.slow_response_seconds, settings.keep_comment_text)
        recurring.append(
            Recurring("automatic_release", _EVERY_TEN_MINUTES, lambda now: release_due(database, insights, days, now))
        )
    return recurring


def _live(database: Database, principals: Principals, settings: Settings) -> tuple[Hub, TicketSigner]:
    limits = AlertThresholds(settings.low_stock, settings.slow_response_seconds, timedelta(seconds=settings.silence_seconds))
    pace = StreamLimits(
        settings.stream_seconds,
        settings.stream_heartbeat_seconds,
        settings.stream_subscribers,
        settings.stream_subscribers_per_key,
    )
    lifetime = timedelta(seconds=settings.stream_ticket_seconds)
    return Hub(database, principals.of, limits, pace), TicketSigner(settings.secret(), settings.previous_secret(), lifetime)
