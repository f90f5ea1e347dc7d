"""The money of one session under its contract.

In: a revision's figures, terms, rates. Out: lines, chain, what is missing. Never here: I/O, other sessions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from app.catalogue.models import decimal_string, digits_of
from app.settlement.amounts.earlier import UsedContract
from app.settlement.amounts.lines import ChainShare, GoodsSource, MissingInput, StatementLine
from app.settlement.amounts.months import last_of
from app.settlement.amounts.rounding import rounded
from app.settlement.contracts.terms import NET_GMV, Terms
from app.settlement.rates.exchange_rates import RateKey


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """A session as its latest revision has it."""

    id: UUID
    title: str
    ended_on: date
    """In the session's time zone."""
    currency: str
    net: int | None
    """Net GMV in minor units of the currency; None without a revision."""
    revision: int | None


@dataclass(slots=True)
class SessionLines:
    """What a session adds to a statement."""

    lines: list[StatementLine] = field(default_factory=list)
    chain: list[ChainShare] = field(default_factory=list)
    missing: list[MissingInput] = field(default_factory=list)

    def add(self, other: "SessionLines") -> None:
        """Add those of another session."""
        self.lines += other.lines
        self.chain += other.chain
        self.missing += other.missing


class Rate(NamedTuple):
    """How a currency is converted; all None if it is the statement's own."""

    rate: str | None = None
    day: date | None = None
    kind: str | None = None


class Converted(NamedTuple):
    """Yen of a session by (kind, party), and of its chain by party, with the base and the rate of each share."""

    amounts: dict[tuple[str, str | None], int]
    chain: dict[str, int]
    bases: dict[str, int]


def convert(net: int, currency: str, rate: str | None, terms: Terms) -> Converted:
    """Return the yen of a session: goods, shares of the net GMV (negative), shares inside the chain."""
    exact = Fraction(net, 10 ** digits_of(currency))
    goods = rounded(exact * Fraction(Decimal(rate)) if rate is not None else exact, "floor")
    amounts: dict[tuple[str, str | None], int] = {("goods", None): goods}
    received = {NET_GMV: goods}
    bases: dict[str, int] = {}
    chain: dict[str, int] = {}
    for share in terms.shares:
        bases[share.to] = received[share.of]
        received[share.to] = rounded(Fraction(share.rate) * received[share.of], terms.share_rounding)
        if share.of == NET_GMV:
            amounts["share", share.to] = -received[share.to]
        else:
            chain[share.to] = received[share.to]
    if terms.collected_by == "brand":
        amounts["collected", None] = -goods
    return Converted(amounts, chain, bases)


def rate_for(session: SessionFigures, terms: Terms, rates: Mapping[RateKey, str]) -> Rate | MissingInput:
    """Return the rate that the contract names for a session, or what is missing."""
    if session.currency == terms.currency:
        return Rate()
    day = session.ended_on if terms.fx.date == "session" else last_of(session.ended_on)
    rate = rates.get((day, session.currency, terms.currency, terms.fx.kind))
    if rate is not None:
        return Rate(rate, day, terms.fx.kind)
    return MissingInput(
        what="exchange_rate", session=session.id, title=session.title, date=day, currency=session.currency, to=terms.currency,
        rate_kind=terms.fx.kind, detail=f"the rate {session.currency}/{terms.currency} {terms.fx.kind} of {day} is not entered",
    )  # fmt: skip


def amounts_of(
    session: SessionFigures, contract: UsedContract | None, rates: Mapping[RateKey, str], late_for: str | None
) -> SessionLines:
    """Return the lines of a session that no statement holds yet.

    `late_for` is the number of the statement of its month if that was issued without the session: its lines are corrections then.
    """
    found = SessionLines()
    head = {"session": session.id, "title": session.title}
    if session.net is None or session.revision is None:
        detail = "the session has no revision: finalise it"
        found.missing.append(MissingInput(what="revision", date=session.ended_on, detail=detail, **head))
    if contract is None:
        detail = f"the brand has no contract on {session.ended_on}"
        found.missing.append(MissingInput(what="contract", date=session.ended_on, detail=detail, **head))
        return found
    rate = rate_for(session, contract.terms, rates)
    if isinstance(rate, MissingInput):
        found.missing.append(rate)
    if session.net is None or session.revision is None or isinstance(rate, MissingInput):
        return found
    converted = convert(session.net, session.currency, rate.rate, contract.terms)
    source = source_of(session.net, session.currency, rate, session.revision)
    add_changes(found, session, contract, converted, converted, source, late_for)
    return found


def source_of(net: int, currency: str, rate: Rate, revision: int) -> GoodsSource:
    """Return where an amount comes from."""
    amount = decimal_string(net, currency)
    assert amount is not None
    return GoodsSource(
        amount=amount, currency=currency, rate=rate.rate, rate_date=rate.day, rate_kind=rate.kind, revision=revision
    )  # fmt: skip


def add_changes(
    found: SessionLines,
    session: SessionFigures,
    contract: UsedContract,
    whole: Converted,
    change: Converted,
    source: GoodsSource,
    corrects: str | None,
) -> None:
    """Add the lines of a session: of all its money, or of the change since an earlier statement.

    A correction states neither base nor rate: it is the difference of two rounded amounts, and no product.
    """
    terms = contract.terms
    rates = {share.to: share for share in terms.shares}
    for (kind, to), amount in change.amounts.items():
        taxed = kind == "share" and terms.tax.share_taxed
        fields: dict[str, object] = {
            "session": session.id, "title": session.title, "held_on": session.ended_on, "contract": contract.id, "to": to,
            "amount": amount, "tax_rate": terms.tax.rate if taxed else None, "source": source if kind == "goods" else None,
        }  # fmt: skip
        if corrects is not None:
            fields |= {"kind": "correction", "corrects": corrects, "corrected": kind}
        else:
            fields["kind"] = kind
            if to is not None:
                fields |= {"base": whole.bases[to], "rate": rates[to].rate}
        found.lines.append(StatementLine.model_validate(fields))
    found.chain += [
        ChainShare(
            session=session.id, to=to, of=rates[to].of, amount=amount, base=whole.bases[to], rate=rates[to].rate,
            corrects=corrects,
        )
        for to, amount in change.chain.items()
    ]  # fmt: skip
