"""The statement of a brand's month: from revisions, contracts and rates to lines, tax and totals.

In: figures of revisions, terms, rates, earlier statements, lines that operators entered. Out: a `Statement`. Never here: I/O,
floats, a rate that was not entered.

Rules (docs/reference/settlement.md): session by session, net GMV is converted in one step and rounded down to the yen; a share
is its rate of its base, rounded by the contract's rule; tax is rounded once per rate and statement. A session that an earlier
statement holds is never stated again: what changed since is a correction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.settlement.amounts.corrections import corrections
from app.settlement.amounts.earlier import Earlier, UsedContract, add_chain, add_lines
from app.settlement.amounts.fees import charged_fee, fee_lines
from app.settlement.amounts.lines import ChainShare, MissingInput, Month, Record, StatementLine, StatementTotals, TaxLine, Yen
from app.settlement.amounts.months import last_of
from app.settlement.amounts.rounding import rounded
from app.settlement.amounts.session_amounts import SessionFigures, SessionLines, amounts_of
from app.settlement.contracts.terms import Rounding, Tax
from app.settlement.rates.exchange_rates import RateKey

Rates = Mapping[RateKey, str]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a statement is computed from."""

    month: date
    """Its first day."""
    contracts: Sequence[UsedContract]
    """Contracts of the brand, by their start."""
    sessions: Sequence[SessionFigures]
    """Sessions that ended in the month, and those that earlier statements hold or should have held, by their end."""
    rates: Rates
    earlier: Earlier = field(default_factory=Earlier)
    entered: Sequence["EnteredLine"] = ()


class EnteredLine(Record):
    """A line that an operator entered; its tax rate is the one of the contract in force."""

    line: StatementLine
    taxed: bool

    def under(self, tax: Tax) -> StatementLine:
        """Return the line as the statement holds it."""
        return self.line.model_copy(update={"tax_rate": tax.rate if self.taxed else None})


class Statement(Record):
    """Lines that add up."""

    month: Month
    currency: Literal["JPY"] = "JPY"
    collected_by: Literal["agency", "brand"] = "agency"
    lines: list[StatementLine]
    chain: list[ChainShare] = Field(description="what parties receive out of another party's share; internal edition only")
    tax: list[TaxLine]
    tax_rounding: Rounding = "floor"
    registration_number: str | None = Field(description="the issuer's number of qualified invoices (適格請求書)")
    totals: StatementTotals
    missing: list[MissingInput] = Field(description="what the statement lacks to be issued")
    unexplained: Yen = Field(description="payable_to_brand minus the lines and the tax; 0", examples=["0"])
    contracts: list[UsedContract] = Field(description="the terms that were applied; internal edition only")


def state(basis: Basis) -> Statement:
    """Return the statement of a month."""
    own, changed = SessionLines(), SessionLines()
    used: dict[UUID, UsedContract] = {}
    for session in basis.sessions:
        stated = basis.earlier.sessions.get(session.id)
        month = session.ended_on.replace(day=1)
        contract = stated.contract if stated is not None else contract_on(basis.contracts, session.ended_on)
        if stated is not None:
            changed.add(corrections(session, stated, basis.rates))
        elif month in basis.earlier.months:
            changed.add(amounts_of(session, contract, basis.rates, basis.earlier.months[month]))
        elif month == basis.month:
            own.add(amounts_of(session, contract, basis.rates, None))
        else:
            continue
        if contract is not None:
            used[contract.id] = contract
    in_force = [contract for contract in basis.contracts if _in_force(contract, basis.month)]
    used |= {contract.id: contract for contract in in_force}
    begun = [contract for contract in basis.contracts if contract.starts_on <= last_of(basis.month)]
    fees = fee_lines(begun, basis.month, own.lines, basis.earlier.charged)
    charging = {line.contract for line in fees}
    used |= {contract.id: contract for contract in begun if contract.id in charging}
    contracts = sorted(used.values(), key=lambda contract: (contract.starts_on, contract.id))
    terms = max(in_force or contracts, key=lambda contract: contract.starts_on).terms if contracts else None
    agreed = terms.tax if terms is not None else Tax()
    lines = [*own.lines, *fees, *(entered.under(agreed) for entered in basis.entered), *changed.lines]
    chain = own.chain + changed.chain
    if basis.earlier.owed:
        lines.append(StatementLine(kind="carry_over", amount=-basis.earlier.owed, corrects=basis.earlier.owed_since))
    tax = _tax(lines, agreed.rounding)
    totals = _totals(lines, chain, tax)
    return Statement(
        month=basis.month,
        collected_by=terms.collected_by if terms is not None else "agency",
        lines=lines,
        chain=chain,
        tax=tax,
        tax_rounding=agreed.rounding,
        registration_number=agreed.registration_number,
        totals=totals,
        missing=own.missing + changed.missing,
        unexplained=totals.payable_to_brand - (sum(line.amount for line in lines) - sum(line.amount for line in tax)),
        contracts=contracts,
    )


def earlier_of(issued: Iterable[tuple[str, Statement]]) -> Earlier:
    """Return what statements say together: (number, statement), in the order of their issue."""
    earlier = Earlier()
    for number, statement in issued:
        add_lines(earlier.sessions, number, statement.lines, statement.contracts)
        add_chain(earlier.sessions, statement.chain)
        earlier.months[statement.month] = number
        earlier.charged |= {key for line in statement.lines if (key := charged_fee(line, statement.month)) is not None}
        payable = statement.totals.payable_to_brand
        carries = statement.collected_by == "agency" and payable < 0
        earlier.owed, earlier.owed_since = (-payable, number) if carries else (0, None)
    return earlier


def contract_on(contracts: Iterable[UsedContract], day: date) -> UsedContract | None:
    """Return the contract that is in force on a day."""
    return next((found for found in contracts if found.starts_on <= day <= (found.ends_on or day)), None)


def _in_force(contract: UsedContract, month: date) -> bool:
    return contract.starts_on <= last_of(month) and (contract.ends_on is None or contract.ends_on >= month)


def _tax(lines: Iterable[StatementLine], rule: Rounding) -> list[TaxLine]:
    """Return the tax by rate; 0.10 and 0.1 are one rate."""
    bases: dict[Fraction, int] = {}
    written: dict[Fraction, str] = {}
    for line in lines:
        if line.tax_rate is not None:
            rate = Fraction(line.tax_rate)
            bases[rate] = bases.get(rate, 0) - line.amount
            written.setdefault(rate, line.tax_rate)
    return [
        TaxLine(rate=written[rate], base=base, amount=rounded(rate * base, rule)) for rate, base in sorted(bases.items()) if rate
    ]


def _totals(lines: Iterable[StatementLine], chain: Iterable[ChainShare], tax: Iterable[TaxLine]) -> StatementTotals:
    """Add up by kind; what is payable follows from these sums alone, so that it can be compared with the lines."""
    sums: dict[str, int] = {}
    shares: dict[str, int] = {}
    for line in lines:
        sums[line.kind] = sums.get(line.kind, 0) + line.amount
        if line.kind == "share":
            assert line.to is not None
            shares[line.to] = shares.get(line.to, 0) - line.amount
    payable = sums.get("goods", 0) - sum(shares.values())
    for share in chain:
        if share.corrects is None:
            shares[share.to] = shares.get(share.to, 0) + share.amount
    fees, ad_costs, withholding = (-sums.get(kind, 0) for kind in ("fee", "ad_cost", "withholding"))
    adjustments, changed, carried = (sums.get(kind, 0) for kind in ("adjustment", "correction", "carry_over"))
    taxes, collected = sum(line.amount for line in tax), -sums.get("collected", 0)
    payable += adjustments + changed + carried - fees - ad_costs - withholding - collected - taxes
    return StatementTotals(
        goods=sums.get("goods", 0), shares=shares, fees=fees, ad_costs=ad_costs, withholding=withholding,
        adjustments=adjustments, corrections=changed, carry_over=carried, collected=collected, tax=taxes,
        payable_to_brand=payable,
    )  # fmt: skip
