"""The document of a statement: what clients read, in the client and in the internal edition; its frozen form and its hash.

In: a computed statement with its circumstances. Out: records, JSON. Never here: I/O, arithmetic.
"""

import datetime as dt
import hashlib
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.settlement.amounts.deliverables import Deliverable
from app.settlement.amounts.lines import Record
from app.settlement.amounts.platform_statements import PlatformStatement
from app.settlement.amounts.statement import Statement

Edition = Literal["client", "internal"]


class _Head(Record):
    id: UUID
    number: str | None = Field(description="null in a draft", examples=["2021-09-001"])
    status: Literal["draft", "issued"]
    brand: str = Field(examples=["maison-k"])
    brand_name: str = Field(examples=["Maison K"])
    issuer: str | None = Field(description="name of the agency, by the setting", examples=["JOSO LAB"])
    computed_at: datetime
    date: dt.date | None = Field(description="day of the issue, in Japan", examples=["2021-10-01"])
    issued_at: datetime | None
    issued_by: str | None = Field(description="internal edition only")


class Settlement(Statement, _Head):
    """A statement."""

    deliverables: list[Deliverable]
    platform: list[PlatformStatement] = Field(description="what the shop's platform settled; internal edition only")
    sha256: str | None = Field(
        default=None, description="of the internal document without this member, as it was issued", exclude_if=lambda v: v is None
    )


def frozen(settlement: Settlement) -> str:
    """Return the JSON that is stored; an issued statement is these bytes for ever."""
    return settlement.model_dump_json(exclude={"sha256"})


def sha256_of(document: str) -> str:
    """Return the hash of a stored document."""
    return hashlib.sha256(document.encode()).hexdigest()


def with_hash(document: str, sha256: str | None) -> str:
    """Return a stored document with its hash as the last member."""
    return document if sha256 is None else f'{document[:-1]},"sha256":"{sha256}"}}'


def parse(document: str, sha256: str | None) -> Settlement:
    """Return a stored document as a record."""
    return Settlement.model_validate_json(with_hash(document, sha256))


def client_edition(settlement: Settlement) -> Settlement:
    """Return the edition for the brand: only the parties that it pays, nothing internal."""
    shares = {line.to for line in settlement.lines if line.kind == "share"}
    totals = settlement.totals
    return settlement.model_copy(
        update={
            "chain": [],
            "contracts": [],
            "platform": [],
            "issued_by": None,
            "lines": [line.model_copy(update={"by": None, "at": None}) for line in settlement.lines],
            "totals": totals.model_copy(update={"shares": {to: paid for to, paid in totals.shares.items() if to in shares}}),
        }
    )
