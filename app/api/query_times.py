"""Moments in a query string.

In: RFC 3339 text, its plus sign perhaps lost on the way. Out: aware datetimes. Never here: windows.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator

from app.events.fields import Timestamp


def _mend_plus(value: object) -> object:
    # In a query string a bare + means a space: 2021-09-25T14:00:00+09:00 arrives with a space where its + was.
    return re.sub(r" (?=\d\d:?\d\d$)", "+", value) if isinstance(value, str) else value


Instant = Annotated[Timestamp, BeforeValidator(_mend_plus)]
"""A moment with its offset, in a query."""
