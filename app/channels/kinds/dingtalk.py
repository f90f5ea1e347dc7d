r"""DingTalk (钉钉) custom bots: markdown messages, signed if the bot has a secret.

In, out, never here: as in `protocol`.

Source: open.dingtalk.com, "自定义机器人接入": `POST /robot/send?access_token=…`, 20 messages a minute, and more block the bot
for ten minutes; with a secret the query has `timestamp` in milliseconds and `sign`, the base64 of HMAC-SHA256 with the secret
over `{timestamp}\n{secret}`; `errcode` 0 on success, 130101 past the limit, 310000 for a wrong signature, keyword or address.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote

from pydantic import Field, model_validator

from app.adapters.signatures import hmac_sha256
from app.channels.kinds.fields import KeywordOptions, Printable, SecretModel, Token, WebhookUrl, one_of, query_value, titled
from app.channels.kinds.protocol import (
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

KIND = "dingtalk"
API_BASE = "https://oapi.dingtalk.com"
BUDGETS = (Budget(20, 60),)
OPTIONS = KeywordOptions
_TITLE = 300
_LIMIT = 15_000
"""Bytes of a message; DingTalk takes 20,000."""
_BLOCKED_SECONDS = 600.0


class DingtalkSecrets(SecretModel):
    """The bot's address, or the token in it; the secret of its signature."""

    url: WebhookUrl | None = Field(default=None, description="the bot's webhook address, as DingTalk shows it")
    access_token: Token | None = Field(default=None, description="the `access_token` in this address, instead of `url`")
    secret: Printable | None = Field(default=None, description="of the bot's signature (`SEC…`), if that is on")

    @model_validator(mode="after")
    def _one(self) -> Self:
        one_of(self.url, self.access_token, "access_token")
        return self


SECRETS = DingtalkSecrets


def _url(secrets: Mapping[str, str], options: Mapping[str, Any]) -> str:
    return moved(secrets.get("url") or f"{API_BASE}/robot/send?access_token={secrets['access_token']}", options)


def target(secrets: Mapping[str, str], options: Mapping[str, Any]) -> str:
    """Return the host and the end of the token."""
    url = _url(secrets, options)
    return f"{host_of(url)} {masked(query_value(url, 'access_token'))}"


def _markdown(title: str, lines: Sequence[str]) -> str:
    # A single line break is none in DingTalk's markdown.
    return "\n\n".join([f"**{title}**", *(without_markup(line) for line in lines)])


def fits(lines: Sequence[str]) -> bool:
    """Return whether the lines fit below a title."""
    return len(_markdown("", lines).encode()) + _TITLE <= _LIMIT


def sign(secret: str, timestamp: str) -> str:
    """Return the signature of a request."""
    return base64.b64encode(hmac_sha256(secret, f"{timestamp}\n{secret}")).decode()


def request(sending: Sending) -> Outgoing:
    """Return the request of a message."""
    title = clipped(titled(without_markup(sending.text.title), sending.options), _TITLE)
    url = _url(sending.secrets, sending.options)
    if secret := sending.secrets.get("secret"):
        timestamp = str(int(sending.now.timestamp() * 1000))
        url += f"{'&' if '?' in url else '?'}timestamp={timestamp}&sign={quote(sign(secret, timestamp), safe='')}"
    text = clipped(_markdown(title, sending.text.lines), _LIMIT)
    return Outgoing(url, json_body({"msgtype": "markdown", "markdown": {"title": title, "text": text}}))


def outcome(answer: Answer) -> Outcome:
    """Return what the answer means."""
    return by_code(answer, ("errcode",), {130101: _BLOCKED_SECONDS, 90030: _BLOCKED_SECONDS})
