"""One commit: settles many events in one transaction.

In: items of many submissions. Out: an outcome per item, durable. Never here: the queue, HTTP.

The walk: subjects → sessions (held) → payloads made pseudonymous and folded → log and claims → sums. What has no
session yet is parked, what the session cannot take becomes a dead letter, all in the same transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog
from asyncpg import (
    DataError,
    InsufficientResourcesError,
    LockNotAvailableError,
    OperatorInterventionError,
)
from pydantic_core import to_json

from app.events.payload import Unfoldable
from app.ingest import fold, letters
from app.ingest.homes import DIRECT, Home, Homes, parse_subject
from app.ingest.people import Sealer
from app.ingest.submission import Item, Outcome, Rejection, Submission
from app.problems import FieldError
from app.settings import Settings
from app.storage.database import COLLIDED, UNREACHABLE, Database, again
from app.storage.ledger import Ledger, LoggedEvent

_log = structlog.get_logger()
_PASSING = (
    *UNREACHABLE,
    *COLLIDED,
    InsufficientResourcesError,
    LockNotAvailableError,
    OperatorInterventionError,
)
"""What the database may say without any event being at fault: the same flush may succeed a moment later."""


@dataclass(slots=True)
class _Settlement:
    """What a transaction decides; told to the submissions only after its commit."""

    outcomes: list[tuple[Item, Outcome]]
    rejections: list[tuple[Item, Rejection]]


class Flusher:
    """Settles items against the database."""

    def __init__(self, database: Database, settings: Settings, sealer: Sealer) -> None:
        """Prepare."""
        self._database = database
        self._sealer = sealer
        self._slow_after_ms = round(settings.slow_response_seconds * 1000)
        self._keep_text = settings.keep_comment_text
        self._homes = Homes(self._slow_after_ms)

    async def flush(self, items: list[Item], only_letters: Iterable[Submission] = ()) -> None:
        """Settle all items; those that the database refuses are found by halving and rejected alone.

        Raises:
            OSError, asyncpg.PostgresError: the database is lost or unable; nothing was told to any submission.
        """
        try:
            settlement = await again(lambda: self._transaction(items, list(only_letters)))
        except _PASSING:
            raise
        except Exception as refusal:  # noqa: BLE001 - whatever one event provokes, its neighbours must not pay for it
            if len(items) <= 1:
                await self._refuse(items, refusal)
                if only_letters:
                    await self.flush([], only_letters)
                return
            half = len(items) // 2
            await self.flush(items[:half], only_letters)
            await self.flush(items[half:])
            return
        for item, outcome in settlement.outcomes:
            item.submission.counts[outcome] += 1
        for item, rejection in settlement.rejections:
            item.submission.rejected.append(rejection)
        for item in items:
            item.submission.waiting -= 1

    async def _refuse(self, items: list[Item], refusal: Exception) -> None:
        _log.error("event refused by the database", reason=type(refusal).__name__)
        if not items:
            raise refusal
        detail = "the event cannot be stored"
        if isinstance(refusal, DataError):
            detail = "the database cannot hold this event's figures: they are out of range"
        for item in items:
            rejection = _rejection(item, FieldError(pointer="/data", detail=detail))
            async with self._database.acquire() as connection, connection.transaction():
                await letters.keep(Ledger(connection), self._sealer, item.submission, [rejection], item.submission.received_at)
            item.submission.rejected.append(rejection)
            item.submission.waiting -= 1

    async def _transaction(self, items: list[Item], only_letters: list[Submission]) -> _Settlement:
        now = datetime.now(UTC)
        settlement = _Settlement([], [])
        async with self._database.acquire() as connection, connection.transaction():
            ledger = Ledger(connection)
            if items:
                settlement = await self._settle(ledger, items, now)
            for submission in only_letters:
                await letters.keep(ledger, self._sealer, submission, submission.rejected, now)
            kept: dict[int, list[Rejection]] = {}
            owners: dict[int, Submission] = {}
            for item, rejection in settlement.rejections:
                kept.setdefault(id(item.submission), []).append(rejection)
                owners[id(item.submission)] = item.submission
            for owner, rejections in kept.items():
                await letters.keep(ledger, self._sealer, owners[owner], rejections, now)
        return settlement

    async def _settle(self, ledger: Ledger, items: list[Item], now: datetime) -> _Settlement:
        subjects = {item.event.subject for item in items}
        remembered = self._homes.remembered(subjects)
        if remembered is not None:
            stamps = sorted({(home.row.id, home.row.stamp) for home in remembered.values()})
            settlement = await self._append(ledger, items, remembered, stamps, now)
            if settlement is not None:
                return settlement
            self._homes.forget(subjects)
            for item in items:
                self._reveal(item)
        settlement = await self._append(ledger, items, await self._homes.look_up(ledger, subjects), [], now)
        assert settlement is not None
        return settlement

    async def _append(
        self, ledger: Ledger, items: list[Item], by_subject: dict[str, Home], stamps: list[tuple[UUID, str]], now: datetime
    ) -> _Settlement | None:
        """Settle the items in these sessions; None, and nothing written, where one of the stamps is not the database's."""
        settlement = _Settlement([], [])
        homeless = [item for item in items if _home_of(item, by_subject) is None]
        if homeless:
            if stamps:
                return None
            homeless = await self._find_again(ledger, homeless, by_subject)
            await self._set_aside(ledger, homeless, settlement, now)
        rows = self._fold_all(items, homeless, by_subject, settlement)
        if not rows:
            return None if stamps else settlement
        contexts = {home.row.id: home.context for home in by_subject.values()}
        ordered = [rows[key] for key in sorted(rows)]
        batch = fold.gather((folded for _, _, folded in ordered), self._slow_after_ms)
        appended = await ledger.append_events(stamps, [logged for _, logged, _ in ordered], batch.claims(), now)
        if appended is None:
            return None
        if appended.claimed is not None:
            settlement.outcomes.extend((item, Outcome.ACCEPTED) for item, _, _ in ordered)
            await fold.finish(ledger, batch, appended.claimed, contexts)
            return settlement
        new = [rows[key] for key in sorted(appended.new)]
        settlement.outcomes.extend((item, Outcome.ACCEPTED) for item, _, _ in new)
        settlement.outcomes.extend((rows[key][0], Outcome.DUPLICATE) for key in rows.keys() - appended.new)
        if new:
            await fold.apply(ledger, (folded for _, _, folded in new), contexts, self._slow_after_ms)
        return settlement

    def _fold_all(
        self, items: list[Item], homeless: list[Item], by_subject: dict[str, Home], settlement: _Settlement
    ) -> dict[bytes, tuple[Item, LoggedEvent, fold.Folded]]:
        """Fold each event once; its key is that of event and session in bytes, which hash and sort faster than UUIDs."""
        lost = {id(item) for item in homeless}
        rows: dict[bytes, tuple[Item, LoggedEvent, fold.Folded]] = {}
        for item in items:
            if id(item) in lost:
                continue
            home = by_subject[item.event.subject]
            key = item.key + home.row.id.bytes
            if key in rows:
                settlement.outcomes.append((item, Outcome.DUPLICATE))
                continue
            try:
                rows[key] = (item, *self._fold(item, home))
            except Unfoldable as error:
                settlement.rejections.append(
                    (item, _rejection(item, FieldError(pointer=f"/data{error.pointer}", detail=error.detail)))
                )
        return rows

    async def _find_again(self, ledger: Ledger, homeless: list[Item], by_subject: dict[str, Home]) -> list[Item]:
        """Look a second time, holding the rooms' names: a stream may have been registered in between."""
        rooms = sorted({item.event.subject for item in homeless if ":" in item.event.subject})
        if not rooms:
            return homeless
        await ledger.lock_rooms(rooms)
        by_subject.update(await self._homes.look_up(ledger, set(rooms)))
        return [item for item in homeless if _home_of(item, by_subject) is None]

    async def _set_aside(self, ledger: Ledger, homeless: list[Item], settlement: _Settlement, now: datetime) -> None:
        parked: dict[tuple[str, str, str, bytes], tuple[Item, str]] = {}
        for item in homeless:
            parsed = parse_subject(item.event.subject)
            if not isinstance(parsed, tuple):
                error = FieldError(pointer="/subject", detail="no such session; a stream is named platform:room")
                settlement.rejections.append((item, _rejection(item, error)))
                continue
            owner = item.submission.brand_id
            key = (*parsed, str(owner) if owner else "", item.key)
            if key in parked:
                settlement.outcomes.append((item, Outcome.DUPLICATE))
            else:
                parked[key] = (item, self._parked_event(item, parsed[0]))
        rows = [(*key, parked[key][1]) for key in sorted(parked)]
        new = await ledger.park(rows, now) if rows else set()
        for (platform, room, _, event_key), (item, _) in parked.items():
            known = (platform, room, event_key) not in new
            settlement.outcomes.append((item, Outcome.DUPLICATE if known else Outcome.PARKED))

    def _parked_event(self, item: Item, platform: str) -> str:
        event = item.event
        self._conceal(item, platform)
        moment = event.time or item.submission.received_at
        document = {
            "specversion": "1.0", "id": event.id, "source": event.source, "subject": event.subject,
            "time": moment, "type": event.type, "data": event.data.model_dump(mode="json", exclude_none=True),
        }  # fmt: skip
        return to_json(document).decode()

    def _conceal(self, item: Item, platform: str) -> str:
        """Replace the event's people by pseudonyms, once; return the platform that they belong to."""
        if item.platform is None:
            item.platform = platform
            if not item.submission.pseudonymous:
                item.clear = self._sealer.conceal(item.event.data, platform, keep_text=self._keep_text)
        return item.platform

    def _reveal(self, item: Item) -> None:
        """Undo `_conceal`: the platform that the pseudonyms depend on was taken from what is out of date."""
        item.event.data.__dict__.update(item.clear or {})
        item.platform = item.clear = None

    def _fold(self, item: Item, home: Home) -> tuple[LoggedEvent, fold.Folded]:
        event, session = item.event, home.row
        platform, colon, room = event.subject.partition(":")
        if not colon:
            # Only one platform can be meant where the session has streams of one platform alone.
            names = set(session.platforms)
            platform, room = item.submission.platform or (names.pop() if len(names) == 1 else DIRECT), ""
        platform = self._conceal(item, platform)
        payload = event.data
        at = event.time.astimezone(UTC) if event.time else item.submission.received_at
        logged = LoggedEvent(
            session.id, item.key, event.id, event.source, event.type, platform, room, at,
            payload.model_dump_json(exclude_none=True),
        )  # fmt: skip
        return logged, fold.Folded(session.id, platform, at, item.key, payload.fold(home.context.of(platform, room)))


def _home_of(item: Item, by_subject: dict[str, Home]) -> Home | None:
    """Return the event's session as far as its sender may know of it."""
    home = by_subject.get(item.event.subject)
    if home is None or item.submission.brand_id not in (None, home.row.brand_id):
        return None
    return home


def _rejection(item: Item, error: FieldError) -> Rejection:
    event = item.event
    data = event.data.model_dump(mode="json", exclude_none=True) | (item.clear or {})
    body = to_json(
        {
            "specversion": "1.0", "id": event.id, "source": event.source, "subject": event.subject,
            "time": event.time, "type": event.type, "data": data,
        }
    )  # fmt: skip
    return Rejection(item.index, event.id, [error], body, event.type, event.subject)
