"""What the kinds of channels share: requests, outcomes, texts within a platform's limit.

In: texts. Out: requests, outcomes. Never here: a platform's names.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel

from app.adapters.documents import read_json
from app.adapters.protocol import Refused

RATE_LIMIT_SECONDS = 60.0
"""The pause after a platform says that messages come too fast, unless it names another."""


class Budget(NamedTuple):
    """The requests that a platform accepts of one channel within a time."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Text:
    """A message in the channel's language."""

    title: str
    lines: Sequence[str]
    document: Mapping[str, Any]
    """What happened, for receivers that are programs."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One attempt to send a message."""

    id: UUID
    """The same in each attempt, so that a receiver can drop what it has already."""
    text: Text
    secrets: Mapping[str, str] = field(repr=False)
    options: Mapping[str, Any]
    now: datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An HTTP request. Its URL and headers may hold secrets, so that neither is in the repr."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Answer(NamedTuple):
    """A receiver's answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outcome(NamedTuple):
    """What an answer means: `sent`; `retry`, which may succeed later; or `refused`, which never will."""

    state: Literal["sent", "retry", "refused"]
    reason: str = ""
    """A status or the platform's error code; nothing of the answer is quoted, since it may repeat the request."""
    wait: float | None = None
    """Seconds that the platform asks to wait."""


SENT = Outcome("sent")


class Kind(Protocol):
    """A module of this package."""

    KIND: str
    SECRETS: type[BaseModel]
    OPTIONS: type[BaseModel]
    BUDGETS: Sequence[Budget]
    """Every one of them holds."""
    API_BASE: str | None
    """The platform's own address; None if the channel's URL is the receiver."""
    fits: Callable[[Sequence[str]], bool]
    """Whether these lines, with any title, are within the platform's limit."""
    request: Callable[[Sending], Outgoing]
    outcome: Callable[[Answer], Outcome]
    target: Callable[[Mapping[str, str], Mapping[str, Any]], str]
    """The receiver as lists show it."""


def masked(secret: str) -> str:
    """Return the end of a secret, by which its owner recognizes it: nothing of a short one."""
    return f"…{secret[-4:]}" if len(secret) >= 16 else "…"


def moved(url: str, options: Mapping[str, Any]) -> str:
    """Return the URL of a bot at the address that `api_base` names, or as it is without this option."""
    base = options.get("api_base")
    if not base:
        return url
    parts = urlsplit(url)
    return f"{str(base).rstrip('/')}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def host_of(url: str) -> str:
    """Return the host of a URL, with its port."""
    return urlsplit(url).netloc.rpartition("@")[2]


def json_body(document: Mapping[str, Any]) -> bytes:
    """Return the JSON of a request."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def by_status(answer: Answer) -> Outcome | None:
    """Return what the status says if it is an error: the server's and a rate limit pass, the client's do not."""
    if answer.status in {408, 425, 429} or answer.status >= 500:
        return Outcome("retry", f"status {answer.status}", retry_after(answer))
    if not 200 <= answer.status < 300:
        # Redirects are not followed.
        return Outcome("refused", f"status {answer.status}")
    return None


def retry_after(answer: Answer) -> float | None:
    """Return the seconds of `Retry-After`; None without it, or if it names a date."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def by_code(answer: Answer, members: Sequence[str], limits: Mapping[int, float]) -> Outcome:
    """Return the outcome of an answer whose body has an error code: bots answer 200 to a message that they did not post.

    Args:
        answer: the answer.
        members: names that the body's code has; 0 is success.
        limits: the codes of a rate limit, with the seconds that it lasts.
    """
    code = _code_in(answer.body, members)
    failed = by_status(answer)
    if code is None:
        return failed or Outcome("retry", f"status {answer.status} without {members[0]}")
    if code in limits:
        return Outcome("retry", f"{members[0]} {code}: too many messages", max(limits[code], retry_after(answer) or 0))
    if code == 0:
        return failed or SENT
    return failed if failed is not None and failed.state == "retry" else Outcome("refused", f"{members[0]} {code}")


def _code_in(body: bytes, members: Sequence[str]) -> int | None:
    try:
        document = read_json(body)
    except Refused:
        return None
    found = [document[name] for name in members if name in document] if isinstance(document, dict) else []
    return found[0] if found and isinstance(found[0], int) and not isinstance(found[0], bool) else None


_MARKUP = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "*": "＊", "`": "＇"})


def without_markup(text: str) -> str:
    """Return a text in which a name cannot make a link, a mention or a format: its markup characters in their wide forms."""
    return text.translate(_MARKUP)


def clipped(text: str, limit: int) -> str:
    """Return a text of at most `limit` bytes in UTF-8; what is too long ends with an ellipsis."""
    raw = text.encode()
    if len(raw) <= limit:
        return text
    return raw[: limit - 3].decode(errors="ignore") + "…"
