"""Sums by the second that a version before 0047 wrote: equal to a rebuild as they are, and packed by one that changes nothing."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.ingest.rebuilding.rebuild import compare
from app.ingest.rebuilding.rebuild_requests import replace
from tests.pipeline.conftest import Rooms, Stage
from tests.pipeline.rebuilding import send
from tests.pipeline.strategies import START, event

pytestmark = pytest.mark.asyncio(loop_scope="module")

_AS_BEFORE = """
WITH parts AS (
    SELECT m.session_id, m.key, m.bucket, m.platform, m.metric, part
    FROM counters m CROSS JOIN LATERAL string_to_table(m.seconds, ',') AS part
    WHERE m.session_id = $1 AND m.grain = 60
)
INSERT INTO counters (session_id, grain, key, bucket, platform, metric, value, contributions)
SELECT session_id, 1, key, bucket + split_part(part, ':', 1)::int * interval '1 second', platform, metric,
       sum(split_part(part, ':', 2)::numeric), sum(split_part(part, ':', 3)::bigint)
FROM parts
GROUP BY 1, 3, 4, 5, 6
"""


async def test_sums_of_a_former_version_are_equal_until_they_are_packed(stage: Stage, room: Rooms) -> None:
    """Also where a new version has added to the same minute; a missing second is found, and put back."""
    name = room()
    show = await stage.show(name)
    session, database, settings = UUID(show.id), stage.service.database, stage.service.settings
    clicks = [
        event(number, "product.clicked", name, (START + timedelta(seconds=number % 70)).isoformat(), {"product": "A"})
        for number in range(120)
    ]
    await send(stage.client, clicks[:80])
    async with database.acquire() as connection:
        await connection.execute(_AS_BEFORE, session)
        await connection.execute("UPDATE counters SET seconds = NULL WHERE session_id = $1", session)
    await send(stage.client, clicks[80:])
    assert [] == await compare(database, settings, session)
    assert 0 == await replace(database, settings, session)
    async with database.acquire() as connection:
        assert 0 == await connection.fetchval("SELECT count(*) FROM counters WHERE session_id = $1 AND grain = 1", session)
        await connection.execute("UPDATE counters SET seconds = '3:1:1' WHERE session_id = $1 AND seconds IS NOT NULL", session)
    assert {"counters"} == {difference.table for difference in await compare(database, settings, session)}
    # A row of each minute is taken out and put in.
    assert 4 == await replace(database, settings, session)
    assert [] == await compare(database, settings, session)
