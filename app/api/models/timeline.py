"""Models of the timeline, for the OpenAPI document.

In: nothing. Out: models that document what the routes send. Never here: validation of requests.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.api.models.results import DocumentModel


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


class LatestMark(DocumentModel):
    """A host who begins, or a mark."""

    at: datetime
    kind: Literal["host", "mark"]
    platform: str
    host: str | None = Field(description="who presents from now on")
    label: str | None = Field(description="of a mark")
    text: str | None = Field(description="of a mark; null for viewers that are bound to a brand")
    until: datetime | None = Field(description="of a mark")


class MarksDocument(DocumentModel):
    """Who presents now, and what was marked last."""

    session: str
    host: str | None = Field(description="who presents: the last change, before the first one the session's planned host")
    since: datetime | None = Field(description="the last change of host; null before the first one")
    marks: list[LatestMark] = Field(description="the latest 50, in order of time")
    more: bool = Field(description="whether there are earlier ones; the timeline has them")


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
