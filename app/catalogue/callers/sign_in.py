"""Sign-in: a link, an API key or a share link becomes a device with a secret of its own.

In: a secret. Out: another one, for the cookie of one browser. Never here: cookies, passwords, which do not exist.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.catalogue.access import Role
from app.catalogue.callers.devices import LONGEST, DeviceStore, hash_of, new_secret
from app.catalogue.callers.key_store import ApiKeyStore
from app.catalogue.ids import new_id
from app.catalogue.models import RequestModel
from app.problems import ProblemError
from app.storage import audit
from app.storage.audit import Action
from app.storage.database import Connection, Database
from app.storage.queries import queries

_SQL = queries("catalogue/devices")
_MOST_DEVICES = {"person": 50, "key": 200, "guest": 5000}
"""Devices of one owner; one more signs the one out that was unused longest."""
_USER_AGENT = 200


class SignIn(RequestModel):
    """What to sign in with: exactly one of the three."""

    model_config = ConfigDict(json_schema_extra={"example": {"token": "tli_…"}})

    token: str | None = Field(default=None, max_length=LONGEST, description="the secret of a sign-in link; it is used up")
    key: str | None = Field(default=None, max_length=200, description="an API key")
    share: str | None = Field(default=None, max_length=LONGEST, description="the secret of a share link")

    @model_validator(mode="after")
    def _one(self) -> "SignIn":
        if sum(value is not None for value in (self.token, self.key, self.share)) != 1:
            raise PydanticCustomError("one_of", "send exactly one of token, key and share")
        return self


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a sign-in comes from."""

    user_agent: str | None
    former: str | None
    """The secret of the cookie that the browser has now; its device is signed out."""
    action: Action
    """The action of the audit log, whose actor is known once the secret is verified."""


@dataclass(frozen=True, slots=True)
class _Owner:
    kind: str
    id: UUID | str
    name: str | None = None
    brand_id: UUID | None = None

    def of(self, kind: str) -> UUID | str | None:
        return self.id if self.kind == kind else None


async def sign_in(
    database: Database, keys: ApiKeyStore, devices: DeviceStore, form: SignIn, browser: Browser, now: datetime
) -> str:
    """Return the secret of a new device. It is never one that existed before the sign-in.

    Raises:
        ProblemError: 401 for a secret that is wrong, used, expired or revoked; 403 for a key that only sends events.
    """
    key = None if form.key is None else await _key_owner(keys, form.key)
    secret, device = new_secret("tlc_"), new_id()
    async with database.transaction() as connection:
        owner = key or await _owner(connection, form, now)
        if owner is None:
            raise _refused()
        if owner.kind != "guest":
            actor = replace(browser.action.actor, kind=owner.kind, id=str(owner.id), name=owner.name, brand_id=owner.brand_id)
            audit.begin(replace(browser.action, actor=actor, object_id=str(device), brand_id=owner.brand_id))
        if browser.former is not None:
            await connection.execute(_SQL["leave"], hash_of(browser.former))
        owners = (owner.of("person"), owner.of("key"), owner.of("guest"))
        agent = None if browser.user_agent is None else browser.user_agent[:_USER_AGENT].replace("\0", "")
        await connection.execute(_SQL["insert"], device, hash_of(secret), *owners, agent, now)
        await connection.execute(_SQL["bound"], *owners, _MOST_DEVICES[owner.kind])
        if owner.kind == "person":
            await connection.execute(_SQL["note_person"], owner.id, now)
        elif owner.kind == "guest":
            await connection.execute(_SQL["note_share_link"], owner.id, now)
    devices.forget()
    return secret


async def sign_out(database: Database, devices: DeviceStore, secret: str) -> None:
    """Sign the device of a cookie out; a cookie without a device is signed out already."""
    try:
        async with database.transaction() as connection:
            await connection.execute(_SQL["leave"], hash_of(secret))
    finally:
        devices.forget()


async def _key_owner(keys: ApiKeyStore, key: str) -> _Owner:
    principal = await keys.principal(key)
    if principal is None:
        raise _refused()
    if principal.role is Role.INGEST:
        raise ProblemError(403, "a key of role ingest sends events and reads nothing")
    return _Owner("key", principal.id, principal.name, principal.brand_id)


async def _owner(connection: Connection, form: SignIn, now: datetime) -> _Owner | None:
    if form.token is not None:
        person_id = await connection.fetchval(_SQL["redeem"], hash_of(form.token), now)
        row = None if person_id is None else await connection.fetchrow(_SQL["person"], person_id)
        return None if row is None else _Owner("person", row["id"], row["name"], row["brand_id"])
    assert form.share is not None
    link = await connection.fetchval(_SQL["share_link"], hash_of(form.share), now)
    return None if link is None else _Owner("guest", link)


def _refused() -> ProblemError:
    # One answer for all: which secrets exist, or existed, is not told.
    return ProblemError(401, "the link or key is not valid: it was used, has expired or was revoked", code="sign_in_refused")
