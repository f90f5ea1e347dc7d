"""Errors of jobs, as texts that may be logged and stored.

In: an error. Out: its name, where it was raised. Never here: its own text, which may hold data of a sender.
"""

import traceback

from app.adapters.wechat.api import WechatError
from app.adapters.weibo.counts import WeiboError
from app.platforms.calls.calls import UnavailableError


def safe_message(error: BaseException) -> str:
    """Return a text that is safe to log and store: our own errors and platform error codes; for others only the class name."""
    return str(error) if isinstance(error, WechatError | WeiboError | UnavailableError) else type(error).__name__


def error_location(error: Exception) -> str:
    """Return class and location of an unexpected error; its text may hold data of a sender."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {frames[-1].name}:{frames[-1].lineno}" if frames else type(error).__name__
