"""Products of a brand: code, names, and the aliases that platforms use for them.

In: requests. Out: records; a change of aliases rebuilds the sessions concerned. Never here: changes of a code (events name
it), prices and stock (they belong to a session's line-up).
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete as sql_delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands import brands as brand_rows
from app.catalogue.ids import new_id
from app.catalogue.pages import Page, page_of
from app.catalogue.products.customs import Customs, stored
from app.catalogue.products.pending_rebuilds import Rebuild, add_pending, rebuild_sessions
from app.catalogue.products.product_models import NewProduct, Product, ProductPatch, StatedProduct
from app.problems import ProblemError, invalid, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.queries import queries
from app.storage.tables import brands, lineup, product_aliases, products, sessions


class _Ref(NamedTuple):
    id: UUID
    brand_id: UUID
    code: str


async def listing(
    database: Database,
    principal: Principal,
    *,
    brand: str | None,
    q: str | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Page[Product]:
    """Return products by code; `q` is part of the code, a name or an alias."""
    code, product_id = after or (None, None)
    async with database.acquire() as connection:
        rows = await connection.fetch(
            queries("catalogue/catalogue")["products_page"], principal.brand_id, brand, q, code, product_id, limit + 1
        )
    found = [
        Product(**dict(row) | {"names": json.loads(row["names"]), "customs": json.loads(row["customs"] or "null")})
        for row in rows
    ]
    return page_of(found, limit, lambda product: (product.code, product.id))


async def get(database: Database, principal: Principal, product_id: UUID) -> Product:
    """Return a product.

    Raises:
        ProblemError: 404.
    """
    query = select(products, brands.c.slug).join(brands, brands.c.id == products.c.brand_id)
    async with database.read() as connection:
        row = (await connection.execute(query.where(products.c.id == product_id))).one_or_none()
        if row is None or principal.brand_id not in {None, row.brand_id}:
            raise not_found("product")
        aliases = await _aliases_of(connection, product_id)
    return Product(
        id=row.id, brand=row.slug, code=row.code, names=row.names, aliases=sorted(aliases), customs=row.customs,
        created_at=row.created_at,
    )  # fmt: skip


async def create(database: Database, principal: Principal, form: NewProduct, rebuild: Rebuild) -> Product:
    """Create a product.

    Raises:
        ProblemError: 404 for another brand than the key's, 409 if the code or an alias is taken.
    """
    product_id = new_id()
    async with database.write() as connection:
        brand_id = await brand_of(connection, principal, form.brand)
        await brand_rows.lock(connection, brand_id)
        await _refuse_taken(connection, brand_id, [form.code])
        row = {
            "id": product_id,
            "brand_id": brand_id,
            "code": form.code,
            "names": dict(form.names),
            "customs": stored(form.customs),
        }
        await connection.execute(insert(products).values(row))
        audit.about(product_id, brand=brand_id)
        added = await _add_aliases(connection, _Ref(product_id, brand_id, form.code), form.aliases)
    await rebuild_sessions(database, brand_id, added, rebuild)
    return await get(database, principal, product_id)


async def patch(database: Database, principal: Principal, product_id: UUID, form: ProductPatch, rebuild: Rebuild) -> Product:
    """Change a product's names, aliases or customs data.

    Raises:
        ProblemError: 404; 409 if an alias belongs to another product.
    """
    changes = form.changes()
    keys: list[str] = []
    async with database.write() as connection:
        ref = await _locked(connection, principal, product_id)
        values = {name: changes[name] for name in ("names", "customs") if name in changes}
        if "customs" in values:
            values["customs"] = stored(form.customs)
        if values:
            await connection.execute(update(products).where(products.c.id == ref.id).values(values))
        if "aliases" in changes:
            wanted, found = set(form.aliases), await _aliases_of(connection, ref.id)
            keys += await _remove_aliases(connection, ref, sorted(found - wanted))
            # All aliases, not only the new ones: a request that is repeated after a crash completes the rebuilds.
            await _add_aliases(connection, ref, sorted(wanted - found))
            keys += sorted(wanted)
    await rebuild_sessions(database, ref.brand_id, keys, rebuild)
    return await get(database, principal, product_id)


async def state(connection: AsyncConnection, brand_id: UUID, form: NewProduct) -> StatedProduct:
    """Create a product, or complete it: what the form does not state stays, also of its names, aliases and customs data.

    The brand must be locked against concurrent changes of its aliases.

    Raises:
        ProblemError: 409 if the code or an alias is taken; what was written before is to be undone.
    """
    of_code = products.c.brand_id == brand_id, products.c.code == form.code
    row = (await connection.execute(select(products.c.id, products.c.names, products.c.customs).where(*of_code))).one_or_none()
    product_id = new_id() if row is None else row.id
    before: tuple[dict[str, str], dict[str, Any] | None] = ({}, None) if row is None else (row.names, row.customs)
    named = {} if form.customs is None else form.customs.model_dump(exclude_none=True)
    after = {**before[0], **form.names}, stored(Customs.model_validate({**(before[1] or {}), **named}))
    if row is None:
        await _refuse_taken(connection, brand_id, [form.code])
        created = {"id": product_id, "brand_id": brand_id, "code": form.code, "names": after[0], "customs": after[1]}
        await connection.execute(insert(products).values(created))
    elif after != before:
        await connection.execute(update(products).where(*of_code).values(names=after[0], customs=after[1]))
    new = sorted(set(form.aliases) - await _aliases_of(connection, product_id))
    added = await _add_aliases(connection, _Ref(product_id, brand_id, form.code), new)
    return StatedProduct(row is None, row is None or after != before or bool(added), added)


async def delete(database: Database, principal: Principal, product_id: UUID, rebuild: Rebuild) -> None:
    """Delete a product and its aliases; line-ups keep its code.

    Raises:
        ProblemError: 404.
    """
    async with database.write() as connection:
        ref = await _locked(connection, principal, product_id)
        keys = await _remove_aliases(connection, ref, sorted(await _aliases_of(connection, ref.id)))
        await connection.execute(sql_delete(products).where(products.c.id == ref.id))
    await rebuild_sessions(database, ref.brand_id, keys, rebuild)


async def put_alias(database: Database, principal: Principal, product_id: UUID, alias: str, rebuild: Rebuild) -> Product:
    """Assign an alias to this product, also for past events. The request can be repeated.

    Raises:
        ProblemError: 404; 409 if the alias belongs to another product or is a code.
    """
    async with database.write() as connection:
        ref = await _locked(connection, principal, product_id)
        if alias not in await _aliases_of(connection, ref.id):
            await _add_aliases(connection, ref, [alias])
    await rebuild_sessions(database, ref.brand_id, [alias], rebuild)
    return await get(database, principal, product_id)


async def delete_alias(database: Database, principal: Principal, product_id: UUID, alias: str, rebuild: Rebuild) -> Product:
    """Remove an alias; its events count for a product of that code again.

    Raises:
        ProblemError: 404 for the product or the alias.
    """
    async with database.write() as connection:
        ref = await _locked(connection, principal, product_id)
        if alias not in await _aliases_of(connection, ref.id):
            raise not_found("alias")
        keys = await _remove_aliases(connection, ref, [alias])
    await rebuild_sessions(database, ref.brand_id, keys, rebuild)
    return await get(database, principal, product_id)


async def brand_of(connection: AsyncConnection, principal: Principal, slug: str | None) -> UUID:
    """Return the brand that a request names, or the brand of the key.

    Raises:
        ProblemError: 404 for another brand than the key's, 422 without a brand.
    """
    if slug is not None:
        return await brand_rows.find_or_create(connection, principal, slug)
    if principal.brand_id is None:
        raise invalid("/brand", "name the brand; this key is not bound to one", "brand_needed")
    return principal.brand_id


async def codes_of(connection: AsyncConnection, brand_id: UUID, named: Sequence[str]) -> list[str]:
    """Return the product codes of codes or aliases; an unknown code becomes a product.

    The brand must be locked against concurrent changes of its aliases.
    """
    query = (
        select(product_aliases.c.alias, products.c.code)
        .join(products, products.c.id == product_aliases.c.product_id)
        .where(product_aliases.c.brand_id == brand_id, product_aliases.c.alias.in_(named))
    )
    aliases = {row.alias: row.code for row in (await connection.execute(query)).all()}
    codes = [aliases.get(name, name) for name in named]
    new = [{"id": new_id(), "brand_id": brand_id, "code": code} for code in sorted(set(codes))]
    if new:
        await connection.execute(insert(products).on_conflict_do_nothing(), new)
    return codes


async def _locked(connection: AsyncConnection, principal: Principal, product_id: UUID) -> _Ref:
    query = select(products.c.id, products.c.brand_id, products.c.code).where(products.c.id == product_id)
    if principal.brand_id is not None:
        query = query.where(products.c.brand_id == principal.brand_id)
    row = (await connection.execute(query)).one_or_none()
    if row is not None:
        await brand_rows.lock(connection, row.brand_id)
        # Read again under the lock: it may have been deleted.
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise not_found("product")
    audit.about(brand=row.brand_id)
    return _Ref(row.id, row.brand_id, row.code)


async def _aliases_of(connection: AsyncConnection, product_id: UUID) -> set[str]:
    query = select(product_aliases.c.alias).where(product_aliases.c.product_id == product_id)
    return set((await connection.scalars(query)).all())


async def _refuse_taken(connection: AsyncConnection, brand_id: UUID, named: Sequence[str]) -> None:
    for column, owner, what in (
        (products.c.code, products.c.brand_id, "code"),
        (product_aliases.c.alias, product_aliases.c.brand_id, "alias"),
    ):
        taken = (await connection.scalars(select(column).where(owner == brand_id, column.in_(named)).limit(1))).first()
        if taken is not None:
            raise ProblemError(
                409, f"{json.dumps(taken, ensure_ascii=False)} is the {what} of a product of this brand", code="already_exists"
            )


async def _add_aliases(connection: AsyncConnection, ref: _Ref, aliases: Sequence[str]) -> list[str]:
    added = sorted(set(aliases))
    if not added:
        return []
    await _refuse_taken(connection, ref.brand_id, added)
    rows: list[dict[str, Any]] = [{"brand_id": ref.brand_id, "alias": alias, "product_id": ref.id} for alias in added]
    await connection.execute(insert(product_aliases), rows)
    await _lineups_follow(connection, ref, added)
    await _bump(connection, ref.brand_id)
    await add_pending(connection, ref.brand_id, added)
    return added


async def _remove_aliases(connection: AsyncConnection, ref: _Ref, aliases: Sequence[str]) -> list[str]:
    """Remove aliases; return the keys that their figures have now."""
    if not aliases:
        return []
    await connection.execute(
        sql_delete(product_aliases).where(product_aliases.c.brand_id == ref.brand_id, product_aliases.c.alias.in_(aliases))
    )
    await _bump(connection, ref.brand_id)
    await add_pending(connection, ref.brand_id, [ref.code])
    return [ref.code]


async def _lineups_follow(connection: AsyncConnection, ref: _Ref, aliases: Sequence[str]) -> None:
    # A line-up that names the alias as a code (its product was deleted) would show a product without figures.
    of_brand = select(sessions.c.id).where(sessions.c.brand_id == ref.brand_id)
    has_code = select(lineup.c.session_id).where(lineup.c.product == ref.code)
    for alias in aliases:
        named = (lineup.c.product == alias) & lineup.c.session_id.in_(of_brand)
        await connection.execute(update(lineup).where(named, lineup.c.session_id.not_in(has_code)).values(product=ref.code))
        await connection.execute(sql_delete(lineup).where(named))


async def _bump(connection: AsyncConnection, brand_id: UUID) -> None:
    # Ingest caches aliases by this number and compares it at every commit.
    await connection.execute(
        update(brands).where(brands.c.id == brand_id).values(catalogue_version=brands.c.catalogue_version + 1)
    )
