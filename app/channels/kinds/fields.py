"""Fields of the kinds' secrets and options.

In: what an administrator enters. Out: validated values. Never here: a value in an error.
"""

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

from app.adapters.validation import _base_url as base_url

_MAX_SECRET = 4096


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.fragment or port == 0:
        raise PydanticCustomError("webhook_url", "must be the complete https address of the webhook")
    return text


Printable = Annotated[str, StringConstraints(min_length=1, max_length=_MAX_SECRET, pattern=r"^[\x21-\x7e]+$")]
"""A key or a token: visible ASCII."""
WebhookUrl = Annotated[Printable, AfterValidator(_url)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=_MAX_SECRET, pattern=r"^[A-Za-z0-9._~-]+$")]
"""A token that stands in an address."""
ApiBase = Annotated[str, StringConstraints(max_length=2000), AfterValidator(base_url)]


class SecretModel(BaseModel):
    """Secrets of a kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class NoOptions(BaseModel):
    """Options of a kind that has none of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class BotOptions(NoOptions):
    """Options of a bot."""

    api_base: ApiBase | None = None
    """Replaces the host of the bot: a test server, a proxy. Hosts that are not public need `TALLYLIGHT_API_BASE_ALLOW`."""


class KeywordOptions(BotOptions):
    """Options of a bot that may demand a keyword in each message."""

    keyword: Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[^\r\n\x00]*$")] | None = None
    """One of the keywords of the bot's security settings; each message begins with it."""


def one_of(url: str | None, token: str | None, name: str) -> None:
    """Accept exactly one of an address and the token in it.

    Raises:
        PydanticCustomError: none is given, or both.
    """
    if (url is None) == (token is None):
        raise PydanticCustomError("url_or_token", "needs either url or {name}", {"name": name, "member": "url"})


def query_value(url: str, name: str) -> str:
    """Return a value of a URL's query; empty without it."""
    return parse_qs(urlsplit(url).query).get(name, [""])[0]


def last_segment(url: str) -> str:
    """Return the last segment of a URL's path."""
    return re.sub(r".*/", "", urlsplit(url).path)


def titled(title: str, options: Mapping[str, object]) -> str:
    """Return a title with the bot's keyword in front, unless it has it."""
    keyword = str(options.get("keyword") or "")
    return title if keyword in title else f"{keyword} {title}"
