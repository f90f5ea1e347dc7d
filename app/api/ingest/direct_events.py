"""POST /v1/events without ASGI, for the requests of which there are many: plain JSON of a key that was verified lately.

In: the head of a request, then its body. Out: its answer, after the commit. Never here: an answer that
`app.api.ingest.events` would not give; whatever is rare, refused or not valid is left to it.

ASGI, its middleware and a task per request cost a single event as much as its parsing, its fold and its part of the commit.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from pydantic_core import to_json

from app.api.access.authorization import SENDERS
from app.api.access.rate_limits import RateLimit
from app.api.conventions.errors import problem_response
from app.api.ingest.events import INLINE_BYTES, ROUTE, not_committed, receipt_of
from app.catalogue.access import Principal
from app.ingest.receiving.sources import refuse_reserved
from app.ingest.receiving.submission import Submission
from app.observability.logs import current_request
from app.observability.requests import HSTS, NOSNIFF, RequestMeasures, Scope, request_id_of
from app.problems import ProblemError
from app.service import Service

_MOST_DIGITS = 9
Header = tuple[bytes, bytes]
Reply = Callable[[int, Sequence[Header], bytes], None]
"""Writes an answer: status, headers with the length of the body, body."""

_BEARER = b"Bearer "
_ELSEWHERE = frozenset(
    (
        b"ce-id", b"ce-source", b"ce-specversion", b"ce-type", b"content-encoding", b"cookie", b"expect", b"origin",
        b"transfer-encoding", b"upgrade",
    )
)  # fmt: skip
"""Headers of requests that need more than is done here: binary mode, compression, a cookie, CORS, another protocol."""


class DirectEvents:
    """Takes requests from the HTTP protocol."""

    def __init__(
        self, service: Service, limit: RateLimit, is_https: Callable[[Scope, Mapping[bytes, bytes]], bool], root_path: str
    ) -> None:
        """Take requests to the route, below `root_path` or not; `limit` is that of keys."""
        self.service = service
        self.limit = limit
        self.measures = RequestMeasures()
        self._is_https = is_https
        self._most = min(INLINE_BYTES, service.settings.max_body_bytes)
        self._targets = frozenset((ROUTE.encode(), (root_path + ROUTE).encode()))
        self.request_lines = tuple(b"POST %b " % target for target in self._targets)
        """How its requests begin."""

    def begin(self, target: bytes, scope: Scope, headers: Sequence[Header]) -> "DirectRequest | None":
        """Return a POST by its head, if its caller is known and may send events; None if the ASGI application must answer it.

        The request is counted by the key's limit.
        """
        if target not in self._targets:
            return None
        sent = dict(headers)
        length, authorization = sent.get(b"content-length", b""), sent.get(b"authorization", b"")
        if (
            len(sent) != len(headers)
            or not _ELSEWHERE.isdisjoint(sent)
            or not length.isdigit()
            or len(length) > _MOST_DIGITS
            or int(length) > self._most
            or not authorization.startswith(_BEARER)
        ):
            return None
        principal = self.service.keys.held(authorization[len(_BEARER) :])
        if principal is None or principal.kind != "key" or principal.role not in SENDERS.roles:
            return None
        if self.service.writer.refuses(principal.reference):
            return None
        try:
            extra = self.limit.take(principal.reference, time.monotonic()) or []
        except ProblemError:
            return None
        if self._is_https(scope, sent):
            extra = [HSTS, *extra]
        return DirectRequest(self, principal, sent, extra)


class DirectRequest:
    """One request. For the writer it is what the sender waits for (`app.ingest.receiving.submission.Settled`)."""

    __slots__ = ("_began", "_events", "_extra", "_headers", "_principal", "_reply", "_submission")

    def __init__(
        self, events: DirectEvents, principal: Principal, headers: Mapping[bytes, bytes], extra: Sequence[Header]
    ) -> None:
        """Wait for the body."""
        self._began = time.perf_counter()
        self._events = events
        self._principal = principal
        self._headers = headers
        self._extra = extra
        self._reply: Reply | None = None
        self._submission: Submission | None = None

    def take(self, body: bytes, reply: Reply) -> bool:
        """Queue the events of the body; `reply` is called after their commit. False if the ASGI application must answer."""
        service, reference = self._events.service, self._principal.reference
        headers = {"content-type": self._headers.get(b"content-type", b"").decode("latin-1")}
        try:
            submission = service.receiver.receive(
                body, headers, brand_id=self._principal.brand_id, origin=reference, received_at=datetime.now(UTC)
            )
            refuse_reserved(submission)
            if not submission.rejected:
                self._reply, self._submission = reply, submission
                service.writer.enqueue(submission, self)
                return True
        except Exception:  # noqa: BLE001 - the ASGI application meets the same error, and answers and logs it
            self._reply = self._submission = None
        self._events.limit.give_back(reference)
        return False

    def done(self) -> bool:
        """Return whether the request is answered."""
        return self._reply is None

    def set_result(self, _: None) -> None:
        """Answer with the receipt."""
        submission = self._submission
        assert submission is not None, "only what was queued is settled"
        if submission.rejected:
            try:
                body = to_json(receipt_of(submission))
            except ProblemError as problem:
                self._answer_problem(problem)
                return
        else:
            body = _receipt(
                submission.accepted, submission.duplicates, submission.conflicts, submission.parked, submission.corrected
            )
        self._answer(200, [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))], body)

    def set_exception(self, _: BaseException) -> None:
        """Answer that the outcome is unknown."""
        self._answer_problem(not_committed())

    def _answer_problem(self, problem: ProblemError) -> None:
        current = request_id_of(self._headers)
        token = current_request.set(current)
        try:
            response = problem_response(problem)
        finally:
            current_request.reset(token)
        self._answer(response.status_code, response.raw_headers, bytes(response.body), current)

    def _answer(self, status: int, headers: Sequence[Header], body: bytes, current: str | None = None) -> None:
        # The submission knows this request: without this the two would hold each other until the garbage collector runs.
        reply, self._reply, self._submission = self._reply, None, None
        assert reply is not None, "a request is answered once"
        current = current or request_id_of(self._headers)
        self._events.measures.add("POST", ROUTE, status, time.perf_counter() - self._began)
        reply(status, [*headers, (b"x-request-id", current.encode()), NOSNIFF, *self._extra], body)


@lru_cache(maxsize=1024)
def _receipt(accepted: int, duplicates: int, conflicts: int, parked: int, corrected: int) -> bytes:
    submission = Submission(None, "", datetime.now(UTC))
    submission.accepted, submission.duplicates, submission.conflicts = accepted, duplicates, conflicts
    submission.parked, submission.corrected = parked, corrected
    return to_json(submission.receipt())
