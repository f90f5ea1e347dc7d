"""Share links: the client edition of one session for everyone who has the link.

In: requests of operators. Out: records; the secret of a link once. Never here: what a guest may read (`api.access.guests`).
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.catalogue.access import Principal
from app.catalogue.brands.session_access import session_ref
from app.catalogue.callers.devices import DeviceStore, hash_of, new_secret
from app.catalogue.ids import new_id
from app.catalogue.models import RequestModel, ResponseModel, Timestamp
from app.labels.catalogue import Language
from app.problems import ProblemError, invalid, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.tables import share_links

Shown = Literal["report", "live"]

_MOST_LINKS = 200
_EXAMPLE: dict[str, Any] = {"shows": ["report", "live"], "lang": "zh", "expires_at": "2099-12-31T00:00:00Z"}
_STORED: dict[str, Any] = {
    "id": "0192f1a0-b3c4-7d07-8000-5f5e1a2b3c4d",
    **_EXAMPLE,
    "created_by": "person:0192f1a0-b3c4-7d05-8000-5f5e1a2b3c4d",
    "created_at": "2021-09-25T07:00:00Z",
    "last_used_at": None,
}


class NewShareLink(RequestModel):
    """A share link to create."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    shows: list[Shown] = Field(
        default=["report"], min_length=1, max_length=2,
        description="`report`: the client edition of the latest revision; `live`: also the figures as they come",
    )  # fmt: skip
    lang: Language | None = Field(default=None, description="language of the page; absent: the reader's own")
    expires_at: Timestamp | None = Field(default=None, description="the link is refused from then on; absent: never")

    @field_validator("shows")
    @classmethod
    def _the_report(cls, shows: list[Shown]) -> list[Shown]:
        if "report" not in shows or len(set(shows)) != len(shows):
            raise PydanticCustomError("shows", 'must be ["report"] or ["report", "live"]')
        return shows


class ShareLink(ResponseModel):
    """A share link without its secret."""

    model_config = ConfigDict(json_schema_extra={"example": _STORED})

    id: UUID
    shows: list[Shown]
    lang: Language | None
    expires_at: datetime | None
    created_by: str
    created_at: datetime
    last_used_at: datetime | None = Field(description="to the minute; null before the first use")


class CreatedShareLink(ShareLink):
    """A new share link; `url` is returned only in this response."""

    model_config = ConfigDict(json_schema_extra={"example": _STORED | {"url": "https://tally.example/#/share/tlg_…"}})

    url: str


def _link(row: Row[Any]) -> ShareLink:
    return ShareLink(
        id=row.id, shows=["report", "live"] if row.live else ["report"], lang=row.lang, expires_at=row.expires_at,
        created_by=row.created_by, created_at=row.created_at, last_used_at=row.last_used_at,
    )  # fmt: skip


async def create(
    database: Database, principal: Principal, session_id: UUID, form: NewShareLink, now: datetime
) -> tuple[ShareLink, str]:
    """Create a share link and return it with its secret, which cannot be read again.

    Raises:
        ProblemError: 404; 409 if the session has too many; 422 for an expiry that is not in the future.
    """
    if form.expires_at is not None and form.expires_at <= now:
        raise invalid("/expires_at", "must be in the future", "in_future")
    secret, link_id = new_secret("tlg_"), new_id()
    row = {
        "id": link_id, "session_id": session_id, "secret_hash": hash_of(secret), "live": "live" in form.shows, "lang": form.lang,
        "expires_at": form.expires_at, "created_by": principal.reference,
    }  # fmt: skip
    async with database.write() as connection:
        await session_ref(connection, principal, session_id, lock=True)
        count = await connection.scalar(select(func.count()).where(share_links.c.session_id == session_id))
        if count is not None and count >= _MOST_LINKS:
            raise ProblemError(409, f"a session has at most {_MOST_LINKS} share links; revoke one")
        audit.about(link_id)
        stored = (await connection.execute(insert(share_links).values(row).returning(share_links))).one()
    return _link(stored), secret


async def listing(database: Database, principal: Principal, session_id: UUID) -> list[ShareLink]:
    """Return the share links of a session, the newest first, expired ones included.

    Raises:
        ProblemError: 404.
    """
    query = select(share_links).where(share_links.c.session_id == session_id).order_by(share_links.c.id.desc())
    async with database.read() as connection:
        await session_ref(connection, principal, session_id)
        return [_link(row) for row in (await connection.execute(query)).all()]


async def revoke(database: Database, devices: DeviceStore, principal: Principal, session_id: UUID, link_id: UUID) -> None:
    """Revoke a share link: its guests are refused at once in this process, and within two seconds in others.

    Raises:
        ProblemError: 404 for the session or the link.
    """
    statement = delete(share_links).where(share_links.c.session_id == session_id, share_links.c.id == link_id)
    try:
        async with database.write() as connection:
            await session_ref(connection, principal, session_id, lock=True)
            if (await connection.execute(statement.returning(share_links.c.id))).one_or_none() is None:
                raise not_found("share link")
    finally:
        devices.forget()
