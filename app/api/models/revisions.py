"""Models of releases: the request, revisions, the frozen document, changes.

In: nothing. Out: models of requests, and models that document prebuilt answers. Never here: rules.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.api.models.report import ReportDocument
from app.api.models.results import DocumentModel
from app.catalogue.models import NoteText, RequestModel, ResponseModel

_REVISION: dict[str, Any] = {
    "number": 1,
    "created_at": "2021-09-27T01:00:00Z",
    "by": "key:5f1c2a9b77de",
    "note": "returns of the weekend are in",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


class NewRelease(RequestModel):
    """A release; the body may be left out."""

    model_config = ConfigDict(json_schema_extra={"example": {"note": _REVISION["note"]}})

    note: NoteText | None = Field(default=None, description="why; for the agency only")


class Revision(ResponseModel):
    """A revision: a released report that never changes."""

    model_config = ConfigDict(json_schema_extra={"example": _REVISION})

    number: int = Field(ge=1, description="1, 2, 3 … in the order of the releases")
    created_at: datetime
    by: str | None = Field(description="who: `key:<id>`, or `automatic`; null in the client edition")
    note: str | None
    sha256: str = Field(description="SHA-256 of the frozen document, see docs/reference/release.md")


class RevisionList(BaseModel):
    """A page of revisions, the newest first."""

    revisions: list[Revision]
    next_cursor: str | None


class FrozenReports(DocumentModel):
    """The report in three languages."""

    ja: ReportDocument
    zh: ReportDocument
    en: ReportDocument


class FrozenNote(DocumentModel):
    """A note as it was."""

    section: str
    kind: str
    text: str
    share: bool


class FrozenPromotion(DocumentModel):
    """A promotion's figures as they were."""

    promotion: str | None
    url: str | None
    views: int | None
    engagements: int | None
    clicks: int | None


class FrozenRevision(DocumentModel):
    """A revision with everything that it froze.

    Hashes are of canonical JSON (RFC 8785): `client_sha256` of the client edition without both hashes, `sha256` of the internal
    edition without itself.
    """

    session: UUID
    number: int
    created_at: datetime
    by: str | None
    note: str | None
    client_sha256: str | None = Field(
        default=None, description="absent in internal editions of revisions that did not name it yet"
    )
    sha256: str
    as_of: datetime
    currency: str
    time_zone: str
    ended_at: datetime
    report: FrozenReports
    notes: list[FrozenNote]
    promotions: list[FrozenPromotion]
    product_names: dict[str, dict[str, str]]
    documents: dict[str, dict[str, Any]] = Field(description="documents of the routes of the same names, of all products")


class Change(BaseModel):
    """A figure that is another one now."""

    figure: str = Field(examples=["gmv"], description="a KPI's slug, `duration_seconds`, or a figure of a product or promotion")
    platform: str | None = Field(default=None, description="absent: of the whole session")
    product: str | None = Field(default=None, description="absent: not of a product")
    promotion: str | None = Field(default=None, description="id or URL; absent: not of a promotion")
    was: int | float | str | None = Field(examples=["481888.00"])
    is_: int | float | str | None = Field(alias="is", examples=["481700.00"])


class RevisionChanges(BaseModel):
    """Every figure that differs from the revision."""

    changes: list[Change]
