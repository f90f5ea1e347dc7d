"""The report of an import: what became of every row.

In: batches of rows, once their events are durable. Out: the report as JSON. Never here: the file, the writer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic_core import to_json

from app.catalogue.models import ResponseModel
from app.catalogue.sessions.rebuilds import SessionRebuild, record_of
from app.ingest.receiving.submission import Submission
from app.storage.ingest.rebuilds import RebuildRow

_BLOCK = 4_000
"""Reports of rows that are joined at a time: a millisecond."""


class ImportRow(ResponseModel):
    """What became of a row."""

    row: int = Field(description="as a spreadsheet counts: the first row of the file is 1")
    ok: bool
    events: int = Field(description="events, or exchange rates, that begin in this row; 0 for a further row of an order")
    column: str | None
    detail: str | None = Field(description="why the row was not imported")
    code: str | None = Field(
        description="stable rule that the row breaks; null if it was imported. `GET /v1/labels` has the words: import_row.<code>"
    )
    params: dict[str, str | int] = Field(description="what the rule's words name")
    warnings: list[str] = Field(description="what was assumed or left out of a row that was imported")


class ImportFile(ResponseModel):
    """How the file was read."""

    format: Literal["csv", "workbook"]
    encoding: str | None
    separator: str | None
    sheet: str | None
    heading_row: int
    columns: dict[str, int] = Field(description="field → number of the column, counted from 1")
    headings: dict[str, str] = Field(description="field → heading of its column")
    timezone: str = Field(description="zone of times without an offset")
    decimal: dict[str, str] = Field(description="heading → decimal mark, for columns in which it matters")
    date_order: dict[str, str] = Field(description="heading → order of day and month, for dates that do not begin with the year")
    serial_dates: list[str] = Field(description="headings of columns whose times are numbers of days, as spreadsheets store them")
    dates: dict[str, int] = Field(
        description="heading → rows whose time is a date without a time of day; they count at midnight of `timezone`"
    )
    float_codes: list[str] = Field(
        description="headings of columns whose codes are all written as fractions (`1001.0`), as data frames do; read as `1001`"
    )
    hidden_rows: int = Field(
        description="hidden rows of a spreadsheet that is no `.xlsb` file, by a filter for instance; read like the others"
    )
    total_rows: list[int] = Field(description="rows that only sum up others; left out")
    repeated_headings: list[int] = Field(description="rows that repeat the heading; left out")
    guessed: list[str] = Field(
        description="options that were not given and were found out, or assumed as the time zone is; given options settle them"
    )
    guessed_columns: dict[str, Literal["name", "content"]] = Field(
        description="fields whose column was guessed → whether by its heading or by its cells; the option `columns` settles it"
    )


class ImportReport(ResponseModel):
    """What became of a file."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d",
                "kind": "orders",
                "file": {
                    "format": "csv",
                    "encoding": "shift_jis",
                    "separator": ",",
                    "sheet": None,
                    "heading_row": 1,
                    "columns": {"order": 1, "line_amount": 5},
                    "headings": {"order": "注文番号", "line_amount": "実付金額"},
                    "timezone": "Asia/Tokyo",
                    "decimal": {"実付金額": "."},
                    "date_order": {},
                    "serial_dates": [],
                    "dates": {},
                    "float_codes": [],
                    "hidden_rows": 0,
                    "total_rows": [9],
                    "repeated_headings": [],
                    "guessed": ["encoding", "separator", "heading_row", "columns", "decimal"],
                    "guessed_columns": {"order": "name", "line_amount": "content"},
                },
                "accepted": 2,
                "duplicates": 0,
                "parked": 0,
                "replaced": 0,
                "rebuilds": [],
                "failed_rows": 1,
                "rows": [
                    {
                        "row": 2,
                        "ok": True,
                        "events": 2,
                        "column": None,
                        "detail": None,
                        "code": None,
                        "params": {},
                        "warnings": [],
                    },
                    {
                        "row": 3,
                        "ok": False,
                        "events": 0,
                        "column": "実付金額",
                        "detail": "is no amount",
                        "code": "amount",
                        "params": {},
                        "warnings": [],
                    },
                ],
            }
        }
    )

    id: UUID = Field(description="of this import; a void takes out of the figures what it brought")
    kind: Literal["orders", "audience", "exchange_rates", "products", "tracking"]
    file: ImportFile
    accepted: int = Field(description="events, exchange rates or products that are new or correct others")
    duplicates: int
    parked: int
    replaced: int = Field(
        description="events that replaced what an earlier import stated of the same order; rates and products that it changed"
    )
    rebuilds: list[SessionRebuild] = Field(
        description="rebuilds of large sessions that a job does; their figures still include what was replaced"
    )
    failed_rows: int
    rows: list[ImportRow]


@dataclass(slots=True)
class ImportBatch:
    """Rows and their events, on their way through the writer."""

    rows: list[list[Any]]
    submission: Submission


@dataclass(slots=True)
class ImportTally:
    """What became of the batches so far. The reports of rows are kept as JSON: a file may have 200,000."""

    accepted: int = 0
    duplicates: int = 0
    parked: int = 0
    replaced: int = 0
    replaced_sessions: set[UUID] = field(default_factory=set)
    only_remarkable: bool = False
    """Keep the reports of those rows alone that fail or have warnings."""
    failed_rows: int = 0
    rows: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, batch: ImportBatch) -> None:
        """Add a batch whose submission is settled."""
        submission = batch.submission
        self.accepted += submission.accepted
        self.duplicates += submission.duplicates
        self.parked += submission.parked
        self.replaced += submission.replaced
        self.replaced_sessions |= submission.replaced_sessions
        reasons = {
            rejection.index: f"{rejection.errors[0].pointer} {rejection.errors[0].detail}" for rejection in submission.rejected
        }
        first, reason = 0, None
        for row, ok, events, column, detail, code, params, warnings in batch.rows:
            if events:
                # The rows behind it belong to the same order until the next row that begins events.
                reason = next((reasons[index] for index in range(first, first + events) if index in reasons), None)
                first += events
            report = {
                "row": row,
                "ok": ok and reason is None,
                "events": events,
                "column": column,
                "detail": detail or (reason if ok else None),
                "code": code or ("refused" if ok and reason is not None else None),
                "params": params,
                "warnings": warnings,
            }
            self._keep(row, report)

    def add_row(
        self, row: int, refused: str | None, column: str | None, code: str | None, params: Mapping[str, Any] | None = None
    ) -> None:
        """Add a row that states one record; `refused` says why it is not stored."""
        ok = refused is None
        report: dict[str, Any] = {
            "row": row, "ok": ok, "events": int(ok), "column": column, "detail": refused, "code": code, "params": params or {},
            "warnings": [],
        }  # fmt: skip
        self._keep(row, report)

    def _keep(self, row: int, report: dict[str, Any]) -> None:
        self.failed_rows += not report["ok"]
        if not (self.only_remarkable and report["ok"] and not report["warnings"]):
            self.rows.append((row, to_json(report)))

    def document(self, import_id: UUID, kind: str, facts: dict[str, Any], rebuilds: Sequence[RebuildRow]) -> bytes:
        """Return the report; its model documents it."""
        head = {
            "id": import_id,
            "kind": kind,
            "file": facts,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "parked": self.parked,
            "replaced": self.replaced,
            "rebuilds": [record_of(row).model_dump() for row in rebuilds],
            "failed_rows": self.failed_rows,
        }
        return with_rows(head, self.rows)


def with_rows(head: Mapping[str, Any], rows: list[tuple[int, bytes]]) -> bytes:
    """Return a JSON object with the reports of rows, in order, as its last member; the list is emptied.

    Call it in a thread: the interpreter's lock is given back between blocks, where 200,000 rows at a time would hold up all
    other requests for 50 ms.
    """
    rows.sort(key=itemgetter(0))
    blocks: list[bytes] = []
    while rows:
        blocks.append(b",".join([report for _, report in rows[-_BLOCK:]]))
        del rows[-_BLOCK:]
    return b"".join([to_json(head)[:-1], b',"rows":[', b",".join(reversed(blocks)), b"]}"])
