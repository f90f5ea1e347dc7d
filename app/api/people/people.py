"""Routes of people, their sign-in links and devices.

In: requests of administrators. Out: people; a sign-in link once. Never here: rules, SQL.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict

from app.api.access.authorization import Admin, AppService, Reader, external_url
from app.api.conventions.paging import Paging, encode
from app.catalogue.access import Role
from app.catalogue.callers import people
from app.catalogue.callers.devices import UNUSED
from app.catalogue.callers.people import Device, NewPerson, Person, PersonPatch
from app.problems import ProblemError, not_found, responses

router = APIRouter(prefix="/v1/people", tags=["people"])


class PersonList(BaseModel):
    """A page of people."""

    people: list[Person]
    next_cursor: str | None


class DeviceList(BaseModel):
    """The devices of a person."""

    devices: list[Device]


class SignInLink(BaseModel):
    """A link that signs a browser in once."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"url": "https://tally.example/#/sign-in/tli_…", "expires_at": "2021-09-28T05:00:00Z"}}
    )

    url: str
    expires_at: datetime


async def person_uuid(person: str) -> UUID:
    """Return the person's id. Text that is not an id names no one: 404."""
    return _uuid(person, "person")


async def device_uuid(device: str) -> UUID:
    """Return the device's id; 404 as above."""
    return _uuid(device, "device")


def _uuid(text: str, what: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise not_found(what) from None


PersonId = Annotated[UUID, Depends(person_uuid)]
DeviceId = Annotated[UUID, Depends(device_uuid)]


async def require_own(caller: Reader, person: PersonId) -> UUID:
    """Return the person's id for administrators and for the person.

    Raises:
        ProblemError: 403 for all others.
    """
    if caller.role is not Role.ADMIN and caller.reference != f"person:{person}":
        raise ProblemError(403, "only an administrator may do this for another person")
    return person


OwnPersonId = Annotated[UUID, Depends(require_own)]


@router.get("", operation_id="list_people", summary="List people", responses=responses(401, 403, 422))
async def list_people(service: AppService, caller: Admin, paging: Paging) -> PersonList:
    """Return all people, also those who are not active, the first created first."""
    del caller
    page = await people.listing(service.database, after=paging.after(UUID), limit=paging.limit)
    return PersonList(people=page.items, next_cursor=encode(page.next))


@router.post(
    "", status_code=201, operation_id="create_person", summary="Create a person", responses=responses(400, 401, 403, 422)
)
async def create_person(service: AppService, caller: Admin, form: NewPerson) -> Person:
    """Create a person, who signs in by a link (`POST …/sign-in-links`). There are no passwords."""
    return await people.create(service.database, caller, form)


@router.get("/{person}", operation_id="get_person", summary="Get a person", responses=responses(401, 403, 404))
async def get_person(service: AppService, caller: Admin, person: PersonId) -> Person:
    """Return a person."""
    del caller
    return await people.get(service.database, person)


@router.patch("/{person}", operation_id="update_person", summary="Change a person", responses=responses(401, 403, 404, 409, 422))
async def update_person(service: AppService, caller: Admin, person: PersonId, form: PersonPatch) -> Person:
    """Change name, role, brand, or whether the person is active.

    It acts at once, also for browsers that are signed in; in other server processes within two seconds.
    """
    return await people.patch(service.database, service.devices, caller, person, form)


@router.delete(
    "/{person}", status_code=204, operation_id="delete_person", summary="Delete a person", responses=responses(401, 403, 404, 409)
)
async def delete_person(service: AppService, caller: Admin, person: PersonId) -> None:
    """Delete a person with their devices and sign-in links. The audit log keeps the name."""
    await people.remove(service.database, service.devices, caller, person)


@router.post(
    "/{person}/sign-in-links",
    status_code=201,
    operation_id="create_sign_in_link",
    summary="Create a sign-in link",
    responses=responses(401, 403, 404, 409),
)
async def create_sign_in_link(request: Request, service: AppService, caller: Admin, person: PersonId) -> SignInLink:
    """Return a link that signs one browser in, once, within 72 hours. `url` is returned only here.

    The secret stands in the fragment of the URL, which browsers do not send.
    """
    del caller
    secret, expires_at = await people.create_link(service.database, person, datetime.now(UTC))
    return SignInLink(url=f"{external_url(request)}/#/sign-in/{secret}", expires_at=expires_at)


@router.get(
    "/{person}/devices", operation_id="list_devices", summary="List a person's devices", responses=responses(401, 403, 404)
)
async def list_devices(service: AppService, caller: Reader, person: OwnPersonId) -> DeviceList:
    """Return the browsers that are signed in, the latest used first. A person may read their own."""
    return DeviceList(devices=await people.devices_of(service.database, caller, person, datetime.now(UTC) - UNUSED))


@router.delete(
    "/{person}/devices", status_code=204, operation_id="sign_out_devices", summary="Sign all devices out",
    responses=responses(401, 403, 404),
)  # fmt: skip
async def sign_out_devices(service: AppService, caller: Reader, person: OwnPersonId) -> None:
    """Sign all browsers of a person out, at once. A person may do it for themselves."""
    del caller
    await people.sign_out(service.database, service.devices, person)


@router.delete(
    "/{person}/devices/{device}", status_code=204, operation_id="sign_out_device", summary="Sign a device out",
    responses=responses(401, 403, 404),
)  # fmt: skip
async def sign_out_device(service: AppService, caller: Reader, person: OwnPersonId, device: DeviceId) -> None:
    """Sign a browser out, at once. A person may do it for themselves."""
    del caller
    await people.sign_out(service.database, service.devices, person, device)
