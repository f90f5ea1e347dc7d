"""People: who works with the server without a key, their sign-in links and devices.

In: requests of administrators. Out: records; the secret of a sign-in link once. Never here: passwords, cookies.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import Row, Select, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands import brands
from app.catalogue.callers.devices import DeviceStore, hash_of, new_secret
from app.catalogue.ids import new_id
from app.catalogue.models import UNCHANGED, PatchModel, RequestModel, ResponseModel, Slug, Text
from app.catalogue.pages import Page, page_of
from app.problems import ProblemError, invalid, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.tables import brands as brand_rows, devices as device_rows, people, sign_in_links

PersonRole = Literal["viewer", "operator", "admin"]

LINK_VALID = timedelta(hours=72)
_MOST_LINKS = 10
"""Sign-in links of one person that are valid at a time; one more invalidates the oldest."""
_EXAMPLE: dict[str, Any] = {"name": "林 小梅", "role": "operator", "brand": None}


class NewPerson(RequestModel):
    """A person to create."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    name: Text = Field(min_length=1, description="as colleagues know them; the audit log has it")
    role: PersonRole
    brand: Slug | None = Field(default=None, description="binds the person to one brand, which is created if missing")


class PersonPatch(PatchModel):
    """Changes to a person. They act at once, also for browsers that are signed in."""

    name: Text = Field(default=UNCHANGED, min_length=1, examples=["林 小梅"])
    role: PersonRole = Field(default=UNCHANGED, examples=["viewer"])
    brand: Slug | None = Field(default=UNCHANGED, examples=["maison-k"])
    active: bool = Field(
        default=UNCHANGED, examples=[False], description="false: signs all devices out and invalidates all sign-in links"
    )


class Person(ResponseModel):
    """A person."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0192f1a0-b3c4-7d05-8000-5f5e1a2b3c4d",
                **_EXAMPLE,
                "active": True,
                "created_at": "2021-09-20T01:00:00Z",
                "last_seen_at": None,
            }
        }
    )

    id: UUID
    name: str
    role: PersonRole
    brand: str | None
    active: bool
    created_at: datetime
    last_seen_at: datetime | None = Field(description="to the minute; null before the first sign-in")


class Device(ResponseModel):
    """A browser that is signed in."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0192f1a0-b3c4-7d06-8000-5f5e1a2b3c4d",
                "user_agent": "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X)",
                "created_at": "2021-09-20T01:00:00Z",
                "last_seen_at": "2021-09-25T05:20:00Z",
                "current": False,
            }
        }
    )

    id: UUID
    user_agent: str | None
    created_at: datetime
    last_seen_at: datetime = Field(description="to the minute; 30 days later it is signed out")
    current: bool = Field(description="whether the request came from it")


def _people() -> Select[Any]:
    return select(people, brand_rows.c.slug.label("brand")).outerjoin(brand_rows, brand_rows.c.id == people.c.brand_id)


def _person(row: Row[Any]) -> Person:
    return Person.model_validate(row, from_attributes=True)


async def listing(database: Database, *, after: tuple[UUID] | None, limit: int) -> Page[Person]:
    """Return people, the first created first."""
    query = _people().order_by(people.c.id).limit(limit + 1)
    if after is not None:
        query = query.where(people.c.id > after[0])
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return page_of([_person(row) for row in rows], limit, lambda person: (person.id,))


async def get(database: Database, person_id: UUID) -> Person:
    """Return a person.

    Raises:
        ProblemError: 404.
    """
    async with database.read() as connection:
        return await _stored(connection, person_id)


async def create(database: Database, principal: Principal, form: NewPerson) -> Person:
    """Create a person, who signs in by a link.

    Raises:
        ProblemError: 422 for an administrator who is bound to a brand.
    """
    _require_unbound_admin(form.role, form.brand)
    person_id = new_id()
    async with database.write() as connection:
        brand_id = None if form.brand is None else await brands.find_or_create(connection, principal, form.brand)
        row = {"id": person_id, "name": form.name, "role": form.role, "brand_id": brand_id}
        await connection.execute(insert(people).values(row).returning(people.c.id))
        audit.about(person_id, brand=brand_id)
        return await _stored(connection, person_id)


async def patch(database: Database, devices: DeviceStore, principal: Principal, person_id: UUID, form: PersonPatch) -> Person:
    """Change a person, at once in this process and within two seconds in others.

    Raises:
        ProblemError: 404; 409 if no person would be left who administers; 422 for an administrator who is bound to a brand.
    """
    changes = form.changes()
    try:
        async with database.write() as connection:
            others = await _other_administrators(connection, person_id)
            stored = await _stored(connection, person_id, lock=True)
            changed = stored.model_copy(update=changes)
            _require_unbound_admin(changed.role, changed.brand)
            if _administers(stored) and not _administers(changed):
                _require_administrator(principal, others)
            if "brand" in changes:
                slug = changes.pop("brand")
                changes["brand_id"] = None if slug is None else await brands.find_or_create(connection, principal, slug)
            if changes:
                await connection.execute(update(people).where(people.c.id == person_id).values(changes))
            if not changed.active:
                await _sign_out(connection, person_id)
                await connection.execute(delete(sign_in_links).where(sign_in_links.c.person_id == person_id))
            audit.about(brand=changes.get("brand_id"))
            return await _stored(connection, person_id)
    finally:
        devices.forget()


async def remove(database: Database, devices: DeviceStore, principal: Principal, person_id: UUID) -> None:
    """Delete a person with their devices and links; what they did keeps their name in the audit log.

    Raises:
        ProblemError: 404; 409 if no person would be left who administers.
    """
    try:
        async with database.write() as connection:
            others = await _other_administrators(connection, person_id)
            stored = await _stored(connection, person_id, lock=True)
            if _administers(stored):
                _require_administrator(principal, others)
            deleted = delete(people).where(people.c.id == person_id).returning(people.c.brand_id)
            audit.about(brand=(await connection.execute(deleted)).scalar_one())
    finally:
        devices.forget()


async def create_link(database: Database, person_id: UUID, now: datetime) -> tuple[str, datetime]:
    """Return the secret of a new sign-in link, which cannot be read again, and when it expires.

    Raises:
        ProblemError: 404; 409 for a person who is not active.
    """
    secret, expires_at = new_secret("tli_"), now + LINK_VALID
    links = select(sign_in_links.c.secret_hash).where(sign_in_links.c.person_id == person_id)
    surplus = links.order_by(sign_in_links.c.expires_at.desc()).offset(_MOST_LINKS - 1)
    async with database.write() as connection:
        if not (await _stored(connection, person_id, lock=True)).active:
            raise ProblemError(409, "the person is not active", code="person_inactive")
        await connection.execute(delete(sign_in_links).where(sign_in_links.c.secret_hash.in_(surplus.scalar_subquery())))
        row = {"secret_hash": hash_of(secret), "person_id": person_id, "expires_at": expires_at}
        await connection.execute(insert(sign_in_links).values(row))
        audit.about(person_id)
    return secret, expires_at


async def devices_of(database: Database, principal: Principal, person_id: UUID, since: datetime) -> list[Device]:
    """Return the devices of a person that were used after `since`, the latest used first.

    Raises:
        ProblemError: 404.
    """
    query = select(device_rows).where(device_rows.c.person_id == person_id, device_rows.c.last_seen_at > since)
    async with database.read() as connection:
        await _stored(connection, person_id)
        rows = (await connection.execute(query.order_by(device_rows.c.last_seen_at.desc(), device_rows.c.id))).all()
    return [Device(**_columns(row), current=row.id == principal.device) for row in rows]


def _columns(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "user_agent", "created_at", "last_seen_at")}


async def sign_out(database: Database, devices: DeviceStore, person_id: UUID, device: UUID | None = None) -> None:
    """Sign a device of a person out, or all of them.

    Raises:
        ProblemError: 404 for the person, and for a device that is not theirs.
    """
    try:
        async with database.write() as connection:
            await _stored(connection, person_id)
            if not await _sign_out(connection, person_id, device) and device is not None:
                raise not_found("device")
    finally:
        devices.forget()


async def _sign_out(connection: AsyncConnection, person_id: UUID, device: UUID | None = None) -> Sequence[UUID]:
    statement = delete(device_rows).where(device_rows.c.person_id == person_id)
    if device is not None:
        statement = statement.where(device_rows.c.id == device)
    return (await connection.execute(statement.returning(device_rows.c.id))).scalars().all()


async def _stored(connection: AsyncConnection, person_id: UUID, *, lock: bool = False) -> Person:
    query = _people().where(people.c.id == person_id)
    row = (await connection.execute(query.with_for_update(of=people) if lock else query)).one_or_none()
    if row is None:
        raise not_found("person")
    return _person(row)


def _require_unbound_admin(role: PersonRole, brand: str | None) -> None:
    if role == "admin" and brand is not None:
        # As of keys: an administrator can create people of every brand, so a binding would have no effect.
        raise invalid("/brand", "an administrator cannot be bound to a brand", "admin_brand")


def _administers(person: Person) -> bool:
    return person.active and person.role == "admin"


async def _other_administrators(connection: AsyncConnection, person_id: UUID) -> int:
    """Return how many other people administer, and keep it so until the commit: two may not remove each other at once."""
    query = select(people.c.id).where(people.c.role == "admin", people.c.active).order_by(people.c.id).with_for_update()
    return sum(id != person_id for id in (await connection.execute(query)).scalars())


def _require_administrator(principal: Principal, others: int) -> None:
    # A key of role admin, and the command, can always make another administrator.
    if principal.kind == "person" and not others:
        raise ProblemError(409, "another person must be an administrator first", code="last_administrator")
