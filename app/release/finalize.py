"""Releases a session: stores the next revision of its report.

In: a session, who releases it. Out: a stored revision. Never here: HTTP, layout, a change of a stored revision.

Releases of one session take turns by an advisory lock, and the snapshot of each begins after the commit of the one before it.
So numbers are consecutive, and a later number never holds earlier figures. No row is locked while the report is made.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from app.insights.reader import InsightSettings
from app.kpis.documents.headline import headline_figures
from app.kpis.evaluation.rounding import half_up
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery
from app.problems import ProblemError, not_found
from app.release.canonical import canonical, sha256_of
from app.release.editions import with_client_hash
from app.release.freeze import Author, Frozen, freeze
from app.storage import audit
from app.storage.channels import channel_outbox
from app.storage.channels.channel_outbox import Message
from app.storage.database import Connection, Database
from app.storage.kpis import reads
from app.storage.reports import revisions
from app.storage.reports.revisions import RevisionRow

_SLOT_SECONDS = 20.0
"""How long a release waits for one of the process's connections for long work."""
_LARGE = 1 << 20
"""Rows that are computed beside the event loop: a whole document."""


class Release(NamedTuple):
    """A request to release a session."""

    asked: SessionQuery
    author: Author
    idempotency_key: str | None = None
    only_first: bool = False
    """Do nothing if the session has a revision."""


async def finalize(database: Database, release: Release, insights: InsightSettings) -> RevisionRow | None:
    """Release a session; a repetition with the same author and idempotency key returns the revision of the first request.

    Returns None only if `only_first` is set and the session has a revision.

    Raises:
        ProblemError: 404; 409 while the session is on air or has no figures; 422 for a key that was used with another note.
        TimeoutError: too many releases and rebuilds are being made.
    """
    asked = release.asked
    async with database.background().unpooled(_SLOT_SECONDS) as connection:
        await _visible(connection, asked)
        await revisions.wait_for_turn(connection, asked.session)
        if (known := await _repeated(connection, release)) is not None:
            return known
        if release.only_first and await revisions.last_number(connection, asked.session):
            return None
        return await _release(connection, release, insights)


async def _visible(connection: Connection, asked: SessionQuery) -> None:
    if await revisions.released(connection, asked.session, asked.brand) is None:
        raise not_found("session")


async def _repeated(connection: Connection, release: Release) -> RevisionRow | None:
    if release.idempotency_key is None:
        return None
    known = await revisions.repeated(connection, release.asked.session, release.author.by, release.idempotency_key)
    if known is not None and known.note != release.author.note:
        raise ProblemError(422, "this Idempotency-Key was used with another note", code="idempotency_key_reused")
    return known


async def _release(connection: Connection, release: Release, insights: InsightSettings) -> RevisionRow:
    asked = release.asked
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        if asked.brand is not None:
            await reads.restrict_to_brand(connection, asked.brand)
        number = await revisions.last_number(connection, asked.session) + 1
        # The moment of the revision is that of its snapshot, whatever it waited for.
        asked = replace(asked, now=datetime.now(UTC), revision=number)
        frozen = await freeze(connection, asked, release.author, insights)
    text = await compute(_LARGE, lambda: canonical(with_client_hash(frozen.document)))
    row = _row(asked, release.author, frozen, sha256_of(text))
    async with connection.transaction():
        if not await revisions.add(connection, row, release.idempotency_key, text, canonical(frozen.kpis)):
            raise not_found("session")
        audit.about(row.number, session=row.session, brand=frozen.evaluation.head.brand_id)
        await channel_outbox.emit(connection, [_message(row, frozen)], row.created_at)
        await audit.record(connection)
    return row


def _message(row: RevisionRow, frozen: Frozen) -> Message:
    # The note of a release is internal.
    revision = {"number": row.number, "sha256": row.sha256}
    content = {"revision": revision, "currency": row.currency, "figures": headline_figures(frozen.evaluation)}
    return Message("revision.created", frozen.evaluation.head.brand_id, row.session, content)


def _row(asked: SessionQuery, author: Author, frozen: Frozen, sha256: str) -> RevisionRow:
    assert asked.revision is not None
    head, total = frozen.evaluation.head, frozen.evaluation.total

    def minor(slug: str) -> int | None:
        numerator, denominator, _ = total[slug]
        return half_up(numerator, denominator) if denominator else None

    return RevisionRow(
        head.id, asked.revision, asked.now, author.by, author.note, sha256, frozen.ended_at, head.time_zone, head.currency,
        minor("gmv"), minor("net_gmv"),
    )  # fmt: skip
