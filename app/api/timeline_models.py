"""Models of the timeline, for the OpenAPI document.

In: nothing. Out: models that document what the routes send. Never here: validation of requests.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.api.read_models import DocumentModel


class Mark(DocumentModel):
    """A point in time that explains a series."""

    at: datetime
    kind: Literal["showcased", "withdrawn", "sold_out", "restocked", "started", "ended", "host", "mark"]
    product: str | None
    platform: str | None
    host: str | None = Field(description="who presents from now on")
    label: str | None = Field(description="of a mark")
    text: str | None = Field(description="of a mark; null for viewers that are bound to a brand")
    until: datetime | None = Field(description="of a mark")


class TimelineDocument(DocumentModel):
    """Series in equal buckets. Counted series are 0 without events; sampled series are null without samples."""

    session: str
    product: str | None
    currency: str
    from_: datetime = Field(alias="from")
    to: datetime
    step: str
    buckets: list[datetime]
    series: dict[str, list[int | str | None]]
    marks: list[Mark]
    marks_omitted: int = Field(description="marks of the window beyond the first 1,000")
