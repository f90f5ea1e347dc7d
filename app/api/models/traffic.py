"""The sources document and the funnel.

In: nothing. Out: models for the documentation. Never here: figures.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.api.models.results import Amount, Basis, DocumentModel


class Bought(DocumentModel):
    """What was bought; null where no order was counted."""

    buyers: int | None
    orders: int | None
    gmv: str | None = Amount
    refund_amount: str | None = Amount
    net_gmv: str | None = Amount


class SourceFigures(Bought):
    """Arrivals, and what those who arrived bought."""

    paid: bool | None = Field(description="whether the traffic was paid for; null where the platform does not tell")
    viewers: int = Field(description="viewers whose first entry it was")
    share: float | None = Field(description="of all arrivals")
    conversion_rate: float | None = Field(description="buyers ÷ viewers")
    gmv_per_viewer: str | None = Amount
    share_of_gmv: float | None


class TrafficSource(SourceFigures):
    """One traffic source; null if the entry names none."""

    source: str | None = Field(examples=["fans"])


class SourcesTotal(Bought):
    """The session's figures; viewers are the arrivals."""

    viewers: int
    basis: dict[str, Basis]


class ReportedSource(DocumentModel):
    """A platform's own figures of a source: beside ours, never mixed with them."""

    platform: str
    source: str | None
    paid: bool | None
    viewers: int | None
    buyers: int | None
    orders: int | None
    gmv: str | None = Amount


class FunnelStep(DocumentModel):
    """One step."""

    kpi: str = Field(
        description="`product_impressions` if people who saw a product are unknown and the number of impressions is known",
        examples=["clickers"],
    )
    value: int | None
    unit: Literal["people", "count"]
    basis: Basis
    rate: float | None = Field(description="value ÷ that of the step `rate_of`")
    rate_of: str | None = Field(description="the nearest step before that is known in people", examples=["viewers"])


class FunnelPart(DocumentModel):
    """The funnel of a platform, a product or a traffic source; a product's impressions and viewers are the session's."""

    platform: str | None = Field(default=None, description="with `by=platform`")
    product: str | None = Field(default=None, description="with `by=product`")
    name: str | None = Field(default=None, description="of the product")
    source: str | None = Field(default=None, description="with `by=source`; null if the entry names none")
    paid: bool | None = Field(default=None, description="with `by=source`")
    steps: list[FunnelStep]


class FunnelRemainder(DocumentModel):
    """People who never entered, of each step by source; null where the step is absent."""

    product_viewers: int | None
    clickers: int | None
    buyers: int | None


class FunnelDocument(DocumentModel):
    """A session's five steps from impressions to buyers."""

    session: str
    as_of: datetime
    steps: list[FunnelStep]
    by: Literal["platform", "product", "source"] | None
    parts: list[FunnelPart]
    remainder: FunnelRemainder | None = Field(description="with `by=source`")
    omitted: int = Field(description="products past the first 500 outside the line-up")


class SourcesDocument(DocumentModel):
    """A session's traffic sources, the one with the highest GMV first. A buyer belongs to the source of their first entry."""

    session: str
    as_of: datetime
    currency: str = Field(examples=["CNY"])
    sources: list[TrafficSource]
    flows: list[SourceFigures] = Field(description="the sources together: paid, organic, not told")
    remainder: Bought = Field(
        description="bought without an entry, or told without single orders; sources and remainder add up to the total"
    )
    total: SourcesTotal
    reported: list[ReportedSource]
