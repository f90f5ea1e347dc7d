"""Dead letters by cause: the groups of the statement are those that a loop over the dead letters makes, without a sort of their words."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given, strategies as st

from app.storage.platforms import bulk_jobs
from app.storage.queries import queries
from tests.databases import plain_only
from tests.properties import examples
from tests.storage.executed_plans import nodes

START = datetime(2026, 1, 1, tzinfo=UTC)
OWN, OTHER = UUID(int=1), UUID(int=2)
INSERT = """
INSERT INTO dead_letters (id, digest, brand_id, origin, received_at, type, errors, sealed)
SELECT *, '' FROM unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[], $7::jsonb[])
"""
_ERRORS = st.fixed_dictionaries(
    {},
    optional={
        "code": st.sampled_from(("missing", "invalid")),
        "pointer": st.sampled_from(("", "/data/lines/0/product", "/data/lines/12/product", "/data/lines/12x", "/3", "/3/4")),
        "detail": st.sampled_from(("", "Field required")),
    },
)
_INPUTS = st.lists(
    st.tuples(
        st.sampled_from((OWN, OTHER, None)), st.sampled_from(("key:1", "key:2")), st.integers(0, 3), st.sampled_from((None, "live.like.sent")),
        st.lists(_ERRORS, max_size=2),
    ),
    min_size=1, max_size=40,
)  # fmt: skip
"""Of each dead letter: brand, sender, second of its arrival, type, errors."""
Row = tuple[UUID, UUID | None, str, datetime, str | None, list[dict[str, str]]]


def _cause(row: Row) -> tuple[str, str | None, str, str, str]:
    first = row[5][0] if row[5] else {}
    place = re.sub(r"/\d+(?=/|$)", "/*", first.get("pointer", ""))
    return row[2], row[4], first.get("code", "invalid"), place, first.get("detail", "")


def _expected(rows: list[Row], brand: UUID | None, read: int) -> set[tuple[Any, ...]]:
    newest_first = sorted((one for one in rows if brand in {None, one[1]}), key=lambda one: (one[3], one[0]), reverse=True)[:read]
    causes: dict[Any, list[Row]] = {}
    for one in newest_first:
        causes.setdefault(_cause(one), []).append(one)
    return {(*cause, len(same), same[-1][3], same[0][3], same[0][0]) for cause, same in causes.items()}


async def _insert(connection: asyncpg.Connection, rows: list[Row]) -> None:
    columns = zip(*((one[0], one[0].bytes, *one[1:5], json.dumps(one[5])) for one in rows), strict=True)
    await connection.execute(INSERT, *map(list, columns))


@examples(12)
@given(drawn=_INPUTS, brand=st.sampled_from((None, OWN)), read=st.sampled_from((7, 100)))
async def test_groups_are_those_of_a_loop(
    connection: asyncpg.Connection, drawn: list[Any], brand: UUID | None, read: int
) -> None:
    """Also of dead letters that arrived at one moment, of those without errors, and where not all are read."""
    await connection.execute("DELETE FROM dead_letters")
    rows = [(uuid4(), one[0], one[1], START + timedelta(seconds=one[2]), one[3], one[4]) for one in drawn]
    await _insert(connection, rows)
    found = await bulk_jobs.groups(connection, brand, read, 501)
    assert _expected(rows, brand, read) == {
        (one.origin, one.type, one.code, one.pointer, one.detail, one.number, one.first_at, one.last_at, one.newest)
        for one in found
    }
    assert sorted((one.last_at for one in found), reverse=True) == [one.last_at for one in found]
    for one in found:
        wanted = bulk_jobs.DeadLetterMatch(brand=brand, group=one.group)
        assert one.number <= await bulk_jobs.count_dead_letters(connection, wanted, START + timedelta(days=1))


@pytest.mark.parametrize("brand", [None, OWN])
@plain_only("the plan is that of the coordinator")
async def test_words_are_read_once_and_replaced_by_cause(connection: asyncpg.Connection, brand: UUID | None) -> None:
    """3,000 dead letters of 30 places and 3 causes: the causes are made of 30 rows, and no sort of 3,000 names their words."""
    places = [{"code": "missing", "pointer": f"/data/lines/{n % 10}/product", "detail": f"Field {n % 3}"} for n in range(3000)]
    await _insert(
        connection,
        [(uuid4(), OWN, "key:1", START + timedelta(seconds=n), "live.order.paid", [one]) for n, one in enumerate(places)],
    )
    await connection.execute("ANALYZE dead_letters")
    plan = await nodes(connection, queries("platforms/dead_letter_groups")["groups"], brand, 100_000, 501)
    (placed,) = [node for node in plan if node["Node Type"] == "CTE Scan"]
    assert 30 == placed["Actual Rows"]
    sorts = [key for node in plan if node["Actual Rows"] > 30 for key in node.get("Sort Key", ())]
    assert [] == [key for key in sorts if "errors" in key]
