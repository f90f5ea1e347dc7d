r"""Feishu (飞书) custom bots, and Lark's: rich text, signed if the bot has a secret.

In, out, never here: as in `protocol`.

Source: open.feishu.cn, "自定义机器人使用指南": `POST /open-apis/bot/v2/hook/<token>`, at most 20 KB, 100 messages a minute and 5
a second; `sign` is the base64 of HMAC-SHA256 with the key `{timestamp}\n{secret}` over an empty message, `timestamp` in seconds;
`code` 0 on success, 11232 past the limit, 19021 for a wrong signature, 19024 without a keyword. Rich text holds names literally:
in plain text `<at user_id="all">` would be a mention.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import Field, model_validator

from app.adapters.signatures import hmac_sha256
from app.channels.kinds.fields import KeywordOptions, Printable, SecretModel, Token, WebhookUrl, last_segment, one_of, titled
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
)

KIND = "feishu"
API_BASE = "https://open.feishu.cn"
BUDGETS = (Budget(100, 60), Budget(5, 1))
OPTIONS = KeywordOptions
_TITLE = 600
_LINE = 4000
_LINES = 14_000
"""Bytes of a title, of a line and of all lines as JSON. A request has 20 KB."""


class FeishuSecrets(SecretModel):
    """The bot's address, or the token in it; the secret of its signature."""

    url: WebhookUrl | None = Field(default=None, description="the bot's webhook address, as Feishu or Lark shows it")
    token: Token | None = Field(default=None, description="the last part of this address, instead of `url`")
    secret: Printable | None = Field(default=None, description="of the bot's signature verification, if that is on")

    @model_validator(mode="after")
    def _one(self) -> Self:
        one_of(self.url, self.token, "token")
        return self


SECRETS = FeishuSecrets


def _url(secrets: Mapping[str, str], options: Mapping[str, Any]) -> str:
    return moved(secrets.get("url") or f"{API_BASE}/open-apis/bot/v2/hook/{secrets['token']}", options)


def target(secrets: Mapping[str, str], options: Mapping[str, Any]) -> str:
    """Return the host and the end of the token."""
    url = _url(secrets, options)
    return f"{host_of(url)} {masked(last_segment(url))}"


def _paragraphs(lines: Sequence[str]) -> list[list[dict[str, str]]]:
    return [[{"tag": "text", "text": clipped(line, _LINE)}] for line in lines]


def fits(lines: Sequence[str]) -> bool:
    """Return whether the lines fit below a title."""
    return len(json_body({"content": _paragraphs(lines)})) <= _LINES


def sign(secret: str, timestamp: str) -> str:
    """Return the signature of a request."""
    return base64.b64encode(hmac_sha256(f"{timestamp}\n{secret}")).decode()


def request(sending: Sending) -> Outgoing:
    """Return the request of a message."""
    title = clipped(titled(sending.text.title, sending.options), _TITLE)
    post = {"title": title, "content": _paragraphs(sending.text.lines)}
    # The name of the language is a key of the format; Feishu shows the only one that there is.
    document: dict[str, Any] = {"msg_type": "post", "content": {"post": {"zh_cn": post}}}
    if secret := sending.secrets.get("secret"):
        timestamp = str(int(sending.now.timestamp()))
        document = {"timestamp": timestamp, "sign": sign(secret, timestamp)} | document
    return Outgoing(_url(sending.secrets, sending.options), json_body(document))


def outcome(answer: Answer) -> Outcome:
    """Return what the answer means; older bots name their code `StatusCode`."""
    return by_code(answer, ("code", "StatusCode"), {11232: RATE_LIMIT_SECONDS, 9499: RATE_LIMIT_SECONDS})
