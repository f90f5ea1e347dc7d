"""What earlier statements of a brand say: the sessions they hold, the fees they charged, what the brand still owes.

In: issued statements, in the order of their issue. Out: one record. Never here: I/O, figures of today.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from app.catalogue.models import digits_of
from app.events.money import minor_units
from app.settlement.amounts.lines import ChainShare, GoodsSource, Record, StatementLine
from app.settlement.contracts.terms import Terms


class UsedContract(Record):
    """A contract with the terms that a statement applies."""

    id: UUID
    starts_on: date
    ends_on: date | None
    terms: Terms


FeeKey = tuple[UUID, str, date | None]
"""Contract, kind and name of a fee; the month in which it fell due, of one that is charged every month."""


@dataclass(slots=True)
class StatedSession:
    """A session as all earlier statements together state it."""

    number: str
    """Of the first statement that holds it."""
    contract: UsedContract
    source: GoodsSource
    """Of the line that states its currency: the rate there converts whatever changes later."""
    net: int = 0
    """Net GMV in minor units of its currency."""
    amounts: dict[tuple[str, str | None], int] = field(default_factory=dict)
    """(kind, party) → sum of the lines and their corrections."""
    chain: dict[str, int] = field(default_factory=dict)

    def add(self, line: StatementLine) -> None:
        """Add a line of the session."""
        key = (line.stated, line.to)
        self.amounts[key] = self.amounts.get(key, 0) + line.amount
        if line.stated == "goods" and line.source is not None:
            if line.source.currency != self.source.currency:
                self.source, self.net = line.source, 0
            self.net += signed_minor(line.source.amount, line.source.currency)


@dataclass(slots=True)
class Earlier:
    """All statements that were issued for a brand."""

    sessions: dict[UUID, StatedSession] = field(default_factory=dict)
    months: dict[date, str] = field(default_factory=dict)
    """Month → number of its statement."""
    charged: set[FeeKey] = field(default_factory=set)
    """Fees that are charged, as `fees.charged_fee` names them."""
    owed: int = 0
    """What the brand owes since the last statement, if the agency collects and the statement was negative."""
    owed_since: str | None = None


def signed_minor(amount: str, currency: str) -> int:
    """Return a signed decimal string in minor units.

    >>> signed_minor("-0.50", "CNY")
    -50
    """
    magnitude = minor_units(amount.removeprefix("-"), digits_of(currency))
    return -magnitude if amount.startswith("-") else magnitude


def add_lines(
    sessions: dict[UUID, StatedSession], number: str, lines: Iterable[StatementLine], contracts: Iterable[UsedContract]
) -> None:
    """Add the lines of one statement to the sessions."""
    by_id = {contract.id: contract for contract in contracts}
    for line in lines:
        if line.session is None:
            continue
        if line.session not in sessions:
            # The goods line of a session comes before its other lines.
            assert line.source is not None
            assert line.contract is not None
            sessions[line.session] = StatedSession(line.corrects or number, by_id[line.contract], line.source)
        sessions[line.session].add(line)


def add_chain(sessions: dict[UUID, StatedSession], chain: Iterable[ChainShare]) -> None:
    """Add what the parties inside a chain received."""
    for share in chain:
        stated = sessions[share.session].chain
        stated[share.to] = stated.get(share.to, 0) + share.amount
