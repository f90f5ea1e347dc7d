"""The issue of a statement: it gets its number, and neither it nor the exchange rates that it used change from then on.

In: a draft. Out: the issued statement. Never here: figures of its own.

Statements of one brand take turns by an advisory lock, so that a month is issued once; the numbers of a month by another.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.problems import ProblemError
from app.settlement.rates.exchange_rates import RateKey, is_rate
from app.settlement.statements.document import Settlement, frozen, parse, sha256_of
from app.settlement.statements.settlement_reader import Stored
from app.settlement.statements.settlements import Caller, computed, entered_of, locked, require_draft, unbound
from app.storage.backoffice import settlement_reads
from app.storage.channels import channel_outbox
from app.storage.channels.channel_outbox import Message
from app.storage.database import Database
from app.storage.tables import exchange_rates, settlement_rates, settlements

_JAPAN = ZoneInfo("Asia/Tokyo")
"""Statements are in yen and under Japanese tax law; so is the day on which they are issued."""


async def issue(database: Database, caller: Caller, settlement_id: UUID, idempotency_key: str | None) -> Stored:
    """Issue a draft, as it is computed now.

    With the same idempotency key the same caller gets the same statement again.

    Raises:
        ProblemError: 403, 404; 409 if something is missing, if the figures are other ones than the draft shows, if nothing is to
            be stated, or if the statement is issued already.
    """
    unbound(caller.principal)
    try:
        async with database.write() as connection:
            return await _issue(connection, caller, settlement_id, idempotency_key)
    except _RepeatedError as repeated:
        return repeated.stored


class _RepeatedError(Exception):
    """A repeated request for an issued statement. It ends the transaction, so that no second write is recorded."""

    def __init__(self, stored: Stored) -> None:
        """Take the statement."""
        super().__init__()
        self.stored = stored


async def _issue(connection: AsyncConnection, caller: Caller, settlement_id: UUID, idempotency_key: str | None) -> Stored:
    row, brand = await locked(connection, settlement_id)
    if (
        row.number is not None
        and idempotency_key is not None
        and (row.issued_by, row.idempotency_key) == (caller.by, idempotency_key)
    ):
        raise _RepeatedError(Stored(parse(row.document, row.sha256), row.document))
    require_draft(row)
    # Statements of a brand are issued one after the other, and so are their moments.
    caller = replace(caller, now=datetime.now(UTC))
    seen = parse(row.document, None)
    settlement = await computed(connection, caller, brand, row.month, row.id, entered_of(row))
    _require_complete(settlement, seen)
    await settlement_reads.wait_for_number(connection, f"{row.month:%Y-%m}")
    number = await next_number(connection, row.month)
    issued = settlement.model_copy(
        update={
            "number": number,
            "status": "issued",
            "issued_at": caller.now,
            "date": caller.now.astimezone(_JAPAN).date(),
            "issued_by": caller.by,
        }
    )
    await freeze_rates(connection, issued, number)
    document = frozen(issued)
    sha256 = sha256_of(document)
    await connection.execute(
        update(settlements).where(settlements.c.id == row.id).values(
            number=number, document=document, payable=issued.totals.payable_to_brand, sha256=sha256, issued_at=caller.now,
            issued_by=caller.by, idempotency_key=idempotency_key,
        )
    )  # fmt: skip
    await channel_outbox.emit(connection, [_message(issued, row.brand_id)], caller.now)
    return Stored(issued.model_copy(update={"sha256": sha256}), document)


def _message(issued: Settlement, brand_id: UUID) -> Message:
    content = {
        "id": str(issued.id),
        "number": issued.number,
        "month": f"{issued.month:%Y-%m}",
        "currency": issued.currency,
        "payable_to_brand": issued.totals.payable_to_brand,
    }
    return Message("settlement.issued", brand_id, None, {"settlement": content})


def _require_complete(settlement: Settlement, seen: Settlement) -> None:
    if settlement.missing:
        missing = [found.model_dump(mode="json") for found in settlement.missing]
        detail = "the statement lacks: " + "; ".join(found.detail for found in settlement.missing[:10])
        raise ProblemError(409, detail, code="settlement_incomplete", extra={"missing": missing})
    if settlement.unexplained:
        raise ProblemError(409, f"the totals differ from the lines by {settlement.unexplained}", code="settlement_incomplete")
    if not settlement.lines:
        raise ProblemError(409, "the month has nothing to state", code="settlement_incomplete")
    # A draft that lacked something showed no complete figures; they follow from what was entered since.
    if not seen.missing and (seen.lines, seen.tax) != (settlement.lines, settlement.tax):
        raise ProblemError(
            409, "the figures have changed since the draft: compute it again and look at it", code="settlement_changed"
        )


async def next_number(connection: AsyncConnection, month: date) -> str:
    """Return the next number of a month over all brands, without a gap: 2021-09-001. The caller holds the month's lock."""
    query = select(func.count()).where(settlements.c.month == month, settlements.c.number.is_not(None))
    return f"{month:%Y-%m}-{(await connection.scalar(query) or 0) + 1:03}"


def rates_of(settlement: Settlement) -> dict[RateKey, str]:
    """Return the rates that a statement's lines used."""
    return {
        (source.rate_date, source.currency, settlement.currency, source.rate_kind): source.rate
        for line in settlement.lines
        if (source := line.source) is not None
        if source.rate is not None and source.rate_date is not None and source.rate_kind is not None
    }


async def freeze_rates(connection: AsyncConnection, settlement: Settlement, number: str) -> None:
    """Note the rates of a statement as used; each row is locked, so that a change waits and finds the note.

    Raises:
        ProblemError: 409 if a rate was changed while the statement was computed.
    """
    for key, rate in sorted(rates_of(settlement).items()):
        used = insert(settlement_rates).values(
            date=key[0], source_currency=key[1], target_currency=key[2], kind=key[3], number=number
        )  # fmt: skip
        # A correction uses the rate of the statement that it corrects, which is noted already.
        noted = await connection.scalar(used.on_conflict_do_nothing().returning(settlement_rates.c.number))
        if noted is None:
            continue
        query = select(exchange_rates.c.rate).where(is_rate(exchange_rates, key)).with_for_update(read=True)
        if await connection.scalar(query) != rate:
            raise ProblemError(409, "an exchange rate has changed: compute the draft again", code="settlement_changed")
