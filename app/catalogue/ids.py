"""Ids of the catalogue's rows.

In: the clock. Out: UUIDs of version 7. Never here: secrets; an id contains its time of creation.
"""

import secrets
import time
from uuid import UUID


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562, section 5.7; the time's fraction below a millisecond in rand_a, section 6.2 method 3).

    Later ids sort after earlier ones, so new rows are appended to an index and `ORDER BY id` is the order of creation.
    """
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = (rest << 12) // 1_000_000
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62))
