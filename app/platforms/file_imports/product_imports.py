"""Imports of products: a spreadsheet of names, aliases and customs data becomes the brand's catalogue.

In: a file, which column is what. Out: stored products, and a report per row. Never here: the reading of cells
(`imports.product_import`), prices and stock, which belong to a session's line-up.

Idempotent: a row that states what is stored is a duplicate. An empty cell states nothing, so that no import takes anything away.
"""

import re
from contextlib import suppress
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands import brands
from app.catalogue.models import Slug
from app.catalogue.products import products
from app.catalogue.products.pending_rebuilds import rebuild_sessions
from app.catalogue.products.product_models import NewProduct
from app.ingest.rebuilding.rebuild_requests import rebuild_or_enqueue_all
from app.labels.catalogue import LANGUAGES
from app.platforms.file_imports import import_preview
from app.platforms.file_imports.import_report import ImportTally
from app.platforms.file_imports.imports import Importer
from app.problems import ProblemError, invalid, pointer_of
from app.settings import Settings
from app.storage import audit
from app.storage.database import Database

MOST_PRODUCTS = 20_000
"""Products of one file."""
_SEPARATORS = re.compile(r"[,;、，；|\n]+")
_CUSTOMS = {"customs_name_zh": "name_zh", "customs_name_en": "name_en", "material": "material", "hs_code": "hs_code",
            "origin": "origin", "net_weight_g": "net_weight_g"}  # fmt: skip
_SLUG: TypeAdapter[str | None] = TypeAdapter(Slug | None)


class _UndoneError(Exception):
    """Ends the transaction of a dry run."""


async def take(
    database: Database, settings: Settings, importer: Importer, principal: Principal, file: BinaryIO, options: dict[str, Any],
    now: datetime, *, dry_run: bool = False,
) -> bytes:  # fmt: skip
    """Store the products of a file, and return an `ImportReport` as JSON; a row that is refused does not keep others out.

    A dry run stores nothing, and returns an `ImportPreview`. `file` must have a file descriptor.

    Raises:
        ProblemError: 404 for another brand than the caller's; 422 for options or a file that cannot be used; 503 if too many
            imports wait.
    """
    slug = _brand(options)
    import_id, brand_id = uuid4(), principal.brand_id
    audit.about(import_id)
    stating = _Statement(ImportTally(only_remarkable=dry_run))
    async with importer.reading(file, options, now) as reading:
        async for rows, body in reading.batches():
            with suppress(_UndoneError):
                async with database.write() as connection:
                    brand_id = await products.brand_of(connection, principal, slug)
                    await brands.lock(connection, brand_id)
                    audit.about(brand=brand_id)
                    records = iter(from_json(body))
                    for row, ok, _, column, detail, code, params, _ in rows:
                        refused = detail if not ok else await stating.store(connection, brand_id, next(records))
                        stating.tally.add_row(row, refused, column, None if refused is None else code or "refused", params)
                    if dry_run:
                        raise _UndoneError
    if dry_run:
        return import_preview.document(stating.tally, options["kind"], reading.facts)
    affected: set[UUID] = set()

    async def note(session: UUID) -> None:
        affected.add(session)

    if brand_id is not None:
        await rebuild_sessions(database, brand_id, stating.aliases, note)
    rebuilds = await rebuild_or_enqueue_all(database, settings, affected)
    return stating.tally.document(import_id, options["kind"], reading.facts, rebuilds)


class _Statement:
    """What the rows of a file have stated so far."""

    def __init__(self, tally: ImportTally) -> None:
        """Start with no row."""
        self.tally = tally
        self.aliases: list[str] = []
        self._seen: dict[str, NewProduct] = {}

    async def store(self, connection: AsyncConnection, brand_id: UUID, record: dict[str, str]) -> str | None:
        """Store one record and count it; return why it is refused."""
        try:
            form = _form(record)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            return f"{pointer_of(first['loc'])} {first['msg']}"
        if self._seen.get(form.code, form) != form:
            return "another row of the file states the product otherwise"
        if form.code not in self._seen and len(self._seen) >= MOST_PRODUCTS:
            raise invalid("/file", f"has more than {MOST_PRODUCTS:,} products", "too_many_products")
        self._seen[form.code] = form
        try:
            async with connection.begin_nested():
                found = await products.state(connection, brand_id, form)
        except ProblemError as error:
            return error.detail
        self.aliases += found.aliases
        self.tally.accepted += found.is_changed
        self.tally.duplicates += not found.is_changed
        self.tally.replaced += found.is_changed and not found.is_new
        return None


def _form(record: dict[str, str]) -> NewProduct:
    customs: dict[str, Any] = {member: record[name] for name, member in _CUSTOMS.items() if name in record}
    if "net_weight_g" in customs:
        customs["net_weight_g"] = int(customs["net_weight_g"])
    aliases = [alias.strip() for alias in _SEPARATORS.split(record.get("aliases", "")) if alias.strip()]
    return NewProduct.model_validate({
        "code": record["code"],
        "names": {language: record[f"name_{language}"] for language in LANGUAGES if f"name_{language}" in record},
        "aliases": aliases,
        "customs": customs or None,
    })  # fmt: skip


def _brand(options: dict[str, Any]) -> str | None:
    try:
        return _SLUG.validate_python(options.get("brand"))
    except ValidationError:
        raise invalid("/options/brand", "is no slug of a brand", "slug") from None
