"""Dry run of an import: what the file would change, row by row and in figures.

In: a file, which column is what, the caller. Out: an `ImportPreview`. Never here: a change of anything
(`ingest.dry_runs.staged_import`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO, Literal
from uuid import UUID, uuid4

from pydantic import ConfigDict, Field

from app.catalogue.access import Principal
from app.catalogue.models import ResponseModel, decimal_string
from app.events.fields import canonical_code
from app.ingest.dry_runs.dry_run import Outcome
from app.ingest.dry_runs.staged_import import Change, OrderChanges, StagedImport
from app.ingest.receiving.privacy import PrivacyKeys
from app.ingest.receiving.submission import SubmittedEvent
from app.platforms.file_imports.import_report import ImportBatch, ImportFile, ImportRow, ImportTally, with_rows
from app.platforms.file_imports.imports import SOURCE, Importer, submission_of
from app.problems import invalid
from app.settings import Settings
from app.storage.database import Database

_SECONDS = 120
"""Longest dry run. An import has no such limit: what it has stored remains."""
_SLOT_SECONDS = 20
"""Longest wait for a connection of its own."""
_PURCHASES = ("live.order.placed", "live.order.paid")

Events = Callable[[list[list[Any]], bytes], Awaitable[bytes]]
"""Makes events of a batch's records, where the reading process does not; a row without an event is marked as failed."""


class CountChange(ResponseModel):
    """A number before and after the import."""

    before: int
    after: int
    difference: int


class MoneyChange(ResponseModel):
    """An amount before and after the import."""

    before: str
    after: str
    difference: str


class OrdersPreview(ResponseModel):
    """What becomes of the orders that the file names, and of the session's paid orders."""

    new: int = Field(description="orders that the session does not have")
    changed: int = Field(description="orders of which anything changes")
    unchanged: int
    paid: CountChange = Field(description="paid orders of the session")


class UnknownProduct(ResponseModel):
    """A product code that the brand's catalogue does not have, neither as a product nor as an alias."""

    product: str
    rows: int = Field(description="lines of orders with this code")
    units: int
    amount: str = Field(description="money of these lines, in `currency`")


class ImportPreview(ResponseModel):
    """What an import of the file would change; nothing is stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "dry_run": True,
                "kind": "orders",
                "file": {
                    "format": "csv", "encoding": "gb18030", "separator": ",", "sheet": None, "heading_row": 1,
                    "columns": {"order": 1, "line_amount": 5}, "headings": {"order": "订单号", "line_amount": "实付"},
                    "timezone": "Asia/Shanghai", "decimal": {}, "date_order": {}, "serial_dates": [], "dates": {},
                    "float_codes": [], "hidden_rows": 0, "total_rows": [], "repeated_headings": [],
                    "guessed": ["encoding", "separator", "heading_row"], "guessed_columns": {},
                },
                "session": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d",
                "accepted": 12, "duplicates": 40, "parked": 0, "replaced": 1, "failed_rows": 1,
                "rows": [
                    {
                        "row": 9, "ok": False, "events": 0, "column": "实付", "detail": "is no amount", "code": "amount",
                        "params": {}, "warnings": [],
                    }
                ],
                "currency": "CNY",
                "orders": {
                    "new": 11, "changed": 1, "unchanged": 40, "paid": {"before": 41, "after": 52, "difference": 11},
                },
                "units": {"before": 50, "after": 63, "difference": 13},
                "gmv": {"before": "41010.00", "after": "52108.00", "difference": "11098.00"},
                "refunded": {"before": "0.00", "after": "0.00", "difference": "0.00"},
                "unknown_products": [{"product": "10000387", "rows": 2, "units": 2, "amount": "2198.00"}],
            }
        }
    )  # fmt: skip

    dry_run: Literal[True]
    kind: Literal["orders", "audience", "exchange_rates", "products", "tracking"]
    file: ImportFile
    session: UUID | None = Field(
        description="the session that takes the events in; null if no session has registered the room: they would be parked"
    )
    accepted: int = Field(description="events, exchange rates or products that would be new or correct others")
    duplicates: int
    parked: int
    replaced: int = Field(description="of the accepted ones, those that would replace what was stated before")
    failed_rows: int
    rows: list[ImportRow] = Field(description="the rows that would not be imported, and those with warnings")
    currency: str | None = Field(description="of the session, for all amounts of this document")
    orders: OrdersPreview | None = Field(
        description="this and what follows: of orders and tracking numbers of a session, else null"
    )
    units: CountChange | None
    gmv: MoneyChange | None
    refunded: MoneyChange | None
    unknown_products: list[UnknownProduct] = Field(description="the one that carries the most money first")


@dataclass(slots=True)
class _Product:
    rows: int = 0
    units: int = 0
    amount: Decimal = Decimal(0)


@dataclass(slots=True)
class _Findings:
    """What the events that the session takes in name."""

    orders: set[str] = field(default_factory=set)
    products: dict[str, _Product] = field(default_factory=dict)

    def add(self, items: Sequence[SubmittedEvent], outcomes: Sequence[Outcome]) -> None:
        """Add the events of a batch, which holds all events of its orders."""
        purchases: dict[str, Any] = {}
        for item, found in zip(items, outcomes, strict=True):
            data: Any = item.event.data
            if found.verdict not in {"accepted", "duplicate"} or not data.type.startswith("live.order."):
                continue
            self.orders.add(data.order)
            if data.type in _PURCHASES and (data.order not in purchases or data.type == _PURCHASES[-1]):
                purchases[data.order] = data
        for data in purchases.values():
            for line in data.lines:
                product = self.products.setdefault(canonical_code(line.product), _Product())
                product.rows += 1
                product.units += line.quantity
                product.amount += Decimal(line.total())


@dataclass(frozen=True, slots=True)
class ImportPreviewer:
    """Does dry runs of imports."""

    database: Database
    settings: Settings
    privacy_keys: PrivacyKeys
    importer: Importer

    async def preview(
        self, principal: Principal, file: BinaryIO, options: dict[str, Any], now: datetime, events: Events | None = None
    ) -> bytes:
        """Return an `ImportPreview` as JSON: what `Importer.take` would do with the file.

        `file` must have a file descriptor.

        Raises:
            ProblemError: 404 for a session of another brand; 422 for options or a file that cannot be used, or that takes too
                long; 503 if too many imports wait.
            NotCommittedError: a fault of the server prevents an answer.
        """
        await self.importer.require_session(principal, options.get("subject"))
        tally, findings, import_id = ImportTally(only_remarkable=True), _Findings(), uuid4()
        sender = (principal.brand_id, f"import:{principal.entered_by}")
        try:
            async with (
                asyncio.timeout(_SECONDS),
                self.importer.reading(file, options, now) as reading,
                self.database.unpooled(_SLOT_SECONDS) as connection,
            ):
                staged = await StagedImport.open(
                    connection, self.database, self.settings, self.privacy_keys, options["subject"], SOURCE, sender
                )
                async for rows, body in reading.batches():
                    made = body if events is None else await events(rows, body)
                    submission = submission_of(made, principal, import_id, now)
                    outcomes = await staged.write(submission)
                    tally.add(ImportBatch(rows, submission))
                    findings.add(submission.items, outcomes)
                changes = await staged.changes(findings.orders) if options["kind"] != "audience" else None
                unknown = await staged.unknown_codes(findings.products)
        except TimeoutError:
            raise invalid("/file", "takes too long for a dry run", "file_too_costly") from None
        found: dict[str, Any] = {"session": None if staged.session is None else staged.session.row.id}
        if staged.session is not None:
            found |= _figures(staged.session.row.currency, changes, findings.products, unknown)
        return await asyncio.to_thread(document, tally, options["kind"], reading.facts, found)


def document(tally: ImportTally, kind: str, facts: dict[str, Any], found: dict[str, Any] | None = None) -> bytes:
    """Return an `ImportPreview`; `found` are its members besides those of the file and its rows."""
    head = {
        "dry_run": True, "kind": kind, "file": facts, "session": None, "accepted": tally.accepted, "duplicates": tally.duplicates,
        "parked": tally.parked, "replaced": tally.replaced, "failed_rows": tally.failed_rows, "currency": None, "orders": None,
        "units": None, "gmv": None, "refunded": None, "unknown_products": [], **(found or {}),
    }  # fmt: skip
    return with_rows(head, tally.rows)


def _figures(currency: str, changes: OrderChanges | None, products: dict[str, _Product], unknown: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"currency": currency}
    if changes is not None:
        found |= {
            "orders": {
                "new": changes.new, "changed": changes.changed, "unchanged": changes.unchanged, "paid": _count(changes.orders),
            },
            "units": _count(changes.units),
            "gmv": _money(changes.gmv, currency),
            "refunded": _money(changes.refunded, currency),
        }  # fmt: skip
    codes = sorted(unknown, key=lambda code: (-products[code].amount, code))
    digits = len((decimal_string(0, currency) or "").partition(".")[2])
    found["unknown_products"] = [
        {"product": code, "rows": one.rows, "units": one.units, "amount": format(one.amount, f".{digits}f")}
        for code in codes
        for one in (products[code],)
    ]
    return found


def _count(change: Change) -> dict[str, int]:
    return {"before": change.before, "after": change.after, "difference": change.after - change.before}


def _money(change: Change, currency: str) -> dict[str, str | None]:
    return {name: decimal_string(value, currency) for name, value in _count(change).items()}
