"""The protocol that every adapter keeps, and the values that pass through it.

In: a delivery as it came over HTTP. Out: events, work that needs a pull, dead letters, and the reply that the platform expects.
Never here: I/O, clocks, a platform's own rules.

An adapter is a module that has the names of `Adapter`. A delivery goes through it in two steps, so that it may be kept
between them: `verify` proves who sent it (bytes in, authentic bytes out), `parse` reads it. Both raise `Refused` and nothing
else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel

Secrets = Mapping[str, str]
Options = Mapping[str, object]

MAX_BODY = 1024 * 1024
"""Bytes of a delivery's body, after gzip is undone; the platforms' own deliveries stay far below."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request of a platform; gzip is undone already."""

    method: str
    # Signatures, tokens and people's ids live here: none of it may reach a log through repr().
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime

    def header(self, name: str) -> str | None:
        """Return a header by its name, whatever its case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Verified:
    """An authentic delivery: what `parse` needs, and no more, so that it can be stored."""

    body: bytes = field(repr=False)
    """Decrypted where the platform encrypts."""
    received_at: datetime
    key: str
    """Identifies the delivery: the same for every retry of it, different for any other."""
    signed: bool = True
    """False where the platform's signature does not cover the body, so that its content is only a hint."""
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Authentic headers that the body does not repeat (a room, a message type, a delivery's id)."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a parser must know of the connection besides the delivery. It holds no secret."""

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
class FollowUp:
    """Work that needs a pull from the platform's API."""

    kind: str
    """`order_get`, `aftersale_get` or `stock_get`."""
    fields: Mapping[str, str]
    key: str
    """The same for every retry of the delivery that asked for it."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not become an event; a dead letter."""

    reason: str
    raw: object = field(repr=False)
    """JSON-able, and what `parse` would take as a body: a dead letter is read again by it. It may hold people's ids, so it needs
    the same care as a raw delivery."""
    standalone: bool = False
    """True where it is a part of the delivery that reads by itself."""


Event = dict[str, object]
"""A CloudEvent 1.0 in its JSON form; `app.events.envelope.EVENT` accepts every one that an adapter returns."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a delivery says."""

    events: tuple[Event, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    ignored: tuple[str, ...] = ()
    """Names of what we know and leave out on purpose."""
    unattributed: tuple[Event, ...] = ()
    """Valid events that belong to no live session (an order from outside a live room): kept, counted nowhere."""
    reply: Reply = Reply()
    keep: bool = False
    """True where the raw delivery is kept even though it asks for no pull."""


class Refused(Exception):
    """A delivery that is not authentic, or not in its format.

    `detail` names the rule that failed and never quotes the delivery. `keep` says whether the body may be kept as a dead letter:
    only where its sender is known.
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
    """What to tell somebody whose value does not match the pattern."""


class Adapter(Protocol):
    """A module of this package that speaks to one kind of connection."""

    @property
    def KIND(self) -> str:  # noqa: N802 (modules name their constants so)
        """The connection's kind, as `POST /v1/connections` takes it."""

    @property
    def PLATFORM(self) -> str | None:  # noqa: N802
        """Slug of the platform that the events come from; None where the events or the options name it."""

    @property
    def SECRETS(self) -> tuple[Secret, ...]:  # noqa: N802
        """The secrets that the kind knows."""

    @property
    def OPTIONS(self) -> type[BaseModel]:  # noqa: N802
        """The options that the kind knows."""

    def check(self, secrets: Secrets, options: Options, /) -> None:
        """Accept what is to be saved as a connection.

        Raises:
            Misconfigured: with a pointer per field (see `checks`).
        """

    def needs_url_token(self, options: Options, /) -> bool:
        """Return whether nothing in a delivery proves its sender, so that the URL itself must be unguessable."""

    def answer(self, delivery: Delivery, secrets: Secrets, options: Options, /) -> Reply:
        """Answer the platform's check of the URL (GET).

        Raises:
            Refused: the check is not authentic, or this kind knows none (405).
        """

    def verify(self, delivery: Delivery, secrets: Secrets, options: Options, /) -> Verified:
        """Prove that a delivery (POST) comes from the platform.

        Raises:
            Refused: it does not, or nobody can tell.
        """

    def parse(self, verified: Verified, context: Context, /) -> Parsed:
        """Read an authentic delivery.

        Raises:
            Refused: it is not in the platform's format.
        """


def no_url_check(delivery: Delivery, secrets: Secrets, options: Options, /) -> Reply:
    """Refuse a GET: the platform checks no URL."""
    del delivery, secrets, options
    raise Refused(405, "this kind of connection takes POST only")


def always_signed(options: Options, /) -> bool:
    """Say that the platform signs, so that the URL needs no token."""
    del options
    return False


def require_post(delivery: Delivery) -> None:
    """Refuse any method but POST, and bodies over the limit.

    Raises:
        Refused: 405 or 413.
    """
    if delivery.method.upper() != "POST":
        raise Refused(405, "deliveries are POST requests")
    if len(delivery.body) > MAX_BODY:
        raise Refused(413, f"the body is larger than {MAX_BODY} bytes")
