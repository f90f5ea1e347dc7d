"""Lines of a statement: one movement of money each, signed.

In: amounts in yen. Out: records that validate from their own JSON. Never here: I/O, rules that decide which lines there are.

Sign: positive is in favour of the brand. A line that the brand is charged for is negative. The lines minus the tax are what is
payable to the brand.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

LineKind = Literal[
    "goods", "share", "fee", "ad_cost", "adjustment", "withholding", "correction", "carry_over", "collected",
]  # fmt: skip
CORRECTABLE = ("goods", "share", "collected")


def _first_day(month: object) -> object:
    return f"{month}-01" if isinstance(month, str) and len(month) == 7 else month


Month = Annotated[
    date,
    BeforeValidator(_first_day),
    PlainSerializer(lambda month: f"{month:%Y-%m}", return_type=str),
    Field(examples=["2021-09"]),
]
"""A month as its first day; "2021-09" in JSON."""
Yen = Annotated[int, PlainSerializer(str, return_type=str), Field(examples=["8235465"])]
"""Whole yen; a decimal string in JSON."""


def _is_none(value: object) -> bool:
    return value is None


def absent(**more: Any) -> Any:
    """Return a field that JSON leaves out when it is None."""
    return Field(default=None, exclude_if=_is_none, **more)


class Record(BaseModel):
    """A part of a statement."""

    model_config = ConfigDict(frozen=True)


class GoodsSource(Record):
    """Where the amount of a `goods` line comes from: the net GMV of a session and the rate that converts it."""

    amount: str = Field(description="net GMV of the session; of a correction, the difference", examples=["481888.00"])
    currency: str = Field(examples=["CNY"])
    rate: str | None = absent(description="absent if the currency is the statement's own", examples=["17.09"])
    rate_date: date | None = absent()
    rate_kind: str | None = absent(examples=["TTM"])
    revision: int = Field(description="number of the session's revision", examples=[1])


class StatementLine(Record):
    """One line. Which fields it has depends on its kind."""

    kind: LineKind
    amount: Yen = Field(description="positive: in favour of the brand")
    session: UUID | None = absent()
    title: str | None = absent(description="of the session")
    held_on: date | None = absent(description="day on which the session ended, in its time zone")
    name: str | None = absent(description="of a fee", examples=["運営費"])
    to: str | None = absent(description="party that receives a share", examples=["agency"])
    base: Yen | None = absent(description="what the rate is applied to")
    rate: str | None = absent(examples=["0.30"])
    source: GoodsSource | None = absent()
    corrects: str | None = absent(description="number of the statement that stated it first", examples=["2021-09-001"])
    corrected: Literal["goods", "share", "collected"] | None = absent(description="kind of the corrected line")
    fee: Literal["initial", "monthly", "once"] | None = absent()
    due: Month | None = absent(
        description="month in which a fee fell due that no earlier statement has charged; absent: this one"
    )
    contract: UUID | None = absent()
    tax_rate: str | None = absent(description="absent if the line is not taxed", examples=["0.10"])
    id: UUID | None = absent(description="of a line that an operator entered")
    reason: str | None = absent()
    by: str | None = absent(description="who entered it; internal edition only")
    at: datetime | None = absent(description="when it was entered")

    @property
    def stated(self) -> str:
        """The kind of money that the line states, or corrects."""
        return self.corrected or self.kind


class ChainShare(Record):
    """What a party receives out of another party's share; it does not concern the brand."""

    session: UUID
    to: str = Field(examples=["kol:kobayashi"])
    of: str = Field(description="the party that pays it", examples=["agency"])
    amount: Yen
    base: Yen
    rate: str = Field(examples=["0.10"])
    corrects: str | None = absent()


class TaxLine(Record):
    """Consumption tax of one rate, rounded once for the statement."""

    rate: str = Field(examples=["0.10"])
    base: Yen = Field(description="taxed lines of this rate, as charged to the brand")
    amount: Yen


class MissingInput(Record):
    """What a draft lacks to be issued."""

    what: Literal["contract", "revision", "exchange_rate"]
    session: UUID
    title: str | None = absent()
    date: date
    currency: str | None = absent(examples=["CNY"])
    to: str | None = absent(examples=["JPY"])
    rate_kind: str | None = absent(examples=["TTM"])
    detail: str


class StatementTotals(Record):
    """Sums by kind. `payable_to_brand` is signed; the others are stated as the example shows: charges are positive."""

    goods: Yen
    shares: dict[str, Yen] = Field(description="by party, the chain included", examples=[{"agency": "2470639"}])
    fees: Yen
    ad_costs: Yen
    withholding: Yen
    adjustments: Yen = Field(description="signed: positive in favour of the brand")
    corrections: Yen = Field(description="signed: positive in favour of the brand")
    carry_over: Yen = Field(description="signed: negative is what the brand still owed")
    collected: Yen = Field(description="buyers' money that the brand has received itself")
    tax: Yen
    payable_to_brand: Yen
