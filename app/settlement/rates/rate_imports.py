"""Imports of exchange rates: a file of rates becomes the rates that a person would enter one by one.

In: a file, which column is what. Out: stored rates, and a report per row. Never here: the reading of cells
(`imports.rate_import`), a rate that no row states.

Idempotent: a rate that is stored already is a duplicate. A row that states another rate or source corrects the stored one, by
the rules of `exchange_rates.put`.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, BinaryIO
from uuid import uuid4

from pydantic import Field, StringConstraints, ValidationError
from pydantic_core import from_json

from app.catalogue.access import Principal
from app.catalogue.models import CurrencyCode, Day, RequestModel
from app.platforms.file_imports import import_preview
from app.platforms.file_imports.import_report import ImportTally
from app.platforms.file_imports.imports import Importer
from app.problems import ProblemError, invalid, pointer_of
from app.settlement.rates import exchange_rates
from app.settlement.rates.exchange_rates import NewRate, RateKey
from app.storage import audit
from app.storage.database import Database

MOST_RATES = 20_000
"""Rates of one file: fifty years of one pair of currencies."""

RateKind = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9_-]{0,15}$")]


class _Record(NewRate, RequestModel):
    """A row of the file."""

    date: Day
    source_currency: Annotated[CurrencyCode, Field(alias="from")]
    target_currency: Annotated[CurrencyCode, Field(alias="to")]
    kind: RateKind

    def key(self) -> RateKey:
        """Return the key of the rate."""
        return self.date, self.source_currency, self.target_currency, self.kind


async def take(
    database: Database, importer: Importer, principal: Principal, file: BinaryIO, options: dict[str, Any], now: datetime, *,
    dry_run: bool = False,
) -> bytes:  # fmt: skip
    """Store the rates of a file, and return an `ImportReport` as JSON; a row that is refused does not keep others out.

    A dry run stores nothing, and returns an `ImportPreview`.

    `file` must have a file descriptor.

    Raises:
        ProblemError: 403 for a caller that is bound to a brand; 422 for options or a file that cannot be used; 503 if too many
            imports wait.
    """
    exchange_rates.require_unbound(principal)
    import_id = uuid4()
    audit.about(import_id)
    tally, seen = ImportTally(only_remarkable=dry_run), dict[RateKey, NewRate]()
    store = exchange_rates.check if dry_run else exchange_rates.put
    async with importer.reading(file, options, now) as reading:
        async for rows, body in reading.batches():
            records = iter(from_json(body))
            for row, ok, _, column, detail, code, params, _ in rows:
                refused = detail if not ok else await _store(database, principal, next(records), seen, tally, store)
                tally.add_row(row, refused, column, None if refused is None else code or "refused", params)
    if dry_run:
        return import_preview.document(tally, options["kind"], reading.facts)
    return tally.document(import_id, options["kind"], reading.facts, [])


async def _store(
    database: Database, principal: Principal, record: dict[str, str], seen: dict[RateKey, NewRate], tally: ImportTally,
    store: Callable[[Database, Principal, RateKey, NewRate], Awaitable[object]],
) -> str | None:  # fmt: skip
    """Store one record and count it; return why it is refused."""
    try:
        found = _Record.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{pointer_of(first['loc'])} {first['msg']}"
    key, rate = found.key(), NewRate(rate=found.rate, source=found.source)
    if key in seen and seen[key] != rate:
        return "another row of the file states another rate or source"
    if key not in seen and len(seen) >= MOST_RATES:
        raise invalid("/file", f"has more than {MOST_RATES:,} rates", "too_many_rates")
    seen[key] = rate
    try:
        known = await exchange_rates.get(database, principal, key)
    except ProblemError:
        known = None
    if known is not None and (known.rate, known.source) == (rate.rate, rate.source):
        tally.duplicates += 1
        return None
    try:
        await store(database, principal, key, rate)
    except ProblemError as error:
        return error.errors[0].detail if error.errors else error.detail
    tally.accepted += 1
    tally.replaced += known is not None
    return None
