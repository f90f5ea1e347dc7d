"""Keyset pagination: opaque cursors.

In: `limit` and `cursor` of a request. Out: the key after which the page begins, or a 422 that names `/cursor`.
Never here: SQL, counting of pages.

A cursor is base64url of a JSON array: the sort key of the last item seen. It is a keyset, so a page stays right while
rows are added, and a far page costs as much as the first.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar, overload
from uuid import UUID

from fastapi import Depends, Query
from pydantic import TypeAdapter

from app.problems import ProblemError, invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR = 4096
"""Maximum length of a cursor in characters. A key has a few fields of at most 256 characters."""

_BIGINT = 2**63

_PARTS: TypeAdapter[list[Any]] = TypeAdapter(list[Any])

KeyPart = str | int | datetime | UUID
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


def encode(key: Sequence[KeyPart] | None) -> str | None:
    """Return the cursor after this key; None at the end of the list."""
    if key is None:
        return None
    parts = [part if isinstance(part, str | int) else _text(part) for part in key]
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def _text(part: datetime | UUID) -> str:
    return part.isoformat() if isinstance(part, datetime) else str(part)


def _part(part: Any, kind: type[KeyPart]) -> KeyPart:
    if kind is int:
        if type(part) is not int or not -_BIGINT <= part < _BIGINT:
            raise ValueError
        return part
    if not isinstance(part, str) or "\0" in part:
        raise ValueError
    part.encode()  # a lone surrogate raises here instead of in the database driver
    if kind is UUID:
        return UUID(part)
    if kind is datetime:
        moment = datetime.fromisoformat(part)
        # An offset at the edge of the calendar would overflow when it is turned into UTC.
        if moment.tzinfo is None or not 1900 <= moment.year <= 9000:
            raise ValueError
        return moment
    return part


def decode(cursor: str, kinds: Sequence[type[KeyPart]]) -> tuple[Any, ...]:
    """Return the key inside a cursor, its parts of these types.

    Raises:
        ProblemError: 422 at `/cursor` for anything else than a result of `encode`.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = _PARTS.validate_json(base64.b64decode(padded, altchars=b"-_", validate=True))
        return tuple(_part(part, kind) for part, kind in zip(parts, kinds, strict=True))
    except ValueError:
        raise _no_cursor() from None


def _no_cursor() -> ProblemError:
    return invalid("/cursor", "is not a cursor of this list; send next_cursor unchanged", "cursor")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The two parameters of a paged list."""

    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="maximum number of items in the answer")] = DEFAULT_LIMIT
    cursor: Annotated[
        str | None, Query(max_length=MAX_CURSOR, description="`next_cursor` of the previous page; absent: the first page")
    ] = None

    @overload
    def after(self, a: type[A], /) -> tuple[A] | None: ...
    @overload
    def after(self, a: type[A], b: type[B], /) -> tuple[A, B] | None: ...
    @overload
    def after(self, a: type[A], b: type[B], c: type[C], /) -> tuple[A, B, C] | None: ...
    def after(self, *kinds: Any) -> tuple[Any, ...] | None:
        """Return the key after which the page begins, None for the first page.

        Raises:
            ProblemError: 422 at `/cursor`.
        """
        return None if self.cursor is None else decode(self.cursor, kinds)

    def after_event(self) -> tuple[datetime, bytes] | None:
        """Return the time and the key of the event after which the page begins, None for the first page.

        Raises:
            ProblemError: 422 at `/cursor`.
        """
        after = self.after(datetime, str)
        try:
            return after and (after[0].astimezone(UTC), bytes.fromhex(after[1]))
        except ValueError:
            raise _no_cursor() from None


Paging = Annotated[PageRequest, Depends()]
