"""Is all well? Checks of a deployment, by a server of itself or by a command beside it.

In: the database, the settings, the present moment. Out: findings. Never here: words (`labels/system.json`), a repair, a secret.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.extras import missing
from app.operations.settings_review import review
from app.settings import Settings
from app.storage.database import Connection, Database
from app.storage.event_log import log_partitions
from app.storage.event_log.log_partitions import Partition
from app.storage.operations import status_reads
from app.storage.operations.readiness import DatabaseState
from app.storage.operations.replica import Place, ReadSide, ReplicaState
from app.storage.operations.status_reads import InUse, ScheduleRow, ServerRow, TableRow, WaitingJobs
from app.storage.schema import migrate
from app.storage.schema.schema_window import SchemaFit, SchemaState

_TABLES = 12
_TICK = "platforms_tick"
"""Recurring work that begins every five seconds wherever a worker runs."""
_WORKER_SILENT = timedelta(seconds=60)
_OVERDUE = timedelta(minutes=10)
_JOB_WAITS = timedelta(minutes=5)
_CLOCK = timedelta(seconds=2)
_BACKUP = timedelta(days=7)
_LOG_AHEAD = timedelta(days=2)
"""Migration 0039 leaves a week until the job has made the next partition."""
_CHANNEL_FAILED = timedelta(days=1)
_MOST_DEAD_LETTERS = 10_000
_FREE = 0.1
"""Share of a disk that should be free."""


class Level(StrEnum):
    """How much a finding matters, from the least."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


_ORDER = list(Level)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; `code` and `figures` make its sentence."""

    check: str
    level: Level
    code: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """A deployment at one moment."""

    as_of: datetime
    findings: Sequence[Finding]
    tables: Sequence[TableRow] = ()
    schedules: Sequence[ScheduleRow] = ()

    @property
    def level(self) -> Level:
        """Return the level of the worst finding."""
        return max((one.level for one in self.findings), key=_ORDER.index, default=Level.OK)


async def examine(
    read_side: ReadSide, settings: Settings, state: DatabaseState, now: datetime, faults: Sequence[Finding] = ()
) -> Status:
    """Return the status of a deployment; `state` is what a write found, `faults` are what a process knows of itself.

    Raises:
        DatabaseUnreachableError, PostgresError: nothing can be read.
    """
    schema = _schema(state)
    if schema.level is Level.FAILED:
        # The tables may be others than this version knows.
        return Status(now, [*faults, *_writes(state), schema])
    database = read_side.database
    began = time.monotonic()
    async with database.background().acquire() as connection:
        server = await status_reads.server(connection)
        moment = now + timedelta(seconds=time.monotonic() - began)
        tables = await status_reads.tables(connection, _TABLES)
        schedules = await status_reads.schedules(connection)
        findings = [
            *faults,
            Finding("database", Level.OK, "version", {"version": server.version, "bytes": server.bytes}),
            *_writes(state),
            schema,
            *_worker(schedules, server.now),
            *_jobs(schedules, await status_reads.waiting_jobs(connection), server.now),
            *_log(await log_partitions.partitions(connection), server.now),
            *await _others(connection, now),
            *_replica(await read_side.place()),
            *_disk(database, settings),
            *_clock(server.now, moment),
            _extras(),
            *_settings(server, settings),
        ]
    return Status(now, findings, tables, schedules)


def _writes(state: DatabaseState) -> Iterator[Finding]:
    if state.fault is not None:
        yield Finding("writer", Level.FAILED, "fault", {"reason": state.fault})
    else:
        yield Finding("writer", Level.OK, "writes")


def _schema(state: DatabaseState) -> Finding:
    figures = {"found": state.revision or "–", "head": migrate.head()}
    match migrate.fit_of(SchemaState(state.revision, state.note)):
        case SchemaFit.CURRENT:
            return Finding("migrations", Level.OK, "head", figures)
        case SchemaFit.UNFIT:
            return Finding("migrations", Level.FAILED, "behind", figures)
        case fit:
            return Finding("migrations", Level.WARNING, fit.value, figures)


def _worker(schedules: Sequence[ScheduleRow], now: datetime) -> Iterator[Finding]:
    last = next((one.last_run for one in schedules if one.name == _TICK), None)
    if last is None or now - last > _WORKER_SILENT:
        yield Finding("worker", Level.FAILED, "silent", {"since": last.isoformat() if last else "–"})
    else:
        yield Finding("worker", Level.OK, "runs", {"seconds": max(0, int((now - last).total_seconds()))})


def _jobs(schedules: Sequence[ScheduleRow], waiting: WaitingJobs, now: datetime) -> Iterator[Finding]:
    late = [one.name for one in schedules if now - one.next_run > _OVERDUE]
    if late:
        yield Finding("jobs", Level.WARNING, "overdue", {"names": ", ".join(late)})
    if waiting.since is not None and now - waiting.since > _JOB_WAITS:
        minutes = int((now - waiting.since).total_seconds()) // 60
        yield Finding("jobs", Level.WARNING, "waiting", {"jobs": waiting.jobs, "minutes": minutes})
    elif not late:
        yield Finding("jobs", Level.OK, "on_time", {"jobs": waiting.jobs})


def _log(partitions: Sequence[Partition], now: datetime) -> Iterator[Finding]:
    for last in partitions[-1:]:
        until = log_partitions.made_at(last.upper)
        figures = {"until": until.date().isoformat()}
        if until - now > _LOG_AHEAD:
            yield Finding("log", Level.OK, "ahead", figures)
        else:
            yield Finding("log", Level.WARNING, "ends", figures)


async def _others(connection: Connection, now: datetime) -> list[Finding]:
    """Return what was found of connections, channels, data that waits, and backups."""
    dead_letters = await status_reads.dead_letters(connection, _MOST_DEAD_LETTERS)
    backup = await status_reads.last_backup(connection)
    found = [
        _in_use("connections", await status_reads.connections(connection)),
        _in_use("channels", await status_reads.channels(connection, now - _CHANNEL_FAILED)),
        Finding(
            "dead_letters",
            Level.WARNING if dead_letters else Level.OK,
            "some" if dead_letters else "none",
            {"count": dead_letters},
        ),
    ]
    if backup is None:
        found.append(Finding("backup", Level.WARNING, "none"))
    else:
        level = Level.WARNING if now - backup > _BACKUP else Level.OK
        found.append(Finding("backup", level, "age", {"days": max(0, (now - backup).days), "at": backup.isoformat()}))
    return found


def _in_use(check: str, found: InUse) -> Finding:
    if found.failing:
        return Finding(check, Level.WARNING, "failing", {"names": ", ".join(found.failing), "count": len(found.failing)})
    return Finding(check, Level.OK, "in_use", {"count": found.all})


def _replica(place: Place | None) -> Iterator[Finding]:
    if place is not None:
        level = Level.OK if place.state is ReplicaState.FOLLOWS else Level.WARNING
        figures = {"bytes": place.missing}
        yield Finding("replica", level, place.state.value, figures)


def _disk(database: Database, settings: Settings) -> Iterator[Finding]:
    """Yield the free space of the embedded database's disk; that of another server is not known here."""
    if database.embedded is None:
        return
    disk = shutil.disk_usage(settings.data_dir)
    share = disk.free / disk.total
    yield Finding(
        "disk", Level.OK if share >= _FREE else Level.WARNING, "free", {"bytes": disk.free, "percent": int(100 * share)}
    )


def _extras() -> Finding:
    """Return the extras that are left out: no fault, since a deployment chooses them, but a reason why something is not there."""
    left_out = missing()
    if left_out:
        return Finding("extras", Level.OK, "left_out", {"names": ", ".join(left_out)})
    return Finding("extras", Level.OK, "all")


def _settings(server: ServerRow, settings: Settings) -> Iterator[Finding]:
    for code in review(settings):
        yield Finding("settings", Level.WARNING, code)
    if server.pglz:
        yield Finding("settings", Level.WARNING, "wal_compression")


def _clock(server: datetime, own: datetime) -> Iterator[Finding]:
    seconds = round(abs((server - own).total_seconds()), 1)
    if timedelta(seconds=seconds) > _CLOCK:
        yield Finding("clock", Level.WARNING, "differs", {"seconds": seconds})
    else:
        yield Finding("clock", Level.OK, "agrees")
