"""Records of the reference model: plain data of a session.

In: nothing. Out: the classes of the records. Never here: the rules that create them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Show:
    """A registered session."""

    id: str
    brand: str = "maison"
    currency: str = "CNY"
    digits: int = 2
    rooms: Mapping[str, str] = field(default_factory=dict)
    """Subject (`platform:room`) → platform."""
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Happening:
    """One occurrence of a counted metric."""

    what: str
    platform: str
    at: datetime
    amount: int = 1
    product: str = ""
    source: str | None = None
    fan_level: int | None = None
    paid: bool | None = None
    who: tuple[str, str] | None = None
    """Platform and id of a viewer or buyer."""


@dataclass(frozen=True)
class Reading:
    """A cumulative figure or a state that a platform reported."""

    what: str
    platform: str
    at: datetime
    value: int
    of: str = ""
    """A product, a promotion or a room."""
    room: str = ""
    """The room whose own figure it is; empty for what the rooms of a platform share."""


@dataclass
class Order:
    """One order."""

    moments: dict[str, datetime] = field(default_factory=dict)
    buyer: str | None = None
    amount: int | None = None
    lines: Sequence[Mapping[str, Any]] = ()
    told_by: str = ""
    refunded: int = 0
    carrier: str | None = None
    tracking: str | None = None
    parcels: dict[tuple[str | None, str | None], datetime] = field(default_factory=dict)


@dataclass
class Refunds:
    """The refunds of one order, per product and for the whole order under the empty key."""

    singles: dict[str, int] = field(default_factory=dict)
    totals: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    first_at: datetime | None = None


@dataclass
class Ticket:
    """One request to customer service."""

    asked: datetime | None = None
    answered: datetime | None = None
    given_ms: int | None = None


@dataclass
class Story:
    """The records of one session, in order of time."""

    show: Show
    happenings: list[Happening] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    orders: dict[tuple[str, str], Order] = field(default_factory=dict)
    refunds: dict[tuple[str, str], Refunds] = field(default_factory=dict)
    tickets: dict[tuple[str, str], Ticket] = field(default_factory=dict)
    marks: list[tuple[datetime, str, str, str | None, datetime | None]] = field(default_factory=list)
    """When; `host` or `mark`; the host's name or the label; the text; until when."""
    moves: list[tuple[str, datetime, bool, float | None]] = field(default_factory=list)
    """Platform and viewer; when; whether they left; the watched seconds that the sender measured."""
    starts: list[datetime] = field(default_factory=list)
    ends: list[datetime] = field(default_factory=list)
    platforms: set[str] = field(default_factory=set)
