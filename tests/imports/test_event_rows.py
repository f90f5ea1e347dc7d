"""Rows of a file as events of any type: every field of a payload is read in the kind of its type."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from app.events.registry import PAYLOADS
from app.imports.csv_import import Import
from tests.pipeline.strategies import DATA
from tests.properties import examples

NOW = datetime(2021, 9, 26, tzinfo=UTC)
TYPES = [
    name
    for name, payload in PAYLOADS.items()
    if payload.model_fields and not any("list[" in str(field.annotation) for field in payload.model_fields.values())
]


def imported(event_type: str, rows: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
    """Return the data of the events that a file with these rows becomes."""
    fields = list(PAYLOADS[event_type].model_fields)
    file = io.StringIO()
    writer = csv.DictWriter(file, ["time", *fields])
    writer.writeheader()
    writer.writerows({"time": "2021-09-25T05:00:00Z", **row} for row in rows)
    chosen = {
        "kind": "audience",
        "subject": "wechat:a",
        "type": event_type,
        "columns": {name: name for name in ("time", *fields)},
    }
    groups = list(Import(io.BytesIO(file.getvalue().encode()), chosen | options, "//test", NOW).groups())
    assert [] == [row.detail for group in groups for row in group.rows if not row.ok]
    return [event["data"] for group in groups for event in group.events]  # type: ignore[misc]  # JSON


@pytest.mark.property
@pytest.mark.parametrize("name", TYPES)
def test_a_row_becomes_an_event_of_any_type(name: str) -> None:
    """Money stays exact, counts are integers, seconds numbers, flags true or false, and ids keep their digits."""

    @examples(5)
    @given(rows=st.lists(DATA[name.removeprefix("live.")], min_size=1, max_size=3))
    def rows_are_read(rows: list[dict[str, Any]]) -> None:
        # An empty cell is no value.
        given = [{field: value for field, value in row.items() if value != ""} for row in rows]
        assert given == imported(name, given)

    rows_are_read()


def test_a_campaigns_amounts_are_read_as_amounts() -> None:
    """In the import's currency with its sign and separators; in any other if the rows name it."""
    assert ["1234.50"] == [
        row["spend_total"] for row in imported("live.ad.sampled", [{"campaign": "c", "spend_total": "¥1,234.50"}])
    ]
    dollars = {"campaign": "c", "spend_total": "$1,234.50", "currency": "USD"}
    assert ["1234.50"] == [row["spend_total"] for row in imported("live.ad.sampled", [dollars])]
