"""What was chosen for the last import of a brand, a kind and a source, so that the next one begins with it.

In: the options of an import that was done. Out: these options. Never here: what differs from import to import, its session and
the time of its export.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json, to_json

from app.catalogue.access import Principal
from app.ingest.flushing.subjects import parse_subject
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("platforms/imports")
_OF_ONE_FILE = frozenset(("kind", "subject", "source", "exported_at"))


class RememberedImport(NamedTuple):
    """The options of an import."""

    brand: str
    kind: str
    source: str
    options: dict[str, Any]
    used_at: datetime


async def remember(database: Database, principal: Principal, options: Mapping[str, Any], now: datetime) -> None:
    """Keep the options under the brand of the session, the kind and the source; without a session there is nothing to keep."""
    subject = options.get("subject")
    named = parse_subject(subject) if isinstance(subject, str) else None
    if named is None:
        return
    room = named if isinstance(named, tuple) else (None, None)
    source = options.get("source") or room[0] or ""
    kept = {name: value for name, value in options.items() if name not in _OF_ONE_FILE and value is not None}
    async with database.acquire() as connection:
        await connection.execute(
            _SQL["remember"], named if isinstance(named, UUID) else None, *room, principal.brand_id, options["kind"], source,
            to_json(kept).decode(), now,
        )  # fmt: skip


async def remembered(
    database: Database, principal: Principal, brand: str | None, kind: str | None, source: str | None
) -> list[RememberedImport]:
    """Return the options of the last imports, the newest first; a bound principal sees those of its brand."""
    async with database.acquire() as connection:
        rows = await connection.fetch(_SQL["remembered"], principal.brand_id, brand, kind, source)
    return [RememberedImport(row["brand"], row["kind"], row["source"], from_json(row["options"]), row["used_at"]) for row in rows]
