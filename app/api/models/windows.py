"""The documents of effects, of the time after the show, and of retention.

In: nothing. Out: models for the documentation. Never here: figures.
"""

from datetime import datetime

from pydantic import Field

from app.api.models.results import Amount, Basis, DocumentModel
from app.storage.kpis.session_status import SessionStatus


class SoldAndRefunded(DocumentModel):
    """Paid orders, their GMV, and what of it was refunded since; null where no order was counted."""

    orders: int | None
    gmv: str | None = Amount
    refund_amount: str | None = Field(
        pattern=r"^-?\d+(\.\d+)?$", examples=["1099.00"], description="refunds of these orders, whenever they were made"
    )
    net_gmv: str | None = Field(pattern=r"^-?\d+(\.\d+)?$", examples=["480789.00"], description="gmv − refund_amount")


class CommentsAndClicks(SoldAndRefunded):
    """The same with what was counted by the minute; null where the session has no such count."""

    comments: int | None = Field(description="a minute belongs to the window in which it begins")
    clicks: int | None = Field(description="clicks on products, counted like comments")


class EffectWindow(CommentsAndClicks):
    """A half-open time range beside or inside a mark."""

    from_: datetime = Field(alias="from")
    to: datetime
    minutes: float
    gmv_per_minute: str | None = Amount
    viewers_at_start: int | None
    viewers_at_end: int | None
    peak_viewers: int | None = Field(description="the most at both ends and in the minutes that begin in the window")


class EffectFigures(DocumentModel):
    """What coincided with a coupon or a giveaway; it need not be its cause."""

    label: str = Field(examples=["coupon"])
    text: str | None = Field(description="null for viewers that are bound to a brand")
    platform: str
    at: datetime
    lasts: bool = Field(description="the mark has not ended yet")
    overlaps: bool = Field(description="another coupon or giveaway ran in these windows")
    before: EffectWindow | None = Field(description="as long as the mark, within the broadcast; null if there is no such time")
    during: EffectWindow
    after: EffectWindow | None = Field(description="as long as the mark, within the broadcast; null if there is no such time")
    remainder: CommentsAndClicks = Field(description="of the session, outside these windows")


class EffectsDocument(DocumentModel):
    """The coupons and giveaways of a session in order of time."""

    session: str
    currency: str
    effects: list[EffectFigures]
    omitted: int = Field(description="coupons and giveaways past the first 50")
    total: CommentsAndClicks


class AfterLiveWindow(SoldAndRefunded):
    """What was paid in a time that begins at the end."""

    until: datetime | None = Field(description="null before the end")
    complete: bool = Field(description="the time is over; refunds may still come")


class ReplayViews(DocumentModel):
    """Views of the replay, as platforms report them."""

    value: int | None
    basis: Basis


class AfterLiveDocument(DocumentModel):
    """What was sold after the show, apart from the show's own orders. Show, seven days and remainder add up to the total."""

    session: str
    status: SessionStatus
    as_of: datetime
    currency: str
    ended_at: datetime | None = Field(description="the last end; null before it and while a room is on air")
    within_24_hours: AfterLiveWindow
    within_7_days: AfterLiveWindow = Field(description="includes the first 24 hours")
    show: SoldAndRefunded = Field(description="paid before the end")
    remainder: SoldAndRefunded = Field(description="paid later; and refunds of orders whose payment is unknown")
    total: SoldAndRefunded
    replay_views: ReplayViews


class EntryCohort(DocumentModel):
    """Entries and exits, and the stays that began; a stay ends with the viewer's exit."""

    entries: int
    first_entries: int = Field(description="of viewers who had not been in the session before")
    came_back: int = Field(description="of these viewers, those who entered again later")
    exits: int
    stays: int = Field(description="stays that began now and whose end is known")
    average_seconds: float | None
    stayed: list[float | None] = Field(description="share of the stays that lasted at least each of `limits_seconds`")


class MinuteCohort(EntryCohort):
    """The same of one minute."""

    minute: datetime


class LostMinute(DocumentModel):
    """A minute in which more viewers left than entered, and what happened then; it need not be the cause."""

    minute: datetime
    entries: int
    exits: int
    lost: int = Field(description="exits − entries")
    product: str | None = Field(description="on air for the longest part of the minute")
    host: str | None
    marks: list[str] = Field(
        description="labels of the marks that were set or lasted in this minute, as far as the reader may see them"
    )


class RetentionDocument(DocumentModel):
    """How long viewers stayed, by the minute of entry; only where a platform tells entries and exits. It names no person."""

    session: str
    as_of: datetime
    from_: datetime | None = Field(alias="from", description="the minutes of the broadcast; null before it")
    to: datetime | None
    limits_seconds: list[int]
    total: EntryCohort
    minutes: list[MinuteCohort] = Field(description="minutes with an entry or an exit, in order")
    omitted: int = Field(description="minutes past the first day")
    losses: list[LostMinute] = Field(description="at most ten, the greatest loss first")
