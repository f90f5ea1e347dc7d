"""Lines that operators enter on a draft: advertising costs, adjustments, withheld tax.

In: forms. Out: entered lines. Never here: I/O.
"""

import re
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.catalogue.ids import new_id
from app.catalogue.models import RequestModel, Text
from app.settlement.amounts.lines import StatementLine
from app.settlement.amounts.rounding import rounded
from app.settlement.amounts.statement import EnteredLine
from app.settlement.contracts.terms import Ratio


def _whole(text: str) -> str:
    if not re.fullmatch(r"-?\d{1,13}", text, re.ASCII):
        raise PydanticCustomError("whole_yen", 'must be whole yen such as "-12000", at most 13 digits')
    return text


SignedYen = Annotated[str, AfterValidator(_whole), Field(examples=["12000"])]
_EXAMPLE: dict[str, Any] = {"kind": "adjustment", "amount": "-1200", "reason": "送料の精算"}


class NewLine(RequestModel):
    """A line to enter.

    The amount of an `ad_cost` is what the brand is charged, the amount of an `adjustment` is signed in favour of the brand. A
    `withholding` has a rate and a base instead; the withheld tax is rounded down.
    """

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    kind: Literal["ad_cost", "adjustment", "withholding"]
    amount: SignedYen | None = None
    rate: Ratio | None = Field(default=None, examples=["0.1021"])
    base: SignedYen | None = None
    name: Text | None = Field(default=None, description="as the statement prints it")
    reason: Text | None = Field(default=None, description="required for an adjustment")
    taxed: bool | None = Field(default=None, description="true for an ad_cost and false for others if absent")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        withheld = self.kind == "withholding"
        needed = {"rate", "base"} if withheld else {"amount"}
        wrong = next((name for name in ("amount", "rate", "base") if (getattr(self, name) is None) == (name in needed)), None)
        if wrong is not None and withheld:
            raise PydanticCustomError("withholding", "a withholding needs rate and base, and no amount", {"member": wrong})
        if wrong is not None:
            raise PydanticCustomError("entered_amount", "needs amount, and neither rate nor base", {"member": wrong})
        if withheld and self.taxed:
            raise PydanticCustomError("withholding", "a withholding is not taxed", {"member": "taxed"})
        if self.kind == "adjustment" and not (self.reason or "").strip():
            raise PydanticCustomError("adjustment_reason", "an adjustment needs a reason", {"member": "reason"})
        return self


def entered_line(form: NewLine, by: str, now: datetime) -> EnteredLine:
    """Return the line of a form."""
    base = None if form.base is None else int(form.base)
    if form.rate is not None and base is not None:
        amount = -rounded(Fraction(form.rate) * base, "floor")
    else:
        amount = int(Decimal(form.amount or "0"))
    if form.kind == "ad_cost":
        amount = -amount
    taxed = form.kind == "ad_cost" if form.taxed is None else form.taxed
    line = StatementLine(
        kind=form.kind, amount=amount, name=form.name, base=base, rate=form.rate, id=new_id(), reason=form.reason, by=by, at=now
    )  # fmt: skip
    return EnteredLine(line=line, taxed=taxed)
