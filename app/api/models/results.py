"""Models of the read side's answers, for the OpenAPI document.

In: nothing. Out: models that document the answers. The routes send prebuilt JSON; a test compares both. Never here: validation
of requests.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.storage.kpis.session_status import SessionStatus

Amount = Field(pattern=r"^-?\d+(\.\d+)?$", examples=["481888.00"], description="exact, in the document's currency")
Basis = Literal["counted", "reported", "derived", "mixed", "absent"]


class DocumentModel(BaseModel):
    """Base of the answers. Later versions may add members."""

    model_config = ConfigDict(extra="forbid")


class SharedFigures(DocumentModel):
    """Figures of a product, of the remainder and of the total."""

    impressions: int | None
    product_viewers: int | None = Field(description="people who saw its card")
    clicks: int | None = Field(examples=[4171])
    clickers: int | None = Field(description="people who clicked it, counted where clicks name a viewer")
    click_rate: float | None = Field(description="clicks ÷ viewers of the session")
    product_click_rate: float | None = Field(description="clicks ÷ impressions")
    buyers: int | None = Field(
        examples=[51], description="a person may buy several products, so buyers of products do not add up"
    )
    orders: int | None
    units: int | None = Field(examples=[53])
    gmv: str | None = Amount
    refund_amount: str | None = Amount
    click_to_buyer_rate: float | None
    click_to_order_rate: float | None = Field(description="orders ÷ clicks")
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
