"""Callers: what they are, their roles and brands.

In: nothing. Out: `Principal` and `Role`. Never here: secrets, queries.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID

PrincipalKind = Literal["key", "person", "guest", "command"]


class Role(StrEnum):
    """The role of a caller: send events, read, write, or everything."""

    INGEST = "ingest"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: an API key, a person, a guest of a share link, or a command of the server's shell.

    One that is bound to a brand sees this brand's rows and no others; a guest sees one session.
    """

    kind: PrincipalKind
    id: str
    role: Role
    brand_id: UUID | None
    name: str | None = None
    session_id: UUID | None = None
    """The session of a guest; None for others."""
    device: UUID | None = None
    """The device whose cookie the caller sent; None for a key that was sent itself."""
    shows_live: bool = False
    """Whether a guest may also read the figures as they come."""
    language: str | None = None
    """The language of a guest's share link."""

    @property
    def is_client(self) -> bool:
        """Whether the caller reads for a brand from outside the agency: the client edition and the figures, nothing internal."""
        return self.role is Role.VIEWER and self.brand_id is not None

    @property
    def reference(self) -> str:
        """Return kind and id: `key:5f5e1a2b3c4d`, `person:0192…`."""
        return f"{self.kind}:{self.id}"

    @property
    def credential(self) -> str:
        """Return what the caller's permissions depend on: its device, else the key itself."""
        return self.reference if self.device is None else f"device:{self.device}"

    @property
    def entered_by(self) -> str:
        """Return the caller as the columns name it that are older than people: a key by its bare id."""
        return self.id if self.kind == "key" else self.reference
