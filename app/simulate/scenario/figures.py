"""Fields of a scenario: the totals of a session to simulate.

In: JSON in the shape of a results sheet. Out: frozen `Figures`, each field validated alone. Never here: contradictions between
fields, defaults that depend on several fields.

Amounts are decimal strings in the session's currency; `money` turns them into minor units.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.currency import digits_of
from app.events.fields import Currency, Money, Slug
from app.events.money import minor_units
from app.simulate.scenario.apportion import rounded

Whole = Annotated[int, Field(ge=0, le=10**9)]
Share = Annotated[Decimal, Field(ge=0, le=1)]
Weight = Annotated[Decimal, Field(ge=0, le=10**6)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Broadcast(_Part):
    """Time, brand and host of the session; its length in hours as printed, or exactly in seconds."""

    starts_at: AwareDatetime
    duration_hours_printed: Annotated[Decimal, Field(gt=0, le=48)] | None = None
    duration_seconds: Annotated[int, Field(ge=60, le=172_800)] | None = None
    currency: Currency = "CNY"
    title: str | None = None
    brand: Slug = "simulated"
    host: str | None = None
    relief: str | None = None
    """A second host, who presents the middle third of the broadcast."""
    time_zone: str | None = None


class Totals(_Part):
    """The session's figures. An absent figure has a default in proportion to the others (`Scenario.filled`)."""

    viewers: Annotated[int, Field(ge=1, le=10**8)]
    buyers: Whole = 0
    units_sold: Whole = 0
    gmv: Money = "0"
    orders: Whole | None = None
    refunded_orders: Whole = 0
    cancelled_orders: Whole | None = None
    views: Whole | None = None
    impressions: Whole | None = None
    peak_concurrent_viewers: Whole | None = None
    average_watch_minutes: Annotated[Decimal, Field(ge=0, le=2880)] | None = None
    new_followers: Whole = 0
    comments: Whole = 0
    likes: Whole | None = None
    shares: Whole | None = None
    gifts: Whole | None = None


class ProductTotals(_Part):
    """A product of the line-up. `stock` is the stock at the start; if it equals `units`, the product sells out."""

    product: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    name: str
    clicks: Whole | None = None
    buyers: Whole = 0
    units: Whole = 0
    gmv: Money = "0"
    live_price: Money | None = None
    stock: Whole | None = None
    impressions: Whole | None = None


class Outside(_Part):
    """Sales outside the line-up: number of products, buyers and clicks."""

    products: Annotated[int, Field(ge=1, le=1000)] | None = None
    buyers: Whole | None = None
    clicks: Whole | None = None


class Promotion(_Part):
    """A promotion and its figures at the end of the session."""

    views: Whole = 0
    engagements: Whole = 0
    url: str
    kind: str = "video"
    platform: Slug | None = None
    title: str | None = None


class Ad(_Part):
    """A paid campaign and its figures at the end of the session, in the session's currency."""

    campaign: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    spend: Money
    impressions: Whole | None = None
    clicks: Whole | None = None
    platform: Slug | None = None


class Platform(_Part):
    """One platform. Figures given here are its own; other figures are divided by `share` of the viewers."""

    share: Weight = Decimal(1)
    room: str | None = None
    viewers: Whole | None = None
    views: Whole | None = None
    impressions: Whole | None = None
    comments: Whole | None = None
    likes: Whole | None = None
    shares: Whole | None = None
    gifts: Whole | None = None
    new_followers: Whole | None = None
    buyers: Whole | None = None
    peak_concurrent_viewers: Whole | None = None


class Arrivals(_Part):
    """Share of core fans among the first arrivals."""

    core_fan_share: Share = Decimal("0.92")
    core_fan_level: Annotated[int, Field(ge=1, le=250)] = 4
    first_minutes: Annotated[int, Field(ge=0, le=2880)] = 20


class Support(_Part):
    """Customer service: number of tickets, and of those answered after more than three minutes."""

    requests: Whole | None = None
    slow: Whole | None = None


def _as_platform(value: object) -> object:
    return {"share": value} if isinstance(value, int | float | str) else value


class Figures(_Part):
    """Totals of one session."""

    name: str = "scenario"
    session: Broadcast
    kpis: Totals
    products: tuple[ProductTotals, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    ads: tuple[Ad, ...] = ()
    outside: Outside = Outside()
    platforms: Annotated[dict[Slug, Annotated[Platform, BeforeValidator(_as_platform)]], Field(min_length=1, max_length=16)] = (
        Field(default_factory=lambda: {"wechat": Platform()})
    )
    audience: Arrivals = Arrivals()
    support: Support = Support()
    ship_after_hours: Annotated[Decimal, Field(gt=0, le=2000)] | None = None

    def money(self, amount: str) -> int:
        """Return an amount in minor units of the session's currency."""
        return minor_units(amount, self.digits)

    @property
    def digits(self) -> int:
        """Decimals of the session's currency."""
        return digits_of(self.session.currency)

    @property
    def duration_ms(self) -> int:
        """Length of the broadcast in milliseconds, whole seconds; default two hours."""
        if self.session.duration_seconds is not None:
            return self.session.duration_seconds * 1000
        return int((self.session.duration_hours_printed or Decimal(2)) * 3600) * 1000

    @property
    def watch_ms(self) -> int:
        """Milliseconds watched by all viewers together; default a tenth of the broadcast per viewer."""
        minutes = self.kpis.average_watch_minutes
        if minutes is None:
            return self.duration_ms // 10 * self.kpis.viewers
        return int(rounded(minutes * 60_000 * self.kpis.viewers))

    @property
    def remainder(self) -> tuple[int, int]:
        """Units and minor units sold outside the line-up; negative if the products exceed the session."""
        units = self.kpis.units_sold - sum(product.units for product in self.products)
        return units, self.money(self.kpis.gmv) - sum(self.money(product.gmv) for product in self.products)
