"""Models of the report's windows, for the OpenAPI document.

In: nothing. Out: models that document what the routes send. Never here: validation of requests.
"""

from datetime import datetime
from typing import Any

from pydantic import Field

from app.api.models.results import Amount, DocumentModel


class EffectCell(DocumentModel):
    """What was sold in a window, null where no order was counted; and who was there, null where that is unknown."""

    from_: datetime = Field(alias="from")
    to: datetime
    orders: int | None
    gmv: str | None = Amount
    net_gmv: str | None = Amount
    gmv_per_minute: str | None = Amount
    viewers_at_start: int | None
    viewers_at_end: int | None
    peak_viewers: int | None
    comments: int | None
    clicks: int | None
    text: str = Field(examples=["12件・3,456元（345.60元/分）"])
    audience: str = Field(
        description="empty if nothing is known", examples=["視聴者100→250人（最大260人） · コメント12件 · 商品クリック30回"]
    )


class EffectOfReport(DocumentModel):
    """A coupon or a giveaway, and what was sold before, during and after it; a window without time is null."""

    at: datetime
    label: str = Field(examples=["coupon"])
    time: str = Field(examples=["14:05–14:10"])
    name: str = Field(description="the label in the report's language", examples=["クーポン"])
    text: str | None = Field(description="null in the client edition")
    overlaps: bool = Field(description="another coupon or giveaway ran in these windows")
    before: EffectCell | None
    during: EffectCell
    after: EffectCell | None


class WindowColumn(DocumentModel):
    """A column of a table."""

    key: str
    label: str


class EffectsSection(DocumentModel):
    """Coupons and giveaways: what coincided with them, not what they caused."""

    title: str
    note: str
    columns: list[WindowColumn]
    rows: list[EffectOfReport]
    omitted: int = Field(description="coupons and giveaways past the first 50")


class AfterLiveSection(DocumentModel):
    """What was sold after the show."""

    title: str
    figures: list[dict[str, Any]] = Field(description="cells as in `totals`")
    note: str | None = Field(description="until when the figures still grow; null once they are complete")


class QuarterOfEntry(DocumentModel):
    """Stays that began in one quarter of an hour; `from` is null for all of them."""

    from_: datetime | None = Field(alias="from")
    time: str
    figures: dict[str, dict[str, Any]] = Field(description="cells as in `totals`, by the key of their column")


class MarkName(DocumentModel):
    """A mark's label, and the same in the report's language."""

    label: str
    name: str


class LossOfReport(DocumentModel):
    """A minute that lost viewers, and what was on air then."""

    minute: datetime
    lost: int
    text: str
    product: str | None
    product_name: str | None
    host: str | None
    marks: list[MarkName]


class LossesSection(DocumentModel):
    """The minutes that lost most viewers."""

    title: str
    rows: list[LossOfReport]


class RetentionSection(DocumentModel):
    """How long viewers stayed, by the quarter of an hour of entry."""

    title: str
    note: str
    columns: list[WindowColumn]
    rows: list[QuarterOfEntry]
    total: QuarterOfEntry
    losses: LossesSection
