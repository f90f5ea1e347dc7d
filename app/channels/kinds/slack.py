"""Slack's incoming webhooks.

In, out, never here: as in `protocol`.

Source: docs.slack.dev, "Sending messages using incoming webhooks", "Rate limits", "Formatting message text": `POST /services/…`
with `{"text"}`; `&`, `<` and `>` are escaped, so that a name makes no mention and no link; one message a second; 200 on success,
429 with `Retry-After` past the limit, 403, 404 and 410 for an address that is no longer valid.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from app.channels.kinds.fields import BotOptions, SecretModel, WebhookUrl, last_segment
from app.channels.kinds.protocol import (
    SENT,
    Answer,
    Budget,
    Outcome,
    Outgoing,
    Sending,
    by_status,
    host_of,
    json_body,
    masked,
    moved,
)

KIND = "slack"
API_BASE = "https://hooks.slack.com"
BUDGETS = (Budget(1, 1),)
OPTIONS = BotOptions
_TITLE = 300
_LIMIT = 4000
"""Characters of a text; Slack cuts off at 40,000 and recommends 4,000."""
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class SlackSecrets(SecretModel):
    """The webhook's address."""

    url: WebhookUrl = Field(description="the webhook's address, as Slack shows it")


SECRETS = SlackSecrets


def target(secrets: Mapping[str, str], options: Mapping[str, Any]) -> str:
    """Return the host and the end of the address."""
    url = moved(secrets["url"], options)
    return f"{host_of(url)} {masked(last_segment(url))}"


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)


def fits(lines: Sequence[str]) -> bool:
    """Return whether the lines fit below a title."""
    return sum(len(_escaped(line)) + 1 for line in lines) + _TITLE <= _LIMIT


def request(sending: Sending) -> Outgoing:
    """Return the request of a message."""
    title = f"*{_escaped(sending.text.title.replace('*', '＊'))[:_TITLE]}*"
    text = "\n".join([title, *map(_escaped, sending.text.lines)])[:_LIMIT]
    return Outgoing(moved(sending.secrets["url"], sending.options), json_body({"text": text}))


def outcome(answer: Answer) -> Outcome:
    """Return what the answer means."""
    return by_status(answer) or SENT
