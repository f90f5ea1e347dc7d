"""Payloads of money between platform and merchant: what was settled of an order, what moved on the account.

In: `data` of the settlement events. Out: contributions: none. The events are kept in the log for the statement, which reads them
there; no KPI rests on them. Never here: I/O, shares, taxes.
"""

import re
from typing import Annotated, Literal

from msgspec import Meta
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.events.contributions import NOTHING, Contributions, FoldContext
from app.events.fields import Currency, Money, Slug, Text
from app.events.money import in_minor_units
from app.events.payload import OpenModel, Payload, Unfoldable


def _signed(amount: str) -> str:
    if not re.fullmatch(r"-?\d{1,13}(\.\d{1,6})?", amount, re.ASCII):
        raise PydanticCustomError(
            "decimal_string", 'must be a decimal string such as "-12.50", at most 13 digits before the point'
        )
    return amount


SignedMoney = Annotated[str, AfterValidator(_signed), Meta(pattern=r"\A-?[0-9]{1,13}(\.[0-9]{1,6})?\Z")]
"""An exact amount in major units; negative if it goes the other way."""


class Fee(OpenModel):
    """What the platform or a third party kept of an order; negative if it was paid back."""

    kind: Slug
    amount: SignedMoney


Fees = Annotated[list[Fee], Field(max_length=100), Meta(max_length=100)]


class OrderSettled(Payload, type="live.order.settled"):
    """The platform settled an order: what the merchant gets of it, and the fees that were kept."""

    order: Text
    settlement: Text | None = None
    currency: Currency | None = None
    amount: SignedMoney | None = None
    fees: Fees | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return nothing: no KPI rests on a settlement. The amounts are checked, since a statement adds them up."""
        _check_currency(self.currency, context)
        if self.amount is not None:
            in_minor_units(self.amount.removeprefix("-"), context, "/amount")
        for index, fee in enumerate(self.fees or ()):
            in_minor_units(fee.amount.removeprefix("-"), context, f"/fees/{index}/amount")
        return NOTHING


class FundsMoved(Payload, type="live.funds.moved"):
    """One entry of the merchant's account at the platform."""

    flow: Text
    direction: Literal["in", "out"]
    amount: Money
    kind: Text | None = None
    order: Text | None = None
    refund: Text | None = None
    balance: SignedMoney | None = None
    currency: Currency | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return nothing, once the amounts are known to be exact in the session's currency."""
        _check_currency(self.currency, context)
        in_minor_units(self.amount, context, "/amount")
        return NOTHING


def _check_currency(currency: str | None, context: FoldContext) -> None:
    if currency is not None and currency != context.currency:
        raise Unfoldable("/currency", f"the session's currency is {context.currency}")
