"""Parameters of SQL that have names: numbered once, and passed by name."""

import asyncpg
import pytest

from app.storage.queries import Statement, queries, statement, together


def test_names_are_numbered_in_the_order_of_the_text() -> None:
    """A name that stands twice has one number, and a cast is no name."""
    found = statement("platforms/dead_letter_groups", "count_matching")
    named = queries("platforms/dead_letter_groups")["count_matching"]
    assert ("brand", "group", "origin", "type", "code", "until") == found.parameters
    assert "(:brand::uuid IS NULL OR d.brand_id = :brand)" in named
    assert "($1::uuid IS NULL OR d.brand_id = $1)" in found.sql
    assert 0 == sum(found.sql.count(f" :{name}") for name in found.parameters)


def test_values_go_by_name_and_none_is_missing_or_left_over() -> None:
    """The order of the call means nothing; a value for no parameter, or none for one, is an error before the database is asked."""
    insert = Statement("INSERT INTO t VALUES ($1, $2)", ("first", "second"))
    assert (insert.sql, 1, 2) == insert(second=2, first=1)
    for wrong in ({}, {"first": 1}, {"first": 1, "third": 3}, {"first": 1, "second": 2, "third": 3}):
        with pytest.raises(TypeError, match="parameters differ in"):
            insert(**wrong)


async def test_statements_run_together_in_the_order_in_which_they_are_named(emptied_url: str) -> None:
    """Each with its own parameters, whose numbers may repeat and be out of order."""
    connection = await asyncpg.connect(emptied_url)
    for table in ("one", "two", "three"):
        await connection.execute(f"CREATE TEMP TABLE {table} (value text, at timestamptz)")
    sql = together(
        "-- the first\nINSERT INTO one SELECT $2::text || $1::text || $2, clock_timestamp();",
        "INSERT INTO two VALUES ($1::text, clock_timestamp())",
        "INSERT INTO three SELECT $1::text, clock_timestamp()",
    )
    await connection.execute(sql, "b", "a", "c", "d")
    found = await connection.fetch("SELECT value FROM (TABLE one UNION ALL TABLE two UNION ALL TABLE three) AS f ORDER BY at")
    await connection.close()
    assert ["aba", "c", "d"] == [row["value"] for row in found]


def test_an_included_statement_has_the_condition_of_its_place() -> None:
    """The log is appended to whether an event is a duplicate or not; what is included is written only if all is new.

    Claims are written only if no statement follows another.
    """
    append = statement("ingest/append", "append_events").sql
    claims = queries("ingest/claims")
    for name in ("claim_statements", "claim_members", "claim_customers", "merge_spans"):
        assert "\nON CONFLICT" in claims[name]
        assert "(SELECT" not in claims[name]
    conditions = [line for line in append.splitlines() if line.startswith("WHERE (SELECT ")]
    assert [1, 3] == [
        sum(one.startswith(f"WHERE (SELECT {what}") for one in conditions) for what in ("count(*) FROM logged)", "first.all ")
    ]
    assert "include" not in append
