"""What the shop's platform says it settled, beside the figure of the statement.

In: settlement events of a session, its net GMV. Out: amounts and their difference. Never here: a guess about the difference.

The platform pays out what is left after its fees, so that paid-out amount and fees together are comparable with the net GMV.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from app.catalogue.models import decimal_string, digits_of
from app.settlement.amounts.lines import Record
from app.settlement.amounts.session_amounts import SessionFigures
from app.storage.backoffice.settlement_reads import Settled


class PlatformFee(Record):
    """What the platform or a third party kept."""

    kind: str = Field(examples=["platform_commission"])
    amount: str = Field(examples=["4818.88"])


class PlatformStatement(Record):
    """A session as its platform settled it; amounts in the session's currency."""

    session: UUID
    title: str
    currency: str
    orders: int = Field(description="orders that the platform settled")
    settled: str = Field(description="what the shop received", examples=["477069.12"])
    fees: list[PlatformFee]
    net_gmv: str = Field(description="the figure of the statement", examples=["481888.00"])
    difference: str = Field(description="settled + fees − net_gmv", examples=["0.00"])


def statements_of(sessions: Sequence[SessionFigures], settled: Mapping[UUID, Settled]) -> list[PlatformStatement]:
    """Return the platforms' figures of the sessions that have some."""
    return [_statement(session, settled[session.id]) for session in sessions if session.id in settled]


def _statement(session: SessionFigures, found: Settled) -> PlatformStatement:
    digits = digits_of(session.currency)

    def minor(amount: Decimal) -> int:
        return int(amount.scaleb(digits))

    def written(amount: int) -> str:
        return decimal_string(amount, session.currency) or ""

    fees = {kind: minor(amount) for kind, amount in sorted(found.fees.items())}
    net, paid = session.net or 0, minor(found.amount)
    return PlatformStatement(
        session=session.id, title=session.title, currency=session.currency, orders=found.orders, settled=written(paid),
        fees=[PlatformFee(kind=kind, amount=written(amount)) for kind, amount in fees.items()],
        net_gmv=written(net), difference=written(paid + sum(fees.values()) - net),
    )  # fmt: skip
