"""Terms of a contract: shares, fees, tax, exchange, subsidy, deliverables.

In: JSON values as administrators write them. Out: validated terms, amounts in minor units. Never here: I/O, sessions.

A share is a rate of a base. The base is the net GMV of a session or what an earlier party of the chain receives: agencies pay
sub-agencies and hosts out of their own share.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.catalogue.models import Count, Money, RequestModel, Text

Rounding = Literal["floor", "half_up", "ceil"]
NET_GMV = "net_gmv"


def _ratio(text: str) -> str:
    if not re.fullmatch(r"[01](\.\d{1,6})?|[1-9]\d{0,3}/[1-9]\d{0,3}", text, re.ASCII) or Fraction(text) > 1:
        raise PydanticCustomError("ratio", 'must be a decimal string from 0 to 1 such as "0.30", or a fraction such as "2/3"')
    return text


def _party(name: str) -> str:
    if name == NET_GMV:
        raise PydanticCustomError("party", "net_gmv is a base, not a party")
    return name


def _registration_number(text: str) -> str:
    if not re.fullmatch(r"T\d{13}", text, re.ASCII) or int(text[1]) != check_digit(text[2:]):
        raise PydanticCustomError("registration_number", "must be T and 13 digits with a correct check digit")
    return text


def check_digit(base: str) -> int:
    """Return the check digit of a Japanese corporate number, from its 12 other digits.

    The digits are weighted 1, 2, 1, 2 … from the right, and the check digit is 9 minus the remainder of their sum by 9.
    Source: ordinance on the designation of corporate numbers (法人番号の指定等に関する省令), article 2.

    >>> check_digit("700110005901")
    8
    """
    return 9 - sum(int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(base))) % 9


Ratio = Annotated[str, AfterValidator(_ratio), Field(examples=["0.30"])]
PartyName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,63}$", examples=["agency"]), AfterValidator(_party)]
RegistrationNumber = Annotated[str, AfterValidator(_registration_number), Field(examples=["T8700110005901"])]


class Share(RequestModel):
    """One party's share of a base, session by session."""

    to: PartyName = Field(description="the party that receives the share, such as `agency` or `kol:kobayashi`")
    rate: Ratio
    of: str = Field(default=NET_GMV, max_length=64, description="`net_gmv`, or a party named earlier in the list")


class Fee(RequestModel):
    """A fixed amount that the brand pays."""

    kind: Literal["initial", "monthly", "once"]
    name: Text = Field(examples=["運営費"])
    amount: Money = Field(description="without tax, in the contract's currency", examples=["500000"])
    taxed: bool = True


class Tax(RequestModel):
    """Consumption tax; it is rounded once per rate and document."""

    rate: Ratio = Field(default="0.10", examples=["0.10"])
    rounding: Rounding = "floor"
    registration_number: RegistrationNumber | None = Field(
        default=None, description="the issuer's number of qualified invoices (適格請求書)"
    )
    share_taxed: bool = Field(default=True, description="whether the agency's share is a taxable service")


class Exchange(RequestModel):
    """The exchange rate that converts a session's net GMV."""

    kind: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9_-]{0,15}$")] = Field(
        default="TTM", description="TTM, TTB, TTS or a name that both sides agreed on", examples=["TTM"]
    )
    date: Literal["session", "month_end"] = Field(
        default="session", description="the day on which the session ended, or the last day of its month"
    )


class Subsidy(RequestModel):
    """A subsidy for the eligible part of the contract's price."""

    eligible: Money = Field(description="eligible cost without tax", examples=["4380000"])
    rate: Ratio = Field(examples=["2/3"])

    def minor_amount(self) -> int:
        """Return the subsidy in whole units of the contract's currency, rounded down.

        >>> Subsidy(eligible="4380000", rate="2/3").minor_amount()
        2920000
        """
        return int(Fraction(Decimal(self.eligible)) * Fraction(self.rate))


Deliverables = Annotated[
    dict[Literal["article", "rehearsal", "promotion", "broadcast"], Count],
    Field(description="agreed number per month", examples=[{"article": 1, "rehearsal": 1, "promotion": 1, "broadcast": 1}]),
]


class Terms(RequestModel):
    """What both sides agreed on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: Literal["JPY"] = Field(default="JPY", description="the currency of statements")
    collected_by: Literal["agency", "brand"] = Field(default="agency", description="who receives the buyers' money")
    shares: list[Share] = Field(min_length=1, max_length=20)
    fees: list[Fee] = Field(default_factory=list, max_length=50)
    tax: Tax = Tax()
    share_rounding: Rounding = Field(default="floor", description="rounding of a share to the currency's smallest unit")
    fx: Exchange = Exchange()
    subsidy: Subsidy | None = None
    deliverables: Deliverables = Field(default_factory=dict)

    def errors(self) -> list[tuple[str, str]]:
        """Return contradictions between the fields as (JSON Pointer, detail)."""
        found: list[tuple[str, str]] = []
        taken: dict[str, Fraction] = {NET_GMV: Fraction(0)}
        for place, share in enumerate(self.shares):
            pointer = f"/shares/{place}"
            if share.of not in taken:
                found.append((f"{pointer}/of", "must be net_gmv or a party named earlier in the list"))
                continue
            if share.to in taken:
                found.append((f"{pointer}/to", "each party may stand in the list once"))
                continue
            taken[share.to] = Fraction(0)
            taken[share.of] += Fraction(share.rate)
            if taken[share.of] > 1:
                found.append((f"{pointer}/rate", f"the shares of {share.of} add up to more than the whole"))
        found.extend(
            (f"/fees/{place}/amount", "must be whole yen") for place, fee in enumerate(self.fees) if not _is_whole(fee.amount)
        )
        if self.subsidy is not None and not _is_whole(self.subsidy.eligible):
            found.append(("/subsidy/eligible", "must be whole yen"))
        return found


def _is_whole(amount: str) -> bool:
    return Decimal(amount) == int(Decimal(amount))


def plain(terms: Terms) -> dict[str, Any]:
    """Return the terms as JSON values, as they are stored."""
    return terms.model_dump(mode="json", exclude_none=True)
