"""Write batch: the rows of one transaction, before they are written.

In: submitted events and the sessions of their subjects. Out: rows for the log, and a tally of all contributions. Never here: I/O.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from uuid import UUID

from app.events.contributions import Contributions
from app.events.payload import Unfoldable
from app.ingest.flushing.clocks import ClockCheck
from app.ingest.flushing.subjects import ResolvedSession, ResolvedSubject
from app.ingest.folding.fold import Folded, with_correction
from app.ingest.folding.moments import microseconds
from app.ingest.folding.statements import STATED, Stated, statement_of
from app.ingest.folding.tally import Tally
from app.ingest.receiving.privacy import PrivacyKeys, rename_forgotten
from app.ingest.receiving.submission import Rejection, SubmittedEvent
from app.problems import FieldError
from app.storage.ingest.new_events import NewEvents

_DROPPED = FieldError(
    pointer="/subject", detail="the session's log was dropped: it takes in no event any more", code="log_dropped"
)


class RefusedItemsError(Exception):
    """Events that their session does not take in, though they are valid; nothing was written."""

    def __init__(self, items: list[SubmittedEvent], error: FieldError) -> None:
        """Name the events, and why."""
        super().__init__()
        self.items = items
        self.error = error


class _SubjectContext:
    """The facts that all events of one subject share."""

    __slots__ = ("context", "key", "kinds", "owner", "platform", "resolved", "room", "session")

    def __init__(self, resolved: ResolvedSession, brand: UUID | None, platform: str, room: str) -> None:
        """Look up what each of the events needs."""
        self.resolved = resolved
        self.owner = "" if brand is None else str(brand)
        self.session = resolved.row.id
        self.key = resolved.key
        self.platform = platform
        self.room = room
        self.context = resolved.context.of(platform, room)
        self.kinds: dict[tuple[str, str], int] = {}


class WriteBatch:
    """The rows that one transaction writes."""

    def __init__(self, privacy_keys: PrivacyKeys, *, keep_text: bool, slow_after_ms: int, clocks: ClockCheck) -> None:
        """Start empty."""
        self._privacy_keys = privacy_keys
        self._keep_text = keep_text
        self._slow_after_ms = slow_after_ms
        self._by_subject: dict[str, ResolvedSubject] = {}
        """Subjects as they were when their events were taken; the mapping that they came from may have changed since."""
        self._clocks = clocks
        self.new = NewEvents()
        self.tally = Tally(slow_after_ms)
        self.statements: list[Stated] = []
        """Of events that may be replaced, or replace others: which contribute is known only once they
        are in the log."""
        self.items: dict[bytes, SubmittedEvent] = {}
        """By the key of the event followed by the key of the session."""
        self.resolved_sessions: dict[UUID, ResolvedSession] = {}
        self.versions: set[tuple[UUID, str]] = set()
        """Sessions and the versions by which events were folded; of two versions of a session one is out of date."""
        self.repeated: list[tuple[bytes, SubmittedEvent]] = []
        """Events whose key is among `items`."""
        self.imported: list[tuple[UUID, UUID, SubmittedEvent]] = []
        """Events of imports, new or not, with their session and import."""
        self.rejections: list[tuple[SubmittedEvent, Rejection]] = []

    def take(  # noqa: C901, PLR0912, PLR0915 - the hot loop: a call per event would cost more than a branch
        self, items: Iterable[SubmittedEvent], by_subject: Mapping[str, ResolvedSubject], *, only_all: bool = False
    ) -> list[SubmittedEvent]:
        """Pseudonymize and fold each event once; return the items whose subject has no session here.

        `only_all` stops at the first of them.
        """
        unresolved = []
        taken, new, tally, limit = self.items, self.new, self.tally, self._clocks.limit
        contexts: dict[tuple[str, str | None, UUID | None], _SubjectContext | None] = {}
        named, sender, found = "", None, None
        for item in items:
            event, submission = item.event, item.submission
            if event.subject != named or submission is not sender:  # mostly both are those of the item before
                named, sender = event.subject, submission
                subject = (named, submission.platform, submission.brand_id)
                if subject not in contexts:
                    contexts[subject] = self._context_of(by_subject, *subject)
                found = contexts[subject]
            target = found
            # A key that is bound to a brand learns nothing of another brand's session: the event is parked or rejected.
            if target is None:
                unresolved.append(item)
                if only_all:
                    break
                continue
            key = item.key + target.key
            at = None if event.time is None else microseconds(event.time)
            digest = item.content_digest(self._privacy_keys, at)
            if key in taken:
                self.repeated.append((key, item))
                if submission.import_id is not None:
                    self.imported.append((target.session, submission.import_id, item))
                continue
            platform = item.pseudonymize(self._privacy_keys, target.platform, keep_text=self._keep_text)
            if platform != target.platform:  # an earlier try decided it
                target = _SubjectContext(target.resolved, submission.brand_id, platform, target.room)
            if target.context.forgotten:
                rename_forgotten(event.data, platform, target.context.forgotten)
            if at is None:
                at = microseconds(submission.received_at)
            if at > limit:
                wrong = self._clocks.correct(item)
                if wrong is not None:
                    self.rejections.append((item, item.rejection(wrong)))
                    continue
                at = microseconds(submission.received_at)
            data = event.data
            try:
                contributions = data.fold(target.context)
            except Unfoldable as error:
                self.rejections.append((item, item.rejection(FieldError(pointer=f"/data{error.pointer}", detail=error.detail))))
                continue
            kind = target.kinds.get((event.source, data.type))
            if kind is None:
                kind = new.kind_of(target.session, event.source, data.type, platform, target.room, target.owner)
                target.kinds[event.source, data.type] = kind
            sent = None
            if item.sent_time is not None:
                contributions = with_correction(contributions, event.source)
                sent = microseconds(item.sent_time)
            new.add(kind, item.key, event.id, at, data.json_bytes(), digest, event.attributes, sent)
            tally.add(target.session, platform, at, item.key, contributions)
            statement = statement_of(event.source, platform, data) if data.type in STATED else None
            if statement is not None:
                self.statements.append((target.session, item.key, statement))
            taken[key] = item
            # Not before: a later import may bring an event that was rejected, and alone decides then whether it counts.
            if submission.import_id is not None:
                self.imported.append((target.session, submission.import_id, item))
        return unresolved

    def without(self, error_of: Callable[[UUID, Contributions, int], FieldError | None]) -> "WriteBatch":
        """Return a batch without the events for which `error_of` (session, contributions, moment) returns an error."""
        batch = WriteBatch(self._privacy_keys, keep_text=self._keep_text, slow_after_ms=self._slow_after_ms, clocks=self._clocks)
        batch.rejections = list(self.rejections)
        batch.versions = set(self.versions)
        remaining = []
        for item in (*self.items.values(), *(item for _, item in self.repeated)):
            session, _, at, _, contributions, _ = self._folded(item)
            error = error_of(session, contributions, at)
            if error is None:
                remaining.append(item)
            else:
                batch.rejections.append((item, item.rejection(error)))
        batch.take(remaining, self._by_subject)
        return batch

    def _context_of(
        self, by_subject: Mapping[str, ResolvedSubject], subject: str, platform: str | None, brand: UUID | None
    ) -> "_SubjectContext | None":
        found = by_subject.get(subject)
        resolved = None if found is None else found.of(brand)
        if found is None or resolved is None:
            return None
        self._by_subject[subject] = found
        self.versions.add((resolved.row.id, resolved.row.version))
        self.resolved_sessions[resolved.row.id] = resolved
        return _SubjectContext(resolved, brand, *resolved.stream_of(subject, platform))

    def refuse_dropped(self) -> None:
        """Refuse events of sessions whose logs were dropped: nothing would tell whether they are new.

        Raises:
            RefusedItemsError: with these events.
        """
        dropped = {session for session, resolved in self.resolved_sessions.items() if resolved.row.log_dropped}
        if not dropped:
            return
        _, refused = self.split((*self.items.values(), *(item for _, item in self.repeated)), dropped)
        # Without one, all events of these sessions are rejected for another reason already.
        if refused:
            raise RefusedItemsError(refused, _DROPPED)

    def split(
        self, items: Iterable[SubmittedEvent], sessions: Collection[UUID]
    ) -> tuple[list[SubmittedEvent], list[SubmittedEvent]]:
        """Return the items of other sessions and those of these sessions."""
        rest: list[SubmittedEvent] = []
        found: list[SubmittedEvent] = []
        for item in items:
            subject = self._by_subject.get(item.event.subject)
            resolved = None if subject is None else subject.of(item.submission.brand_id)
            (found if resolved is not None and resolved.row.id in sessions else rest).append(item)
        return rest, found

    def folded(self, keys: Iterable[bytes]) -> Iterator[Folded]:
        """Fold some of the events again."""
        for key in keys:
            yield self._folded(self.items[key])

    def _folded(self, item: SubmittedEvent) -> Folded:
        resolved = self._by_subject[item.event.subject].of(item.submission.brand_id)
        assert resolved is not None, "the item was taken"
        platform, room = resolved.stream_of(item.event.subject, item.submission.platform)
        platform = item.platform or platform
        contributions = item.event.data.fold(resolved.context.of(platform, room))
        if item.sent_time is not None:
            contributions = with_correction(contributions, item.event.source)
        at = microseconds(item.event.time or item.submission.received_at)
        statement = statement_of(item.event.source, platform, item.event.data)
        return Folded(resolved.row.id, platform, at, item.key, contributions, statement)
