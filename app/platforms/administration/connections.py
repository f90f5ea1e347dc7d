"""Administration of connections: create, list, change, delete.

In: request models. Out: response models. Never here: a secret in a response or an error, a platform's rules (the adapter's
`check` has them).
"""

import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Row, Select, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.adapters.protocol import Adapter, Coverage
from app.adapters.registry import ADAPTERS
from app.adapters.validation import Misconfigured
from app.catalogue.access import Principal
from app.catalogue.brands import brands as brand_rows
from app.catalogue.ids import new_id
from app.catalogue.pages import Page, page_of
from app.ingest.flushing.subjects import parse_subject
from app.platforms.administration.models import Connection, ConnectionCounts, ConnectionPatch, NewConnection
from app.platforms.calls.outbound import objection
from app.platforms.connection_counters import coded_error
from app.platforms.credentials.connection_cache import Secrets, decrypt_secrets, token_required
from app.platforms.credentials.encryption import SecretCipher, UnreadableError
from app.platforms.credentials.secret_rotation import PREVIOUS, end_of_previous, expiry_given, merged_secrets, without_expired
from app.platforms.runtime import PlatformRuntime
from app.problems import FieldError, ProblemError, invalid, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.queries import queries
from app.storage.tables import brands, connections, deliveries, sessions

_SQL = queries("platforms/platforms")
POLLED = frozenset({"wechat_live", "weibo_counts"})
"""Kinds that receive no webhooks."""


@dataclass(frozen=True, slots=True)
class ConnectionAdmin:
    """The dependencies of these functions."""

    database: Database
    platforms: PlatformRuntime
    base_url: str
    """Base of the webhook URLs, without a trailing slash."""
    now: datetime
    """The moment of the request."""


def _new_token() -> str:
    return random.token_urlsafe(24)


def _encrypted(cipher: SecretCipher, secrets: Secrets) -> bytes:
    return cipher.encrypt(
        to_json({"secrets": secrets.values, "url_token": secrets.url_token, "token_in_url": secrets.token_in_url})
    )


def _adapter(kind: str) -> Adapter:
    adapter = ADAPTERS.get(kind)
    if adapter is None:
        raise invalid("/kind", f"is none of {', '.join(sorted(ADAPTERS))}", "literal_error", expected=", ".join(sorted(ADAPTERS)))
    return adapter


def refused(error: Misconfigured) -> ProblemError:
    """Return the 422 that names each wrong field."""
    faults = [
        FieldError(pointer=fault.pointer, detail=fault.detail, code=fault.code, params=dict(fault.params))
        for fault in error.faults
    ]
    return ProblemError(422, "the input is not valid", errors=faults)


def _check_address(admin: ConnectionAdmin, options: Mapping[str, Any]) -> None:
    base = options.get("api_base")
    # The adapter refuses what is no text.
    found = objection(admin.platforms.reachable, base) if isinstance(base, str) else None
    if found is not None:
        raise invalid("/options/api_base", found)


async def _check(
    connection: AsyncConnection, adapter: Adapter, secrets: Mapping[str, str], options: Mapping[str, Any], brand_id: UUID | None
) -> None:
    try:
        adapter.check(secrets, options)
    except Misconfigured as error:
        raise refused(error) from None
    tied = options.get("session")
    if tied is None:
        return
    subject = parse_subject(tied)
    if subject is None:
        raise invalid("/options/session", "must be a session's id, or platform:room of one of its streams", "session_reference")
    if isinstance(subject, UUID):
        owner = await connection.scalar(select(sessions.c.brand_id).where(sessions.c.id == subject))
        if owner is None or brand_id not in {None, owner}:
            raise invalid("/options/session", "no such session of this brand", "session_of_brand")


def _query() -> Select[Any]:
    pending = (
        select(func.count())
        .where(deliveries.c.connection_id == connections.c.id, deliveries.c.settled_at.is_(None))
        .correlate(connections)
        .scalar_subquery()
    )
    return select(connections, brands.c.slug, pending.label("pending")).outerjoin(brands, brands.c.id == connections.c.brand_id)


def _record(row: Row[Any], admin: ConnectionAdmin) -> Connection:
    adapter = ADAPTERS[row.kind]
    covers: Coverage | None
    url: str | None = f"{admin.base_url}/v1/webhooks/{row.id}"
    try:
        secrets = decrypt_secrets(admin.platforms.cipher, row.sealed)
        names = sorted(without_expired(secrets.values, row.previous_secret_until, admin.now))
        covers = adapter.signature_covers(secrets.values, row.options)
        if token_required(adapter, secrets, row.options):
            url = f"{url}/{secrets.url_token}"
    except UnreadableError:
        # Encrypted with a key that is not configured: the list must still work, and the administrator enters the secrets again.
        names, url, covers = [], None, None
    code, reason = coded_error(row.last_error)
    return Connection(
        id=row.id,
        kind=row.kind,
        name=row.name,
        brand=row.slug,
        options=row.options,
        enabled=row.enabled,
        secrets_set=names,
        previous_secret_expires_at=row.previous_secret_until if PREVIOUS in names else None,
        webhook_url=None if row.kind in POLLED else url,
        signature_covers=None if row.kind in POLLED else covers,
        created_at=row.created_at,
        last_delivery_at=row.last_delivery_at,
        last_error=reason,
        last_error_code=code,
        last_error_at=row.last_error_at,
        counts=ConnectionCounts(
            deliveries=row.deliveries,
            duplicates=row.duplicates,
            refused=row.refused,
            events=row.events,
            dead_letters=row.letters,
            pending=row.pending,
        ),
    )


async def create(admin: ConnectionAdmin, principal: Principal, form: NewConnection) -> Connection:
    """Store a connection.

    Raises:
        ProblemError: 422 with a pointer per wrong field.
    """
    adapter = _adapter(form.kind)
    connection_id = new_id()
    async with admin.database.write() as connection:
        brand_id = await brand_rows.find_or_create(connection, principal, form.brand) if form.brand else None
        await _check(connection, adapter, form.secrets, form.options, brand_id)
        _check_address(admin, form.options)
        values = {name: value for name, value in form.secrets.items() if value}
        row = form.model_dump(include={"kind", "name", "options", "enabled"})
        sealed = _encrypted(admin.platforms.cipher, _new_secrets(adapter, values, form.options))
        await connection.execute(insert(connections).values(id=connection_id, brand_id=brand_id, sealed=sealed, **row))
        audit.about(connection_id, brand=brand_id)
    return await get(admin, connection_id)


async def get(admin: ConnectionAdmin, connection_id: UUID) -> Connection:
    """Return a connection with its current state.

    Raises:
        ProblemError: 404.
    """
    await admin.platforms.counters.write()
    async with admin.database.read() as connection:
        row = (await connection.execute(_query().where(connections.c.id == connection_id))).one_or_none()
    if row is None:
        raise not_found("connection")
    return _record(row, admin)


async def listing(admin: ConnectionAdmin, *, after: tuple[datetime, UUID] | None, limit: int) -> Page[Connection]:
    """Return connections, the newest first."""
    await admin.platforms.counters.write()
    query = _query().order_by(connections.c.created_at.desc(), connections.c.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(connections.c.created_at, connections.c.id) < tuple_(*after))
    async with admin.database.read() as connection:
        rows = (await connection.execute(query)).all()
    return page_of([_record(row, admin) for row in rows], limit, lambda found: (found.created_at, found.id))


async def patch(admin: ConnectionAdmin, connection_id: UUID, form: ConnectionPatch) -> Connection:
    """Change a connection; other processes use the change within two seconds.

    Raises:
        ProblemError: 404; 422 with a pointer per wrong field; 409 if its secrets cannot be decrypted and the request has none.
    """
    changes = form.changes()
    async with admin.database.write() as connection:
        query = select(connections).where(connections.c.id == connection_id).with_for_update()
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise not_found("connection")
        audit.about(brand=row.brand_id)
        adapter = _adapter(row.kind)
        opened = _opened(admin.platforms.cipher, row.sealed, given="secrets" in changes)
        known = {secret.name for secret in adapter.SECRETS}
        old = without_expired(opened.values if opened else {}, row.previous_secret_until, admin.now)
        values = merged_secrets(known, old, changes.pop("secrets", None) or {})
        until = end_of_previous((old, row.previous_secret_until), values, expiry_given(changes), admin.now)
        options = changes.get("options", row.options)
        await _check(connection, adapter, values, options, row.brand_id)
        # An address that the setting no longer permits must not prevent other changes: calls to it are refused.
        _check_address(admin, changes.get("options", {}))
        rotate = changes.pop("rotate_url", False)
        sealed = _changed_secrets(adapter, opened, row.options, values, options, rotate=rotate)
        changed = {**changes, "sealed": _encrypted(admin.platforms.cipher, sealed)}
        # After a change of a secret or an address, calls are tried again at once.
        changed |= {"previous_secret_until": until, "quiet_until": None, "refusals": 0, "polled_at": None}
        await connection.execute(update(connections).where(connections.c.id == connection_id).values(changed))
    admin.platforms.connection_cache.invalidate(connection_id)
    return await get(admin, connection_id)


def _opened(cipher: SecretCipher, sealed: bytes, *, given: bool) -> Secrets | None:
    try:
        return decrypt_secrets(cipher, sealed)
    except UnreadableError:
        if given:
            return None
        raise ProblemError(
            409, "the secrets were encrypted with another secret key: send all of them again", code="secret_key_changed"
        ) from None


def _new_secrets(adapter: Adapter, values: dict[str, str], options: Mapping[str, Any]) -> Secrets:
    # Where a signature covers little, a captured one must not be enough: the URL is a secret too.
    return Secrets(values, _new_token(), token_in_url=adapter.signature_covers(values, options) != "body")


def _changed_secrets(
    adapter: Adapter,
    opened: Secrets | None,
    old_options: Mapping[str, Any],
    values: dict[str, str],
    options: Mapping[str, Any],
    *,
    rotate: bool,
) -> Secrets:
    if opened is None:
        return _new_secrets(adapter, values, options)
    if rotate:
        return Secrets(values, _new_token(), token_in_url=True)
    # A signature that no longer covers the body is no longer enough: the URL becomes a secret, as that of a new connection.
    before, after = adapter.signature_covers(opened.values, old_options), adapter.signature_covers(values, options)
    weaker = before == "body" and after != "body"
    return replace(opened, values=values, token_in_url=opened.token_in_url or weaker)


async def remove(admin: ConnectionAdmin, connection_id: UUID) -> None:
    """Delete a connection with its secrets and raw deliveries; its events stay.

    Raises:
        ProblemError: 404.
    """
    async with admin.database.write() as connection:
        statement = delete(connections).where(connections.c.id == connection_id).returning(connections.c.brand_id)
        row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise not_found("connection")
        audit.about(brand=row.brand_id)
        await connection.execute(delete(deliveries).where(deliveries.c.connection_id == connection_id))
    admin.platforms.connection_cache.invalidate(connection_id)
