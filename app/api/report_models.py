"""The shapes of the report, of orders and of the raw log, for the OpenAPI document.

In: nothing. Out: models that document what the routes send. Never here: validation of requests.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from app.api.read_models import Amount, Basis, Contradiction, Shape
from app.kpis.metrics import Unit
from app.kpis.status import Status
from app.labels.catalogue import Language

OrderState = Literal["placed", "paid", "cancelled", "refunded", "shipped", "delivered"]


class Cell(Shape):
    """A figure with its label, and its text as the results sheet prints it."""

    label: str = Field(examples=["平均再生時間"])
    value: int | float | str | None = Field(examples=[634.2])
    unit: Unit
    text: str = Field(examples=["10.57分"])
    basis: Basis


class KpiCell(Cell):
    """A KPI of the sheet."""

    slug: str = Field(examples=["average_watch_seconds"])


class Fact(Shape):
    """A fact of the sheet's head."""

    key: str
    label: str
    value: int | float | str | None
    text: str


class Texts(Shape):
    """A titled list of texts."""

    title: str
    items: list[str]


class TotalsSection(Shape):
    """総データ."""

    title: str
    facts: list[Fact]
    figures: list[KpiCell]


class AnalysisSection(Shape):
    """ライブ内容分析, EC実績."""

    title: str
    data_title: str
    figures: list[KpiCell]
    factors: Texts
    observations: Texts
    summary: Texts
    drafts: Texts = Field(description="sentences that the figures suggest; nobody has signed them")


class Column(Shape):
    """A column of a table."""

    key: str
    label: str


class PromotionCells(Shape):
    """A promotion's row."""

    promotion: str | None
    url: str | None
    kind: str | None
    platform: str | None
    title: str | None
    figures: dict[str, Cell]


class PromotionSection(Shape):
    """宣伝動画分析."""

    title: str
    columns: list[Column]
    rows: list[PromotionCells]
    total_views: Cell
    observations: Texts
    summary: Texts
    drafts: Texts = Field(description="sentences that the figures suggest; nobody has signed them")


class ProductCells(Shape):
    """A product's row."""

    product: str | None
    name: str
    figures: dict[str, Cell]


class ProductsSection(Shape):
    """各商品実績; `other` is what was sold outside the line-up."""

    title: str
    brand: str
    columns: list[Column]
    rows: list[ProductCells]
    other: ProductCells
    total: ProductCells
    notes: list[str]


class Sections(Shape):
    """The sheet's parts in its order."""

    totals: TotalsSection
    live: AnalysisSection
    ec: AnalysisSection
    promotion: PromotionSection
    products: ProductsSection


class ReportDocument(Shape):
    """The results sheet."""

    session: str
    title: str
    heading: str
    language: Language
    status: Status
    as_of: datetime
    currency: str
    sections: Sections
    warnings: list[Contradiction]


class OrderLineOut(Shape):
    """One product of an order."""

    product: str
    sku: str | None
    quantity: int
    amount: str = Amount


class OrderOut(Shape):
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


class OrdersPage(Shape):
    """A page of orders."""

    currency: str
    orders: list[OrderOut]
    next_cursor: str | None


class LoggedEventOut(Shape):
    """An event of the log as a CloudEvent; people are pseudonyms."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str = Field(examples=["wechat:export/UzFf"])
    time: datetime
    datacontenttype: Literal["application/json"]
    platform: str
    receivedat: datetime
    data: dict[str, Any]


class LogPage(Shape):
    """A page of the raw log."""

    events: list[LoggedEventOut]
    next_cursor: str | None
