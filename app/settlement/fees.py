"""Fees of a month: once at the start, once with the first show, or every month of the contract.

In: contracts in force, the lines of the month's sessions. Out: lines. Never here: tax.
"""

from collections.abc import Iterable, Sequence, Set as AbstractSet
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.settlement.earlier import UsedContract
from app.settlement.lines import StatementLine
from app.settlement.months import months_between
from app.settlement.plans import last_day
from app.settlement.terms import Fee

FeeKey = tuple[UUID, str]
"""Contract and name of a fee that is charged once."""


def fee_lines(
    contracts: Iterable[UsedContract], month: date, lines: Sequence[StatementLine], charged: AbstractSet[FeeKey]
) -> list[StatementLine]:
    """Return the fees that fall due in a month.

    `initial` falls due in the contract's first calendar month, `once` in the month of the first session that is stated,
    `monthly` in the calendar month in which each month of the contract begins: a contract of twelve months charges it twelve
    times, on whichever day it starts.
    """
    shown = {line.contract for line in lines if line.kind == "goods"}
    return [
        StatementLine(
            kind="fee",
            amount=-int(Decimal(fee.amount)),
            name=fee.name,
            fee=fee.kind,
            contract=contract.id,
            tax_rate=contract.terms.tax.rate if fee.taxed else None,
        )
        for contract in contracts
        for fee in contract.terms.fees
        if _due(contract, fee, month, has_session=contract.id in shown) and (contract.id, f"{fee.kind} {fee.name}") not in charged
    ]


def charged_once(line: StatementLine) -> FeeKey | None:
    """Return the key of a line of a fee that is charged once."""
    if line.kind != "fee" or line.contract is None or line.fee == "monthly":
        return None
    return line.contract, f"{line.fee} {line.name}"


def _due(contract: UsedContract, fee: Fee, month: date, *, has_session: bool) -> bool:
    if fee.kind == "once":
        return has_session
    passed = months_between(contract.starts_on, month)
    if fee.kind == "initial" or passed == 0:
        return passed == 0
    return contract.ends_on is None or last_day(contract.starts_on, passed) < contract.ends_on
