"""Caps on the distinct values that events may name in one session: products, sources, rooms, campaigns, minutes.

In: the values that a write batch names. Out: the values that the session does not accept any more. Never here: figures.

An event that names a refused value is rejected and kept as a dead letter, so the figures stay a function of the event log,
whatever the order of arrival. Which events are rejected depends on the order of arrival: a value that the session knows is
always accepted. Two flushes that run at the same time may exceed a cap by what they add together.
"""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from app.events.contributions import Contributions
from app.ingest.flushing.write_batch import WriteBatch
from app.ingest.folding.distinct_values import Value, Values, values_in, values_of
from app.problems import FieldError
from app.settings import Settings
from app.storage.ingest.writes import SessionValue, WriteQueries

_MINUTE = "minute"
_MOST_CACHED = 500_000
"""Values in the memory of one process, over all sessions: some 60 MB."""


def rows_of(session: UUID, values: Values) -> list[SessionValue]:
    """Return the rows of a session's values, sorted."""
    return sorted((session, *_row_of(value)) for value in values)


class Cap(NamedTuple):
    """How many distinct values of a kind one session accepts."""

    limit: int
    setting: str
    noun: str


def caps_of(settings: Settings) -> dict[str, Cap]:
    """Return the caps by kind of value, as `app.ingest.folding.distinct_values` names the kinds."""
    return {
        "product": Cap(settings.max_products, "TALLYLIGHT_MAX_PRODUCTS", "products"),
        "source": Cap(settings.max_traffic_sources, "TALLYLIGHT_MAX_TRAFFIC_SOURCES", "traffic sources by fan level"),
        "room": Cap(settings.max_rooms, "TALLYLIGHT_MAX_ROOMS", "rooms"),
        "sender": Cap(settings.max_rooms, "TALLYLIGHT_MAX_ROOMS", "senders with a wrong clock"),
        "promotion": Cap(settings.max_promotions, "TALLYLIGHT_MAX_PROMOTIONS", "promotions"),
        "campaign": Cap(settings.max_promotions, "TALLYLIGHT_MAX_PROMOTIONS", "campaigns"),
        "benchmark": Cap(settings.max_promotions, "TALLYLIGHT_MAX_PROMOTIONS", "comparisons of platforms"),
        "minute": Cap(settings.max_minutes, "TALLYLIGHT_MAX_MINUTES", "minutes with events"),
    }


class _Admission(NamedTuple):
    """What becomes of values that are new in their session."""

    refused: dict[UUID, Values]
    """Values that exceed a cap."""
    new: list[SessionValue]
    """Rows of the others, sorted."""


class Cardinality:
    """Compares the values of write batches with the caps; remembers the values that each session has."""

    def __init__(self, settings: Settings) -> None:
        """Start with an empty cache."""
        self._caps = caps_of(settings)
        self._known: dict[UUID, Values] = {}
        self._cached = 0

    def unknown(self, named: Mapping[UUID, Values]) -> dict[UUID, Values]:
        """Return the values that this process has not seen in their session."""
        known = self._known
        return {
            session: fresh
            for session, values in named.items()
            if (fresh := values - known[session] if session in known else values)
        }

    async def within(self, queries: WriteQueries, batch: WriteBatch) -> tuple[WriteBatch, dict[UUID, Values], list[SessionValue]]:
        """Return the batch without the events that exceed a cap, its values, and the rows of those that are new.

        The rows are to be added in the caller's transaction.
        """
        values = values_in(batch.tally)
        unknown = self.unknown(values)
        if not unknown:
            return batch, values, []
        refused, new = await self._admit(queries, unknown)
        if refused:
            nothing: Values = set()
            batch = batch.without(
                lambda session, contributions, at: self.error_of(contributions, at, refused.get(session, nothing))
            )
            values = values_in(batch.tally)
        return batch, values, new

    async def _admit(self, queries: WriteQueries, unknown: Mapping[UUID, Values]) -> "_Admission":
        rows = [row for session in sorted(unknown) for row in rows_of(session, unknown[session])]
        known = await queries.session_values(rows)
        room = {
            (session, kind): self._caps[kind].limit - known.counts.get((session, kind), 0)
            for session, kind in {(session, kind) for session, kind, _ in rows}
        }
        found = _Admission({}, [])
        for row in rows:
            session, kind, value = row
            if row in known.present:
                continue
            if room[session, kind] <= 0:
                found.refused.setdefault(session, set()).add(_value_of(kind, value))
                continue
            room[session, kind] -= 1
            found.new.append(row)
        return found

    def remember(self, named: Mapping[UUID, Values]) -> None:
        """Remember values whose registration is committed."""
        if self._cached > _MOST_CACHED:
            self._known.clear()
            self._cached = 0
        for session, values in named.items():
            known = self._known.setdefault(session, set())
            before = len(known)
            known |= values
            self._cached += len(known) - before

    def error_of(self, contributions: Contributions, at: int, refused: Values) -> FieldError | None:
        """Return what is wrong with an event that names a refused value; None if it names none."""
        found = sorted(map(_row_of, values_of(contributions, at) & refused))
        if not found:
            return None
        kind, value = found[0]
        cap = self._caps[kind]
        named = "this minute" if kind == _MINUTE else repr(value[:64])
        detail = f"the session has {cap.limit} {cap.noun} ({cap.setting}), and {named} is not one of them"
        return FieldError(pointer=_pointer(kind, contributions), detail=detail)


_POINTERS = {
    "source": "/data/source",
    "sender": "/source",
    "promotion": "/data/promotion",
    "campaign": "/data/campaign",
    "benchmark": "/data/kpi",
    "room": "/subject",
    "minute": "/time",
}


def _pointer(kind: str, contributions: Contributions) -> str:
    if kind != "product":
        return _POINTERS[kind]
    return "/data/lines" if contributions.order is not None else "/data/product"


def _row_of(value: Value) -> tuple[str, str]:
    return (_MINUTE, str(value)) if isinstance(value, int) else value


def _value_of(kind: str, value: str) -> Value:
    return int(value) if kind == _MINUTE else (kind, value)
