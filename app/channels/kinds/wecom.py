"""WeCom (企业微信) group bots: markdown messages.

In, out, never here: as in `protocol`.

Source: developer.work.weixin.qq.com, path 91770: `POST /cgi-bin/webhook/send?key=…`, markdown of at most 4096 bytes in UTF-8, 20
messages a minute and bot, `errcode` 0 on success, 45009 past the limit, 93000 for a wrong key.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import Field, model_validator

from app.channels.kinds.fields import BotOptions, SecretModel, Token, WebhookUrl, one_of, query_value
from app.channels.kinds.protocol import (
    RATE_LIMIT_SECONDS,
    Answer,
    Budget,
    Outcome,
    Outgoing,
    Sending,
    by_code,
    clipped,
    host_of,
    json_body,
    masked,
    moved,
    without_markup,
)

KIND = "wecom"
API_BASE = "https://qyapi.weixin.qq.com"
BUDGETS = (Budget(20, 60),)
OPTIONS = BotOptions
_LIMIT = 4096
_TITLE = 300
"""Bytes of a title; a line breaks after them."""


class WecomSecrets(SecretModel):
    """The bot's address, or the key in it."""

    url: WebhookUrl | None = Field(default=None, description="the bot's webhook address, as WeCom shows it")
    key: Token | None = Field(default=None, description="the `key` in this address, instead of `url`")

    @model_validator(mode="after")
    def _one(self) -> Self:
        one_of(self.url, self.key, "key")
        return self


SECRETS = WecomSecrets


def _url(secrets: Mapping[str, str], options: Mapping[str, Any]) -> str:
    return moved(secrets.get("url") or f"{API_BASE}/cgi-bin/webhook/send?key={secrets['key']}", options)


def target(secrets: Mapping[str, str], options: Mapping[str, Any]) -> str:
    """Return the host and the end of the key."""
    url = _url(secrets, options)
    return f"{host_of(url)} {masked(query_value(url, 'key'))}"


def _markdown(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"**{clipped(without_markup(title), _TITLE)}**", *(f"> {without_markup(line)}" for line in lines)])


def fits(lines: Sequence[str]) -> bool:
    """Return whether the lines fit below a title."""
    return len(_markdown("", lines).encode()) + _TITLE <= _LIMIT


def request(sending: Sending) -> Outgoing:
    """Return the request of a message."""
    content = clipped(_markdown(sending.text.title, sending.text.lines), _LIMIT)
    return Outgoing(_url(sending.secrets, sending.options), json_body({"msgtype": "markdown", "markdown": {"content": content}}))


def outcome(answer: Answer) -> Outcome:
    """Return what the answer means."""
    return by_code(answer, ("errcode",), {45009: RATE_LIMIT_SECONDS})
