"""Statements that put the rows of a session's temporary tables in the place of its rows, where they differ.

In: a table of the fold. Out: SQL with the session as its only parameter. Never here: who runs it.

They are made from the table's columns, so that a new column is swapped too.
"""

from functools import cache
from typing import Any

from sqlalchemy import JSON, Column, Table

_BESIDE = ("superseded", "was_", "buyer_")
"""Beginnings of the names of columns that are no part of the figures: values before the last change, and what was looked up."""


@cache
def row_swap(table: Table) -> tuple[str, str]:
    """Return a DELETE of the rows that the temporary table has not, or has with other values, and an INSERT of what is missing.

    A JSON column is compared as text: PostgreSQL has no equality of `json`.
    """
    columns = [column for column in table.columns if column.name != "session_id" and not column.name.startswith(_BESIDE)]
    names = ", ".join(column.name for column in columns)
    compared = ", ".join(_compared(column) for column in columns)
    read = ", ".join(f"{column.name}::json" if isinstance(column.type, JSON) else column.name for column in columns)
    keys = " AND ".join(f"t.{column.name} = gone.{column.name}" for column in columns if column.primary_key)
    # All names are those of the project's tables.
    ours, staged = (f"SELECT {compared} FROM {place}.{table.name} WHERE session_id = $1" for place in ("public", "pg_temp"))  # noqa: S608
    return (
        f"DELETE FROM public.{table.name} t USING ({ours} EXCEPT {staged}) AS gone WHERE t.session_id = $1 AND {keys}",  # noqa: S608
        f"INSERT INTO public.{table.name} (session_id, {names}) SELECT $1::uuid, {read} FROM ({staged} EXCEPT {ours}) AS missing",  # noqa: S608
    )


def _compared(column: Column[Any]) -> str:
    if column.name == "seconds":
        # Most rows have none, and PostgreSQL takes 0.04 ms for a call even then.
        return "CASE WHEN seconds IS NOT NULL THEN compact_seconds(seconds) END AS seconds"
    return f"{column.name}::text AS {column.name}" if isinstance(column.type, JSON) else column.name
