"""Fees of a contract: once at the start, once with the first show, or every month of the contract.

In: contracts, the lines of the month's sessions, what earlier statements charged. Out: lines. Never here: tax.

A fee that fell due in an earlier month and that no statement has charged is charged by the next statement, on a line that names
the month: a month without a show is often not stated at all, and its fee is owed even so.
"""

from collections.abc import Iterable, Iterator, Sequence, Set as AbstractSet
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.settlement.amounts.earlier import FeeKey, UsedContract
from app.settlement.amounts.lines import StatementLine
from app.settlement.amounts.months import months_between, next_month
from app.settlement.contracts.plans import last_day
from app.settlement.contracts.terms import Fee


def fee_lines(
    contracts: Iterable[UsedContract], month: date, lines: Sequence[StatementLine], charged: AbstractSet[FeeKey]
) -> list[StatementLine]:
    """Return the fees that fell due up to a month and that are not charged yet, by the month in which they fell due.

    `initial` falls due in the contract's first calendar month, `once` in the month of the first session that is stated,
    `monthly` in the calendar month in which each month of the contract begins: a contract of twelve months charges it twelve
    times, on whichever day it starts.
    """
    shown = {line.contract for line in lines if line.kind == "goods"}
    found: list[tuple[date, StatementLine]] = []
    for contract in contracts:
        for fee in contract.terms.fees:
            due = due_months(contract, fee, month) if fee.kind != "once" else [month] if contract.id in shown else []
            found += [
                (of, _line(contract, fee, None if of == month else of))
                for of in due
                if fee_key(contract.id, fee.kind, fee.name, of) not in charged
            ]
    return [line for _, line in sorted(found, key=lambda entry: entry[0])]


def due_months(contract: UsedContract, fee: Fee, until: date) -> Iterator[date]:
    """Return the months up to `until` in which a fee falls due that no session decides."""
    month = contract.starts_on.replace(day=1)
    while month <= until and (fee.kind == "monthly" or month <= contract.starts_on):
        passed = months_between(contract.starts_on, month)
        if passed and contract.ends_on is not None and last_day(contract.starts_on, passed) >= contract.ends_on:
            return
        yield month
        month = next_month(month)


def is_due(contract: UsedContract, month: date) -> bool:
    """Return whether a fee of the contract falls due in this very month, whatever was stated."""
    return any(
        month in due_months(contract, fee, month)
        for fee in contract.terms.fees
        if fee.kind != "once" and int(Decimal(fee.amount))
    )


def fee_key(contract: UUID, kind: str, name: str, month: date) -> FeeKey:
    """Return the key under which a fee is charged one time."""
    return contract, f"{kind} {name}", month if kind == "monthly" else None


def charged_fee(line: StatementLine, month: date) -> FeeKey | None:
    """Return the key of a fee that a line of the statement of `month` charges; None for other lines."""
    if line.kind != "fee" or line.contract is None or line.fee is None:
        return None
    return fee_key(line.contract, line.fee, line.name or "", line.due or month)


def _line(contract: UsedContract, fee: Fee, due: date | None) -> StatementLine:
    return StatementLine(
        kind="fee",
        amount=-int(Decimal(fee.amount)),
        name=fee.name,
        fee=fee.kind,
        due=due,
        contract=contract.id,
        tax_rate=contract.terms.tax.rate if fee.taxed else None,
    )
