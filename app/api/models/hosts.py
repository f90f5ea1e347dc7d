"""The hosts document.

In: nothing. Out: models for the documentation. Never here: figures.
"""

from datetime import datetime

from pydantic import Field

from app.api.models.results import Amount, DocumentModel


class Sold(DocumentModel):
    """Paid orders and GMV; null where no order was counted."""

    orders: int | None
    gmv: str | None = Amount


class HostFigures(Sold):
    """What was sold while a host presented; `host` is null where none was named."""

    host: str | None
    minutes: float
    gmv_per_minute: str | None = Amount


class HostWindowFigures(HostFigures):
    """One shift of a host."""

    from_: datetime = Field(alias="from")
    to: datetime
    on_duty: bool = Field(description="whether the host presents now")
    viewers_at_start: int | None
    viewers_at_end: int | None


class HostsDocument(DocumentModel):
    """A session's hosts: shifts in order of time, and the sums by host in the order of their first shift."""

    session: str
    currency: str
    windows: list[HostWindowFigures]
    omitted: int = Field(description="windows past the first 1,000; what was sold in them is part of the remainder")
    hosts: list[HostFigures]
    remainder: Sold = Field(description="paid before the start or after the end of the broadcast")
    total: Sold
