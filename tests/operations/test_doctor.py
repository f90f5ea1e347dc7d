"""The status of a deployment: each check finds what it is for, in the API, in the shell and in three languages."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import AnyHttpUrl, SecretStr

from app.catalogue.access import Role
from app.labels.catalogue import CATALOGUE, LANGUAGES
from app.operations import doctor
from app.operations.doctor import Level, Status
from app.operations.settings_review import review
from app.service import Service
from app.settings import Settings
from app.storage.event_log.log_partitions import Partition, first_id
from app.storage.operations import status_reads
from app.storage.operations.readiness import DatabaseState
from app.storage.operations.replica import ReplicaState
from app.storage.operations.status_reads import ScheduleRow, ServerRow, WaitingJobs
from app.storage.schema import migrate
from app.storage.schema.schema_window import SchemaFit
from tests.cli.shell import Result, call
from tests.conftest import KeyMaker
from tests.databases import SECRET, OwnSettings, plain_only

NOW = datetime(2021, 9, 25, 5, 30, tzinfo=UTC)
Shell = Callable[..., Result]


async def examined(service: Service, now: datetime | None = None) -> Status:
    """Return the status as a command finds it."""
    return await doctor.examine(service.read_side, service.settings, await service.probe.state(), now or datetime.now(UTC))


def found(status: Status) -> dict[str, tuple[Level, str]]:
    """Return check → level and code."""
    return {one.check: (one.level, one.code) for one in status.findings}


async def execute(service: Service, statement: str, *args: Any) -> None:
    """Change the database behind the service's back."""
    async with service.database.acquire() as connection:
        await connection.execute(statement, *args)


async def test_a_server_with_a_worker_is_well_but_for_its_backup(service: Service) -> None:
    """All checks are there; recurring work has begun."""
    async with service.platforms.working():
        async with asyncio.timeout(30):
            while found(status := await examined(service))["worker"][0] is not Level.OK:  # noqa: ASYNC110 - the queue is watched
                await asyncio.sleep(0.1)
    checks = found(status)
    assert [
        "database",
        "writer",
        "migrations",
        "worker",
        "jobs",
        "log",
        "connections",
        "channels",
        "dead_letters",
        "backup",
        "clock",
        "extras",
    ] == [check for check in checks if check not in {"disk", "settings"}]
    assert {"backup": (Level.WARNING, "none")} == {
        check: one for check, one in checks.items() if one[0] is not Level.OK and check != "settings"
    }
    assert Level.WARNING is status.level
    assert "events" in {table.name for table in status.tables}
    assert {"platforms_tick", "platforms_nightly"} <= {schedule.name for schedule in status.schedules}


@pytest.mark.parametrize(("days", "code"), [(3, "ahead"), (1, "ends")])
def test_the_end_of_the_log_s_partitions_is_seen(days: int, code: str) -> None:
    """While one is left and nothing fails yet; without partitions there is nothing to say."""
    now = datetime.now(UTC)
    (finding,) = doctor._log([Partition("events_2027_01", None, first_id(now + timedelta(days=days)))], now)
    assert code == finding.code
    assert [] == [*doctor._log([], now)]


async def test_each_check_finds_what_it_is_for(service: Service, client: httpx.AsyncClient) -> None:
    """A failing connection, a message that was given up, dead letters, an old backup, another schema, a clock."""
    assert (Level.FAILED, "silent") == found(await examined(service))["worker"]
    hook = {"kind": "standard_webhooks", "name": "The shop", "secrets": {"secret": "whsec_" + "MfKQ9r8G" * 6}}
    await client.post("/v1/connections", json=hook)
    await execute(service, "UPDATE connections SET failing_since = now()")
    channel = {
        "kind": "slack",
        "name": "The chat",
        "events": ["session.started"],
        "secrets": {"url": "https://hooks.slack.com/services/T/B/x"},
    }
    made = (await client.post("/v1/channels", json=channel)).json()["id"]
    await client.post(f"/v1/channels/{made}/test")
    await execute(service, "UPDATE channel_deliveries SET state = 'failed'")
    wrong = {"specversion": "1.0", "id": "1", "source": "s", "subject": str(uuid4()), "type": "no.such", "data": {}}
    await client.post("/v1/events", json=wrong)
    await execute(
        service,
        "INSERT INTO audit_log (id, at, principal_kind, principal_id, action) VALUES (gen_random_uuid(), $1, 'command', 't', 'backup.create')",
        datetime.now(UTC) - timedelta(days=8, hours=1),
    )
    status = await examined(service)
    named = {one.check: one.figures for one in status.findings}
    for check, code, figures in (
        ("connections", "failing", {"names": "The shop", "count": 1}), ("channels", "failing", {"names": "The chat", "count": 1}),
        ("dead_letters", "some", {"count": 1}),
    ):  # fmt: skip
        assert (Level.WARNING, code) == found(status)[check]
        assert figures == named[check]
    assert ((Level.WARNING, "age"), 8) == (found(status)["backup"], named["backup"]["days"])
    assert (Level.WARNING, "differs") == found(await examined(service, datetime.now(UTC) + timedelta(minutes=3)))["clock"]
    behind = await doctor.examine(service.read_side, service.settings, DatabaseState("18", "0001"), datetime.now(UTC))
    assert {"writer": (Level.OK, "writes"), "migrations": (Level.FAILED, "behind")} == found(behind)


def test_late_jobs_and_a_silent_worker() -> None:
    """The limits, a second to each side of them."""
    second = timedelta(seconds=1)

    def schedule(last: timedelta | None, late: timedelta) -> list[ScheduleRow]:
        return [ScheduleRow("platforms_tick", None if last is None else NOW - last, NOW - late)]

    def levels(findings: Any) -> list[tuple[Level, str]]:
        return [(one.level, one.code) for one in findings]

    minute, ten = timedelta(minutes=1), timedelta(minutes=10)
    assert [(Level.OK, "runs")] == levels(doctor._worker(schedule(minute, -second), NOW))
    assert [(Level.FAILED, "silent")] == levels(doctor._worker(schedule(minute + second, -second), NOW))
    assert [(Level.FAILED, "silent")] == levels(doctor._worker(schedule(None, -second), NOW))
    assert [(Level.FAILED, "silent")] == levels(doctor._worker([], NOW))
    none = WaitingJobs(0, None)
    assert [(Level.OK, "on_time")] == levels(doctor._jobs(schedule(minute, ten), none, NOW))
    assert [(Level.WARNING, "overdue")] == levels(doctor._jobs(schedule(minute, ten + second), none, NOW))
    waiting = WaitingJobs(3, NOW - timedelta(minutes=5) - second)
    assert [(Level.WARNING, "waiting")] == levels(doctor._jobs(schedule(minute, ten), waiting, NOW))
    assert [(Level.OK, "on_time")] == levels(doctor._jobs(schedule(minute, ten), waiting._replace(since=NOW - minute), NOW))


def test_settings_that_deserve_a_look(tmp_path: Path) -> None:
    """None in the default; each for its own reason; secrets are named, never shown."""
    safe = OwnSettings(data_dir=tmp_path)
    assert [] == list(review(safe))
    key = tmp_path / "secret.key"
    key.write_text("x" * 64)
    key.chmod(0o644)
    for changes, codes in (
        ({}, ["secret_key_file"]),
        ({"secret_key": SecretStr(SECRET)}, []),
        ({"secret_key": SecretStr(SECRET), "host": "192.0.2.1"}, ["public_url", "metrics"]),
        ({"secret_key": SecretStr(SECRET), "public_url": AnyHttpUrl("http://tally.example")}, ["https"]),
        ({"secret_key": SecretStr(SECRET), "public_url": AnyHttpUrl("http://127.0.0.1:8080")}, []),
        ({"secret_key": SecretStr(SECRET), "bootstrap_admin_key": SecretStr("tl_a_" + "0" * 20)}, ["bootstrap_admin_key"]),
        ({"secret_key": SecretStr(SECRET), "secret_key_previous": SecretStr(SECRET)}, ["secret_key_previous"]),
        ({"secret_key": SecretStr(SECRET), "cors_origins": "*"}, ["cors_origins"]),
        ({"secret_key": SecretStr(SECRET), "trusted_proxies": "127.0.0.1,0.0.0.0/0"}, ["trusted_proxies"]),
        ({"secret_key": SecretStr(SECRET), "api_base_allow": "10.0.0.0/8"}, ["api_base_allow"]),
    ):  # fmt: skip
        found_codes = list(review(safe.model_copy(update=changes)))
        assert codes == found_codes, changes
        assert all(f"system.settings.{code}" in CATALOGUE for code in found_codes)
    for pglz, codes in ((False, []), (True, ["wal_compression"])):
        server = ServerRow("18.4", NOW, 1, pglz=pglz)
        assert codes == [one.code for one in doctor._settings(server, safe.model_copy(update={"secret_key": SecretStr(SECRET)}))]
        assert all(f"system.settings.{code}" in CATALOGUE for code in codes)


async def test_a_compression_that_stops_ingest_is_seen(service: Service) -> None:
    """The two names of the method in PostgreSQL, and none."""
    async with service.database.background().acquire() as connection:
        for setting, pglz in (("on", True), ("pglz", True), ("off", False)):
            await connection.execute(f"SET wal_compression = '{setting}'")
            assert pglz is (await status_reads.server(connection)).pglz


async def test_the_route_is_the_administrator_s_and_speaks_three_languages(client: httpx.AsyncClient, keys: KeyMaker) -> None:
    """Other roles are refused; the words differ, the codes do not; no secret is in any of them."""
    answers = [(await client.get("/v1/status", params={"lang": lang})).json() for lang in LANGUAGES]
    assert "failed" == answers[0]["status"]  # no worker runs beside this test
    assert [one["code"] for one in answers[0]["checks"]] == [one["code"] for one in answers[2]["checks"]]
    assert 3 == len({json.dumps(answer["checks"], ensure_ascii=False) for answer in answers})
    assert SECRET not in json.dumps(answers)
    for role in (Role.OPERATOR, Role.VIEWER, Role.INGEST):
        assert 403 == (await client.get("/v1/status", headers=await keys(role))).status_code
    assert migrate.head() == next(one["detail"] for one in answers[2]["checks"] if one["name"] == "migrations")[9:-1]


async def test_a_process_tells_what_is_wrong_with_itself(
    service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that is stuck is a failed check, although the database takes writes."""
    monkeypatch.setattr(type(service.writer), "fault", lambda _: "the writer waits for the database")
    checks = (await client.get("/v1/status", params={"lang": "en"})).json()["checks"]
    assert ("writer", "failed", "the writer waits for the database") == tuple(
        checks[0][name] for name in ("name", "status", "detail")
    )


@pytest.fixture
def shell(settings: Settings, tmp_path: Path) -> Shell:
    """A shell whose environment names the test's database."""
    own = {"TALLYLIGHT_DATABASE_URL": settings.database_url or "", "TALLYLIGHT_SECRET_KEY": SECRET, "COLUMNS": "200"}
    return partial(call, env=own, cwd=tmp_path)


@plain_only("a database there is backed up by Citus' own means")
@pytest.mark.processes
def test_the_commands_tell_by_their_exit_codes(shell: Shell, tmp_path: Path) -> None:
    """No worker: 1. A backup needs a passphrase or a reason; it is then known to the doctor; a full database is not restored into."""
    status = shell("doctor", "--json")
    assert (1, "failed") == (status.exit_code, json.loads(status.stdout)["status"])
    assert "no server" not in status.stderr
    shown = shell("doctor")
    assert (1, True) == (shown.exit_code, "has not run since" in shown.stdout)
    assert 2 == shell("backup", "-o", "one.backup").exit_code
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("only the tests know it\nand no second line\n")
    empty = shell("backup", "-o", "one.backup", "--passphrase-file", passphrase)
    assert (1, True) == (empty.exit_code, "nothing to back up" in empty.stderr)
    assert 0 == shell("keys", "create", "--role", "viewer").exit_code
    made = shell("backup", "-o", "one.backup", "--passphrase-file", passphrase)
    assert 0 == made.exit_code, made.stderr
    assert "age" == next(one["code"] for one in json.loads(shell("doctor", "--json").stdout)["checks"] if one["name"] == "backup")
    refused = shell("restore", "one.backup", "--passphrase-file", passphrase)
    assert (1, "the database is not empty: restore into an empty one\n") == (refused.exit_code, refused.stderr)
    assert 0 == shell("restore", "one.backup", "--passphrase-file", passphrase, "--key-to", "key").exit_code
    assert SECRET == (tmp_path / "key").read_text()
    passphrase.write_text("only the tests know it\r\n" + "more" * 100_000)
    assert 0 == shell("restore", "one.backup", "--passphrase-file", passphrase, "--key-to", "same").exit_code
    endless = shell("restore", "one.backup", "--passphrase-file", "/dev/zero", "--key-to", "other")
    assert (2, True) == (endless.exit_code, "65536" in endless.stderr)
    passphrase.write_text("another\n")
    wrong = shell("restore", "one.backup", "--passphrase-file", passphrase, "--key-to", "other")
    assert (1, True) == (wrong.exit_code, "passphrase" in wrong.stderr)


@pytest.mark.long
@pytest.mark.processes
def test_an_embedded_database_is_restored_with_its_key(tmp_path: Path) -> None:
    """From one data folder into another: the secret key is the same, and the key that was made opens it."""
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("only the tests know it\n")
    first, second = ({"TALLYLIGHT_DATA_DIR": str(tmp_path / name)} for name in ("first", "second"))
    key = call("keys", "create", "--role", "viewer", env=first, cwd=tmp_path).stdout.strip()
    made = call("backup", "-o", "one.backup", "--passphrase-file", passphrase, env=first, cwd=tmp_path)
    assert 0 == made.exit_code, made.stderr
    without = call("restore", "one.backup", env=second, cwd=tmp_path)
    assert (1, True) == (without.exit_code, "--passphrase-file" in without.stderr)
    restored = call("restore", "one.backup", "--passphrase-file", passphrase, env=second, cwd=tmp_path)
    assert 0 == restored.exit_code, restored.stderr
    assert (tmp_path / "first" / "secret.key").read_text() == (tmp_path / "second" / "secret.key").read_text()
    assert key.split("_")[1] in call("keys", "list", env=second | {"COLUMNS": "200"}, cwd=tmp_path).stdout


def test_every_finding_has_words() -> None:
    """Each check and code that the doctor can name is in the catalogue, and no other sentence is there."""
    source = Path(doctor.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r'Finding\(\s*"(\w+)",\s[^")]*?"(\w+)"', source))
    named |= {("dead_letters", "none"), ("worker", "fault")}
    named |= {("replica", one.value) for one in ReplicaState}
    named |= {("migrations", one.value) for one in (SchemaFit.PENDING, SchemaFit.NEWER)}
    named |= {(check, code) for check in ("connections", "channels") for code in ("failing", "in_use")}
    sentences = {tuple(key.split(".")[1:]) for key in CATALOGUE if key.startswith("system.") and key.count(".") == 2}
    without_settings = {one for one in named if one[0] != "settings"}
    assert without_settings == {one for one in sentences if one[0] not in {"level", "settings"}}
