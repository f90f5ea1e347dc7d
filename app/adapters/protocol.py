"""The protocol that every adapter implements, and its values.

In: a delivery as received over HTTP. Out: events, pulls to make, dead letters, and the reply that the platform expects.
Never here: I/O, clocks, a platform's own rules.

An adapter is a module that has the names of `Adapter`. It processes a delivery in two steps, so that the delivery can be stored
between them: `verify` proves its sender (bytes in, authentic bytes out), `parse` reads it. Both raise only `Refused`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from pydantic import BaseModel

Secrets = Mapping[str, str]
Options = Mapping[str, object]

Coverage = Literal["body", "part", "nothing"]
"""What a signature covers of a body: all, some fields or none of them, or there is no signature."""

MAX_BODY = 1024 * 1024
"""Maximum size of a delivery's body after decompression; the platforms' deliveries are far smaller."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request of a platform, decompressed."""

    method: str
    # These hold signatures, tokens and people's ids, which must not reach a log through repr().
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime

    def header(self, name: str) -> str | None:
        """Return a header by its name, whatever its case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Binding:
    """What a signature covers, and what it does not cover and came with it first; see `platforms.deliveries.replay_guard`."""

    key: str = field(repr=False)
    value: str = field(repr=False)
    kept_for: timedelta = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Verified:
    """An authentic delivery: only what `parse` needs, so that it can be stored."""

    body: bytes = field(repr=False)
    """Decrypted if the platform encrypts."""
    received_at: datetime
    key: str
    """Identifies the delivery: the same for every retry of it, different for any other."""
    signed: bool = True
    """False if the platform's signature does not cover the body: its content is then only a hint."""
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Authentic headers that the body does not repeat (a room, a message type, a delivery's id)."""
    binding: Binding | None = field(default=None, repr=False)
    """What must come only once, or always together, as `platforms.deliveries.replay_guard` holds it."""


@dataclass(frozen=True, slots=True)
class Context:
    """The facts of the connection that a parser needs. It holds no secret."""

    source: str
    """CloudEvents `source` of the connection's events, such as `//tallylight/connections/7f3c`."""
    options: Options = field(default_factory=dict)

    @property
    def session(self) -> str | None:
        """The session that the operator tied the connection to."""
        return self.text("session")

    def text(self, name: str) -> str | None:
        """Return an option that is a non-empty text, or None."""
        value = self.options.get(name)
        return value if isinstance(value, str) and value else None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer that the platform expects."""

    status: int = 200
    body: bytes = b""
    media_type: str = "text/plain; charset=utf-8"


SUCCESS = Reply(body=b"success")


@dataclass(frozen=True, slots=True)
class UrlCheck:
    """The answer to a platform's check of the URL, and what the signature of the check does not cover: the text to repeat."""

    reply: Reply
    binding: Binding


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Work that needs a pull from the platform's API."""

    kind: str
    """`order_get`, `aftersale_get` or `stock_get`."""
    fields: Mapping[str, str]
    key: str
    """The same for every retry of the delivery that asked for it."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Input that could not become an event; it becomes a dead letter."""

    reason: str
    raw: object = field(repr=False)
    """JSON-serializable, and a body for `parse`, which reads a dead letter again. It may hold people's ids: handle it like a raw
    delivery."""
    standalone: bool = False
    """True if it is a part of the delivery that can be parsed alone."""
    figure: bool = False
    """True if it is one figure of a sample: `raw` holds its `field` and its `value`, and cannot be parsed."""


Event = dict[str, object]
"""A CloudEvent 1.0 in its JSON form; `app.events.envelope.EVENT` accepts every one that an adapter returns."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The results of parsing a delivery."""

    events: tuple[Event, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    ignored: tuple[str, ...] = ()
    """Names of known messages that are left out on purpose."""
    unattributed: tuple[Event, ...] = ()
    """Valid events that belong to no session (an order from outside a live room): kept, counted nowhere."""
    reply: Reply = Reply()
    keep: bool = False
    """True if the raw delivery is kept although it requests no pull."""


class Refused(Exception):
    """A delivery that is not authentic, or not in its format.

    `detail` names the rule that failed and never quotes the delivery. `keep` says whether the body may be kept as a dead letter:
    only if its sender is known.
    """

    def __init__(self, status: int, detail: str, *, keep: bool = False) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.keep = keep


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that a kind of connection knows."""

    name: str
    required: bool = True
    pattern: str | None = None
    says: str = "is not in the platform's format"
    """The error for a value that does not match the pattern."""


class Adapter(Protocol):
    """A module of this package, for one kind of connection."""

    @property
    def KIND(self) -> str:  # noqa: N802 (modules name their constants so)
        """The connection's kind, as `POST /v1/connections` takes it."""

    @property
    def PLATFORM(self) -> str | None:  # noqa: N802
        """Slug of the platform that the events come from; None if the events or the options name it."""

    @property
    def SECRETS(self) -> tuple[Secret, ...]:  # noqa: N802
        """The secrets that the kind knows."""

    @property
    def OPTIONS(self) -> type[BaseModel]:  # noqa: N802
        """The options that the kind knows."""

    def check(self, secrets: Secrets, options: Options, /) -> None:
        """Accept a connection before it is saved.

        Raises:
            Misconfigured: with a pointer per field (see `validation`).
        """

    def signature_covers(self, secrets: Secrets, options: Options, /) -> "Coverage":
        """Return what the signature of a delivery covers of its body. If not all of it, the URL must be unguessable."""

    def answer(self, delivery: Delivery, secrets: Secrets, options: Options, /) -> UrlCheck:
        """Answer the platform's check of the URL (GET).

        Raises:
            Refused: the check is not authentic, or this kind has none (405).
        """

    def verify(self, delivery: Delivery, secrets: Secrets, options: Options, /) -> Verified:
        """Prove that a delivery (POST) comes from the platform.

        Raises:
            Refused: its sender is not proved.
        """

    def parse(self, verified: Verified, context: Context, /) -> Parsed:
        """Read an authentic delivery.

        Raises:
            Refused: it is not in the platform's format.
        """


def no_url_check(delivery: Delivery, secrets: Secrets, options: Options, /) -> UrlCheck:
    """Refuse a GET: the platform checks no URL."""
    del delivery, secrets, options
    raise Refused(405, "this kind of connection takes POST only")


def covers_body(secrets: Secrets, options: Options, /) -> Coverage:
    """Return `body`: the platform signs all of it."""
    del secrets, options
    return "body"


def require_post(delivery: Delivery) -> None:
    """Refuse any method but POST, and bodies over the limit.

    Raises:
        Refused: 405 or 413.
    """
    if delivery.method.upper() != "POST":
        raise Refused(405, "deliveries are POST requests")
    if len(delivery.body) > MAX_BODY:
        raise Refused(413, f"the body is larger than {MAX_BODY} bytes")
