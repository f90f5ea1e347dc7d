"""Administration of channels: create, list, change, delete.

In: request models. Out: response models. Never here: a secret in a response or an error, requests to receivers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json
from sqlalchemy import Row, Select, case, delete, func, literal_column, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from app.catalogue.access import Principal
from app.catalogue.brands import brands as brand_rows
from app.catalogue.ids import new_id
from app.catalogue.pages import Page, page_of
from app.channels.kinds.protocol import Kind
from app.channels.kinds.registry import KINDS
from app.channels.models import Channel, ChannelCounts, ChannelPatch, NewChannel
from app.platforms.calls.outbound import AllowList, objection
from app.platforms.credentials.encryption import SecretCipher, UnreadableError
from app.platforms.credentials.secret_rotation import PREVIOUS, end_of_previous, expiry_given, merged_secrets, without_expired
from app.problems import FieldError, ProblemError, not_found, pointer_of, rule_params
from app.storage import audit
from app.storage.database import Database
from app.storage.tables import brands, channel_deliveries as deliveries, channels


@dataclass(frozen=True, slots=True)
class ChannelAdmin:
    """The dependencies of these functions."""

    database: Database
    cipher: SecretCipher
    reachable: AllowList
    now: datetime
    """The moment of the request."""


def _errors(model: type[BaseModel], values: Mapping[str, Any], root: str) -> list[FieldError]:
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    else:
        return []
    return [
        FieldError(
            pointer=pointer_of((root, *one["loc"], *([one["ctx"]["member"]] if "member" in one.get("ctx", {}) else []))),
            detail=one["msg"], code=one["type"], params=rule_params(one.get("ctx")),
        )
        for one in found
    ]  # fmt: skip


def _address_error(allow: AllowList, pointer: str, url: object) -> list[FieldError]:
    if not isinstance(url, str):
        return []
    if (found := objection(allow, url)) is not None:
        return [FieldError(pointer=pointer, detail=found, code="address")]
    if urlsplit(url).scheme == "http" and not allow.lists(urlsplit(url).hostname or ""):
        # The address is a secret, and the message may hold figures of a brand.
        return [FieldError(pointer=pointer, detail="must begin with https", code="https")]
    return []


def _check(admin: ChannelAdmin, kind: Kind, secrets: Mapping[str, str], options: Mapping[str, Any]) -> None:
    errors = _errors(kind.SECRETS, secrets, "secrets") + _errors(kind.OPTIONS, options, "options")
    if not errors:
        errors += _address_error(admin.reachable, "/secrets/url", secrets.get("url"))
        errors += _address_error(admin.reachable, "/options/api_base", options.get("api_base"))
    if errors:
        raise ProblemError(422, "the input is not valid", errors=errors)


def opened(cipher: SecretCipher, sealed: bytes) -> dict[str, str]:
    """Decrypt the secrets of a channel.

    Raises:
        UnreadableError: they were encrypted with another secret key.
    """
    secrets: dict[str, str] = from_json(cipher.decrypt(sealed))
    return secrets


async def create(admin: ChannelAdmin, principal: Principal, form: NewChannel) -> Channel:
    """Store a channel.

    Raises:
        ProblemError: 422 with a pointer per wrong field.
    """
    kind = KINDS[form.kind]
    secrets = {name: value for name, value in form.secrets.items() if value}
    _check(admin, kind, secrets, form.options)
    channel_id = new_id()
    async with admin.database.write() as connection:
        brand_id = await brand_rows.find_or_create(connection, principal, form.brand) if form.brand else None
        row = form.model_dump(include={"kind", "name", "lang", "options", "enabled"})
        row |= {"events": _distinct(form.events), "target": kind.target(secrets, form.options)}
        await connection.execute(
            insert(channels).values(id=channel_id, brand_id=brand_id, sealed=admin.cipher.encrypt(to_json(secrets)), **row)
        )
        audit.about(channel_id, brand=brand_id)
    return await get(admin, channel_id)


def _distinct(events: list[Any]) -> list[Any]:
    return list(dict.fromkeys(events))


def _query() -> Select[Any]:
    state = deliveries.c.state
    counts = (
        select(
            deliveries.c.channel_id,
            *(func.count(case((state == name, 1))).label(name) for name in ("queued", "sent", "failed")),
            func.max(deliveries.c.sent_at).label("last_sent_at"),
        )
        .group_by(deliveries.c.channel_id)
        .subquery()
    )
    error = (
        select(case((state.in_(("failed", "queued")), deliveries.c.error)))
        .where(deliveries.c.channel_id == channels.c.id, deliveries.c.attempts > 0)
        .order_by(deliveries.c.position.desc())
        .limit(1)
        .correlate(channels)
        .scalar_subquery()
    )
    columns = (channels, brands.c.slug, counts.c.queued, counts.c.sent, counts.c.failed, counts.c.last_sent_at)
    return (
        select(*columns, error.label("last_error"), literal_column("now()").label("now"))
        .outerjoin(brands, brands.c.id == channels.c.brand_id)
        .outerjoin(counts, counts.c.channel_id == channels.c.id)
    )


def _record(row: Row[Any], admin: ChannelAdmin) -> Channel:
    try:
        names = sorted(without_expired(opened(admin.cipher, row.sealed), row.previous_secret_until, admin.now))
    except UnreadableError:
        # The list must still work, and the administrator enters the secrets again.
        names = []
    paused = row.paused_until if row.paused_until is not None and row.paused_until > row.now else None
    return Channel(
        id=row.id, name=row.name, kind=row.kind, brand=row.slug, events=row.events, lang=row.lang, options=row.options,
        enabled=row.enabled, secrets_set=names,
        previous_secret_expires_at=row.previous_secret_until if PREVIOUS in names else None,
        target=row.target, created_at=row.created_at, last_sent_at=row.last_sent_at,
        last_error=row.last_error, paused_until=paused,
        counts=ChannelCounts(queued=row.queued or 0, sent=row.sent or 0, failed=row.failed or 0),
    )  # fmt: skip


async def get(admin: ChannelAdmin, channel_id: UUID) -> Channel:
    """Return a channel with its state.

    Raises:
        ProblemError: 404.
    """
    async with admin.database.read() as connection:
        row = (await connection.execute(_query().where(channels.c.id == channel_id))).one_or_none()
    if row is None:
        raise not_found("channel")
    return _record(row, admin)


async def listing(admin: ChannelAdmin, *, after: tuple[datetime, UUID] | None, limit: int) -> Page[Channel]:
    """Return channels, the newest first."""
    query = _query().order_by(channels.c.created_at.desc(), channels.c.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(channels.c.created_at, channels.c.id) < tuple_(*after))
    async with admin.database.read() as connection:
        rows = (await connection.execute(query)).all()
    return page_of([_record(row, admin) for row in rows], limit, lambda found: (found.created_at, found.id))


async def patch(admin: ChannelAdmin, channel_id: UUID, form: ChannelPatch) -> Channel:
    """Change a channel; what waits is sent to its new receiver.

    Raises:
        ProblemError: 404; 422 with a pointer per wrong field; 409 if its secrets cannot be decrypted and the request has none.
    """
    changes = form.changes()
    async with admin.database.write() as connection:
        row = (await connection.execute(select(channels).where(channels.c.id == channel_id).with_for_update())).one_or_none()
        if row is None:
            raise not_found("channel")
        audit.about(brand=row.brand_id)
        kind = KINDS[row.kind]
        given, expiry = changes.pop("secrets", None), expiry_given(changes)
        if given is not None or expiry is not None or "options" in changes:
            present = _present(admin.cipher, row.sealed, given=given is not None)
            old = without_expired(present, row.previous_secret_until, admin.now)
            secrets = merged_secrets(kind.SECRETS.model_fields, old, given or {})
            changes["previous_secret_until"] = end_of_previous((old, row.previous_secret_until), secrets, expiry, admin.now)
            options = changes.get("options", row.options)
            _check(admin, kind, secrets, options)
            changes |= {"sealed": admin.cipher.encrypt(to_json(secrets)), "target": kind.target(secrets, options)}
            # The new receiver is tried at once.
            changes |= {"failures": 0, "paused_until": None}
        if "events" in changes:
            changes["events"] = _distinct(changes["events"])
        if changes:
            await connection.execute(update(channels).where(channels.c.id == channel_id).values(changes))
    return await get(admin, channel_id)


def _present(cipher: SecretCipher, sealed: bytes, *, given: bool) -> dict[str, str]:
    try:
        return opened(cipher, sealed)
    except UnreadableError:
        if given:
            return {}
        raise ProblemError(
            409, "the secrets were encrypted with another secret key: send all of them again", code="secret_key_changed"
        ) from None


async def remove(admin: ChannelAdmin, channel_id: UUID) -> None:
    """Delete a channel with its secrets and deliveries; what waits is not sent.

    Raises:
        ProblemError: 404.
    """
    async with admin.database.write() as connection:
        statement = delete(channels).where(channels.c.id == channel_id).returning(channels.c.brand_id)
        row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise not_found("channel")
        audit.about(brand=row.brand_id)
        await connection.execute(delete(deliveries).where(deliveries.c.channel_id == channel_id))
