"""Models of the report, of orders and of the event log, for the OpenAPI document.

In: nothing. Out: models that document what the routes send. Never here: validation of requests.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from app.api.models.kpis import Contradiction
from app.api.models.report_cells import KpiCell, ReportCell, ReportColumn, TableSection
from app.api.models.report_windows import AfterLiveSection, EffectsSection, RetentionSection
from app.api.models.results import Amount, DocumentModel
from app.api.models.traffic import FunnelStep
from app.labels.catalogue import Language
from app.storage.kpis.session_status import SessionStatus

OrderState = Literal["placed", "paid", "cancelled", "refunded", "shipped", "delivered"]


class ReportFact(DocumentModel):
    """A fact of the sheet's header."""

    key: str
    label: str
    value: int | float | str | None
    text: str


class ReportTexts(DocumentModel):
    """A titled list of texts."""

    title: str
    items: list[str]


class TotalsSection(DocumentModel):
    """総データ."""

    title: str
    facts: list[ReportFact]
    figures: list[KpiCell]


class AnalysisSection(DocumentModel):
    """ライブ内容分析, EC実績."""

    title: str
    data_title: str
    figures: list[KpiCell]
    factors: ReportTexts
    observations: ReportTexts
    summary: ReportTexts
    drafts: ReportTexts = Field(description="sentences derived from the figures; drafts that no operator has confirmed")


class PromotionCells(DocumentModel):
    """A promotion's row."""

    promotion: str | None
    url: str | None
    kind: str | None
    platform: str | None
    title: str | None
    figures: dict[str, ReportCell]


class PromotionSection(DocumentModel):
    """宣伝動画分析."""

    title: str
    columns: list[ReportColumn]
    rows: list[PromotionCells]
    total_views: ReportCell
    observations: ReportTexts
    summary: ReportTexts
    drafts: ReportTexts = Field(description="sentences derived from the figures; drafts that no operator has confirmed")


class ProductCells(DocumentModel):
    """A product's row."""

    product: str | None
    name: str
    figures: dict[str, ReportCell]


class ProductsSection(DocumentModel):
    """各商品実績; `other` was sold outside the line-up."""

    title: str
    brand: str
    columns: list[ReportColumn]
    rows: list[ProductCells]
    other: ProductCells
    total: ProductCells
    notes: list[str]


class MarkOfReport(DocumentModel):
    """A host who begins, or something that happened."""

    at: datetime
    until: datetime | None
    kind: Literal["host", "mark"]
    label: str | None = Field(description="of a mark", examples=["coupon"])
    time: str = Field(examples=["14:05–14:10"])
    name: str = Field(description="the host, or the label in the report's language", examples=["クーポン"])
    text: str | None = Field(description="null in the client edition")


class MarksSection(DocumentModel):
    """Who presented, and what happened, in order of time."""

    title: str
    rows: list[MarkOfReport]
    omitted: int = Field(description="hosts and marks beyond the first 200")


class FunnelRow(FunnelStep):
    """A step of the funnel, in words."""

    label: str
    text: str
    rate_text: str = Field(description="empty without a rate", examples=["23.10%"])


class FunnelOfReport(DocumentModel):
    """From impressions to buyers."""

    title: str
    rows: list[FunnelRow]


class SourceRow(DocumentModel):
    """A traffic source's row."""

    source: str | None
    paid: bool | None
    name: str
    flow: str = Field(description="paid or organic; empty where the platform does not tell")
    figures: dict[str, ReportCell]


class SourcesOfReport(DocumentModel):
    """Traffic sources; rows and remainder add up to the total."""

    title: str
    columns: list[ReportColumn]
    rows: list[SourceRow]
    remainder: SourceRow
    total: SourceRow


class TrafficSection(DocumentModel):
    """Where viewers came from, how far they went, and what advertising cost."""

    title: str
    figures: list[KpiCell]
    funnel: FunnelOfReport
    sources: SourcesOfReport | None = Field(description="null if no arrival is known")
    notes: list[str]


class Sections(DocumentModel):
    """The sections of the sheet, in order."""

    totals: TotalsSection
    live: AnalysisSection
    ec: AnalysisSection
    promotion: PromotionSection
    products: ProductsSection
    traffic: TrafficSection | None = Field(default=None, description="absent if nothing of it is known")
    targets: TableSection | None = Field(default=None, description="absent without targets")
    hosts: TableSection | None = Field(default=None, description="absent unless several hosts presented")
    benchmarks: TableSection | None = Field(
        default=None, description="absent unless a platform compared the broadcast with others"
    )
    marks: MarksSection | None = Field(default=None, description="absent if there are none")
    effects: EffectsSection | None = Field(default=None, description="absent without a coupon or a giveaway")
    after_live: AfterLiveSection | None = Field(
        default=None, description="absent without an order after the show or a replay view"
    )
    retention: RetentionSection | None = Field(default=None, description="absent if no platform tells entries and exits")


class ReportDocument(DocumentModel):
    """The results sheet."""

    session: str
    title: str
    heading: str
    language: Language
    edition: Literal["internal", "client"]
    revision: int | None = Field(
        description="the revision whose frozen figures these are; null: the present figures", examples=[1]
    )
    status: SessionStatus
    as_of: datetime
    currency: str
    sections: Sections
    warnings: list[Contradiction]


class OrderLineOut(DocumentModel):
    """One product of an order."""

    product: str
    sku: str | None
    quantity: int
    amount: str = Amount
    gift: bool = Field(description="a free gift: its pieces are no units sold")


class ParcelOut(DocumentModel):
    """One parcel of an order."""

    carrier: str | None
    tracking: str | None
    shipped_at: datetime
    accepted_at: datetime | None = Field(description="when the carrier accepted it")


class OrderOut(DocumentModel):
    """An order; the buyer is a pseudonym."""

    order: str
    platform: str
    state: OrderState
    buyer: str | None
    amount: str | None = Amount
    refunded_amount: str = Amount
    lines: list[OrderLineOut]
    placed_at: datetime | None
    paid_at: datetime | None
    cancelled_at: datetime | None
    refunded_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    carrier: str | None
    tracking: str | None
    parcels: list[ParcelOut] = Field(description="every parcel, the earliest first; carrier and tracking above are the first's")


class OrdersPage(DocumentModel):
    """A page of orders."""

    currency: str
    orders: list[OrderOut]
    next_cursor: str | None


class LoggedEventOut(DocumentModel):
    """An event of the log as a CloudEvent with its sender's extension attributes, and pseudonyms for people."""

    model_config = ConfigDict(extra="allow")

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str = Field(examples=["wechat:export/UzFf"])
    time: datetime
    datacontenttype: Literal["application/json"]
    dataschema: str | None = None
    platform: str
    receivedat: datetime
    data: dict[str, Any]


class LogPage(DocumentModel):
    """A page of the event log."""

    events: list[LoggedEventOut]
    next_cursor: str | None
