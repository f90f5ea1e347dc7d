"""Times in a query string.

In: RFC 3339 text, its plus sign perhaps lost on the way. Out: aware datetimes. Never here: windows.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator

from app.events.fields import Timestamp


def _restore_plus(value: object) -> object:
    # An unescaped + in a query string means a space: 2021-09-25T14:00:00+09:00 arrives as "…00 09:00".
    return re.sub(r" (?=\d\d:?\d\d$)", "+", value) if isinstance(value, str) else value


Instant = Annotated[Timestamp, BeforeValidator(_restore_plus)]
"""A time with an offset, in a query."""
