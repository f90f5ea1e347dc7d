"""Sums by the second, in the rows of their minutes: windows of full seconds over them equal the sum of what was counted inside."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import pytest

from app.catalogue.ids import new_id
from app.events.contributions import Count
from app.ingest.folding.moments import microseconds, moment
from app.ingest.folding.tally import Tally
from app.storage.ingest.writes import WriteQueries
from app.storage.kpis import product_reads, reads
from app.storage.kpis.product_reads import PaidWindow, ProductWindow
from app.storage.queries import queries

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2021, 9, 25, 5, tzinfo=UTC)
MINUTES = 4
METRICS = ("product_clicks", "orders", "units_sold", "gmv")
PLATFORMS = ("wechat", "weibo")


class One(NamedTuple):
    """One thing that was counted: at a second, of a key."""

    metric: str
    key: str
    platform: str
    second: int
    value: int

    def at(self) -> datetime:
        """Return when it was."""
        return START + timedelta(seconds=self.second)


def counted(random: Random, number: int) -> list[One]:
    """Return what is counted by the second: clicks, orders, units and amounts of products, arrivals of sources."""
    found = []
    for _ in range(number):
        second, platform = random.randrange(60 * MINUTES), random.choice(PLATFORMS)
        if random.random() < 0.4:
            found.append(One("arrivals", random.choice(("fans|3", "ads|")), platform, second, 1))
        else:
            found.append(One(random.choice(METRICS), random.choice("AB"), platform, second, random.choice((0, 1, 2, 10**20))))
    return found


def halves(random: Random, ones: list[One]) -> Iterator[list[One]]:
    """Yield some of them, then the rest."""
    chosen = [random.random() < 0.5 for _ in ones]
    yield [one for one, taken in zip(ones, chosen, strict=True) if taken]
    yield [one for one, taken in zip(ones, chosen, strict=True) if not taken]


async def flush(connection: asyncpg.Connection, session: UUID, ones: list[One], sign: int = 1) -> None:
    """Add what a flush counts."""
    tally = Tally(180_000)
    for one in ones:
        tally.count(session, one.platform, microseconds(one.at()), (Count(one.metric, one.value, one.key, by_second=True),), sign)
    await WriteQueries(connection).add_counters(tally.counters())


async def take_back(connection: asyncpg.Connection, session: UUID, ones: list[One]) -> None:
    """Subtract what was counted, and delete what is empty then, as the fold does."""
    tally = Tally(180_000)
    for one in ones:
        tally.count(session, one.platform, microseconds(one.at()), (Count(one.metric, one.value, one.key, by_second=True),), -1)
    rows, writes = tally.counters(), WriteQueries(connection)
    await writes.add_counters(rows)
    await writes.drop_empty([(*row[:3], moment(row[3]), *row[4:6]) for row in rows])


async def flush_of_a_former_version(connection: asyncpg.Connection, session: UUID, ones: list[One]) -> None:
    """Add the same with rows by the second, as versions before 0047 did."""
    for one in ones:
        for grain, bucket in ((0, EPOCH), (1, one.at()), (60, one.at().replace(second=0))):
            await connection.execute(
                "INSERT INTO counters AS c (session_id, grain, key, bucket, platform, metric, value, contributions) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, 1) ON CONFLICT (session_id, grain, key, bucket, platform, metric) "
                "DO UPDATE SET value = c.value + excluded.value, contributions = c.contributions + 1",
                session, grain, one.key, bucket, one.platform, one.metric, one.value,
            )  # fmt: skip


def windows(random: Random, number: int) -> list[tuple[datetime, datetime]]:
    """Return windows: inside a minute, over full minutes, empty ones, and any others."""
    found = [(0, 60), (60, 180), (61, 62), (59, 61), (90, 90), (0, 60 * MINUTES)]
    for _ in range(number):
        begin = random.randrange(60 * MINUTES)
        found.append((begin, random.randrange(begin, 60 * MINUTES)))
    return [(START + timedelta(seconds=begin), START + timedelta(seconds=end)) for begin, end in found]


def inside(ones: list[One], begin: datetime, end: datetime) -> list[One]:
    """Return those in a window, in order."""
    return sorted((one for one in ones if begin <= one.at() < end), key=lambda one: one.second)


async def assert_windows(connection: asyncpg.Connection, session: UUID, ones: list[One], random: Random) -> None:
    """The three reads of windows equal sums over what was counted."""
    asked = windows(random, 30)
    sums = await product_reads.window_sums(connection, session, [ProductWindow("A", *window) for window in asked])
    for window, found in zip(asked, sums, strict=True):
        told = inside([one for one in ones if one.key == "A"], *window)
        expected = {metric: sum(one.value for one in told if one.metric == metric) for metric in METRICS}
        assert expected == {metric: found.get(metric, 0) for metric in METRICS}, window
        arrived = inside([one for one in ones if one.metric == "arrivals"], *window)
        arrivals = await reads.arrivals(connection, session, window)
        assert {key: sum(one.value for one in arrived if one.key == key) for key in ("fans|3", "ads|")} == {
            "fans|3": 0, "ads|": 0, **arrivals
        }, window  # fmt: skip
    amounts = [random.choice((1, 2, 7, 10**18)) for _ in asked]
    paid = await product_reads.paid_units(
        connection, session, [PaidWindow("B", ("weibo",), amount, *window) for window, amount in zip(asked, amounts, strict=True)]
    )
    for window, amount, units in zip(asked, amounts, paid, strict=True):
        told = inside([one for one in ones if (one.key, one.platform, one.metric) == ("B", "weibo", "units_sold")], *window)
        reached, total = None, 0
        for one in told:
            total += one.value
            if reached is None and total >= amount:
                reached = one.at()
        assert (total, reached) == units, (window, amount)


@pytest.mark.parametrize("seed", range(6))
async def test_windows_equal_what_was_counted_inside_them(connection: asyncpg.Connection, seed: int) -> None:
    """In any number of flushes; also what was added and taken back, and what a former version wrote."""
    random, session = Random(seed), new_id()
    ones = counted(random, 300)
    before, since = halves(random, ones) if seed % 2 else ([], ones)
    await flush_of_a_former_version(connection, session, before)
    undone = counted(random, 50)
    await flush(connection, session, undone)
    while since:
        number = random.randrange(1, 60)
        await flush(connection, session, since[:number])
        since = since[number:]
    await flush(connection, session, undone, -1)
    await assert_windows(connection, session, ones, random)
    await connection.execute(queries("ingest/rebuild_swap")["pack_seconds"], session)
    assert 0 == await connection.fetchval("SELECT count(*) FROM counters WHERE session_id = $1 AND grain = 1", session)
    await assert_windows(connection, session, ones, random)


async def test_what_is_added_stands_first(connection: asyncpg.Connection) -> None:
    """The WAL of an update omits the common end of both versions of a row: appended parts made it three times as long."""
    session = new_id()
    for second in (3, 5, 4):
        await flush(connection, session, [One("gmv", "A", "wechat", second, second)])
    found = await connection.fetchval("SELECT seconds FROM counters WHERE session_id = $1 AND grain = 60", session)
    assert "4:4:1,5:5:1,3:3:1" == found


async def test_a_minute_does_not_grow_with_its_flushes(connection: asyncpg.Connection) -> None:
    """A thousand flushes into one minute: its row stays short, and no second is lost."""
    random, session = Random(1), new_id()
    ones: list[One] = []
    longest = 0
    for _ in range(1000):
        one = One("gmv", "A", "wechat", random.randrange(60), random.randrange(10**7))
        ones.append(one)
        await flush(connection, session, [one])
        found: Any = await connection.fetchval("SELECT max(length(seconds)) FROM counters WHERE session_id = $1", session)
        longest = max(longest, found)
    assert longest < 1600
    await assert_windows(connection, session, ones, random)


@pytest.mark.parametrize("seed", range(4))
async def test_what_a_former_version_counted_may_be_taken_back(connection: asyncpg.Connection, seed: int) -> None:
    """A minute that is empty then leaves nothing behind: no row of a second that its parts had made up for."""
    random, session = Random(seed), new_id()
    ones = counted(random, 60)
    former, later = halves(random, ones)
    await flush_of_a_former_version(connection, session, former)
    await flush(connection, session, later)
    random.shuffle(ones)
    while ones:
        taken, ones = ones[:10], ones[10:]
        await take_back(connection, session, taken)
        await assert_windows(connection, session, ones, random)
    assert 0 == await connection.fetchval("SELECT count(*) FROM counters WHERE session_id = $1", session)
