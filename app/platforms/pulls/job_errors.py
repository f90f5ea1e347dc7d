"""Errors of jobs, as texts that may be logged and stored.

In: an error. Out: its name, where it was raised. Never here: its own text, which may hold data of a sender.
"""

import traceback
from collections.abc import Iterable

from app.adapters.protocol import Unknown
from app.adapters.wechat.api import WechatError
from app.adapters.weibo.counts import WeiboError
from app.platforms.calls.calls import UnavailableError

_NAMED = 5
"""Causes that the text of an error names."""


class PartlyReadError(Exception):
    """Some of what a platform answered cannot be read; the rest of it is stored. The text names what, without content."""

    def __init__(self, reasons: Iterable[str]) -> None:
        """Name each reason once."""
        named = list(dict.fromkeys(reasons))
        more = f"; and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        super().__init__("; ".join(named[:_NAMED]) + more)


def require_all_read(unknown: Iterable[Unknown]) -> None:
    """Say that a poll has not read everything, after it has stored the rest.

    Raises:
        PartlyReadError: it has not.
    """
    if reasons := [one.reason for one in unknown]:
        raise PartlyReadError(reasons)


def safe_message(error: BaseException) -> str:
    """Return a text that is safe to log and store: our own errors and platform error codes; for others only the class name."""
    return (
        str(error) if isinstance(error, WechatError | WeiboError | UnavailableError | PartlyReadError) else type(error).__name__
    )


def error_location(error: Exception) -> str:
    """Return class and location of an unexpected error; its text may hold data of a sender."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {frames[-1].name}:{frames[-1].lineno}" if frames else type(error).__name__
