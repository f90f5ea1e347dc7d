"""Models of the read side's answers, for the OpenAPI document.

In: nothing. Out: models that document the answers. The routes send prebuilt JSON; a test compares both. Never here: validation
of requests.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.kpis.metrics import METRICS, Unit
from app.storage.session_status import SessionStatus

Amount = Field(pattern=r"^-?\d+(\.\d+)?$", examples=["481888.00"], description="exact, in the document's currency")
Basis = Literal["counted", "reported", "derived", "mixed", "absent"]


class DocumentModel(BaseModel):
    """Base of the answers. Later versions may add members."""

    model_config = ConfigDict(extra="forbid")


class NumberFigure(DocumentModel):
    """A figure that is a number."""

    value: int | float | None = Field(examples=[18052])
    unit: Unit
    basis: Basis


class MoneyFigure(DocumentModel):
    """A figure that is an amount."""

    value: str | None = Amount
    unit: Unit
    basis: Basis


def _kpis() -> type[DocumentModel]:
    fields: dict[str, Any] = {
        metric.slug: (
            MoneyFigure if metric.unit is Unit.MONEY else NumberFigure,
            Field(description=metric.labels["en"] + (f": {metric.formula}" if metric.formula else "")),
        )
        for metric in METRICS
    }
    return create_model("Kpis", __base__=DocumentModel, __doc__="Every KPI with its basis.", **fields)


Kpis = _kpis()


class Contradiction(DocumentModel):
    """Figures that contradict each other."""

    code: str = Field(examples=["watch_time_exceeds_peak"])
    message: str
    figures: dict[str, Any]


class Final(DocumentModel):
    """The latest revision of a released session."""

    revision: int = Field(ge=1, examples=[1])
    changed: bool = Field(
        description="a figure of this document differs from the revision; `/revisions/{revision}/changes` lists all"
    )


class KpiDocument(DocumentModel):
    """A session's KPIs."""

    session: str
    status: SessionStatus
    as_of: datetime
    currency: str = Field(examples=["CNY"])
    duration_seconds: int | float | None = Field(examples=[8640])
    kpis: Kpis  # type: ignore[valid-type]
    by_platform: dict[str, Kpis]  # type: ignore[valid-type]
    final: Final | None = Field(description="null before the first release")
    warnings: list[Contradiction]


class SharedFigures(DocumentModel):
    """Figures of a product, of the remainder and of the total."""

    impressions: int | None
    clicks: int | None = Field(examples=[4171])
    click_rate: float | None
    buyers: int | None = Field(
        examples=[51], description="a person may buy several products, so buyers of products do not add up"
    )
    orders: int | None
    units: int | None = Field(examples=[53])
    gmv: str | None = Amount
    refund_amount: str | None = Amount
    click_to_buyer_rate: float | None
    gmv_per_click: str | None = Amount
    share_of_gmv: float | None
    basis: dict[str, Basis]


class OnAirTime(DocumentModel):
    """How often and how long a product was on air."""

    count: int
    seconds: int | float


class SoldOutTime(DocumentModel):
    """A time at which a product was sold out."""

    from_: datetime = Field(alias="from")
    to: datetime | None = Field(description="null while it lasts")


class ProductFigures(SharedFigures):
    """One product's results."""

    product: str = Field(examples=["knit-01"])
    name: str = Field(examples=["ニット"])
    live_price: str | None = Amount
    list_price: str | None = Amount
    discount: float | None = Field(description="(list price − live price) ÷ list price")
    preorder: bool = Field(description="sold before it is in stock")
    promised_days: int | None = Field(description="days from payment to shipping that buyers were promised")
    planned: int | None = Field(description="the line-up's stock")
    initial_stock: int | None = Field(description="the same as `planned`", deprecated=True)
    stock: int | None = Field(
        description="what is left: latest reported stock minus units paid since, else planned stock minus all paid units"
    )
    stock_estimated: bool = Field(description="true if no stock was reported and `stock` comes from the plan")
    clicks_after_sold_out: int | None = Field(description="clicks while it was sold out")
    missed_gmv_estimate: str | None = Field(
        description="an estimate: clicks while sold out × orders per click before × average price of a unit"
    )
    sold_out_at: datetime | None = Field(description="since when it is sold out, if it is")
    sold_out: list[SoldOutTime] = Field(description="every time at which it was sold out, in order")
    showcases: OnAirTime
    on_air: bool


class OtherProducts(SharedFigures):
    """Results outside the line-up: total minus line-up."""

    count: int = Field(description="products outside the line-up, on all pages")
    products: list[ProductFigures]


class ProductsDocument(DocumentModel):
    """A session's results by product."""

    session: str
    status: SessionStatus
    as_of: datetime
    currency: str
    products: list[ProductFigures]
    other: OtherProducts
    total: SharedFigures
    notes: list[str]
    next_cursor: str | None = Field(description="continues the products outside the line-up")


class Trailing(DocumentModel):
    """Orders up to five minutes after a showcase."""

    orders: int
    units: int
    gmv: str = Amount


class ShowcaseFigures(DocumentModel):
    """One on-air window of a product."""

    product: str
    from_: datetime = Field(alias="from")
    to: datetime
    on_air: bool
    clicks: int
    orders: int
    units: int
    gmv: str = Amount
    gmv_per_minute: str | None = Amount
    viewers_at_start: int | None
    viewers_at_end: int | None
    trailing: Trailing


class ShowcasesDocument(DocumentModel):
    """A session's showcases in order of time."""

    session: str
    currency: str
    showcases: list[ShowcaseFigures]
    next_cursor: str | None


class SourceShare(DocumentModel):
    """Arrivals from one traffic source; null if unknown."""

    source: str | None
    viewers: int
    share: float


class FanLevelShare(DocumentModel):
    """Arrivals of one fan level; null if unknown."""

    fan_level: int | None
    viewers: int
    share: float


class CoreFans(DocumentModel):
    """Arrivals at or above a fan level; null if no fan level is known."""

    min_level: int
    viewers: int | None
    share: float | None


class AudienceDocument(DocumentModel):
    """Arrivals of a window by traffic source and fan level."""

    session: str
    from_: datetime | None = Field(alias="from")
    to: datetime | None
    arrivals: int
    by_source: list[SourceShare]
    by_fan_level: list[FanLevelShare]
    core_fans: CoreFans


class ResponseTimes(DocumentModel):
    """Response times of answers; null without an answer. Percentiles are interpolated linearly."""

    answered: int = Field(description="tickets with a known response time")
    mean_seconds: float | None
    median_seconds: float | None
    p90_seconds: float | None = Field(description="90th percentile")
    slow: int = Field(description="answers that took longer than `slow_seconds`")


class SlowTicket(DocumentModel):
    """A ticket whose answer was slow."""

    ticket: str
    platform: str
    requested_at: datetime | None
    answered_at: datetime
    response_seconds: float


class SupportQuarter(ResponseTimes):
    """A quarter of an hour: the tickets requested in it, and the answers given in it."""

    from_: datetime = Field(alias="from")
    to: datetime
    tickets: int


class SupportDocument(ResponseTimes):
    """Customer service of a session."""

    session: str
    slow_seconds: float
    tickets: int = Field(description="tickets that were requested")
    waiting: int = Field(description="requested tickets without an answer")
    waiting_since: datetime | None = Field(description="the first of their requests")
    slow_tickets: list[SlowTicket] = Field(description="the slowest answers first, at most 100")
    slow_tickets_omitted: int
    by_quarter_hour: list[SupportQuarter] = Field(description="quarters with a request or an answer, in order, at most 2,000")
    more_quarters: bool = Field(description="whether later quarters were left out")
